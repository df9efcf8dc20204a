#include <fmt/format.h>

#include "base/text.h"
#include "report/command_doc.h"

namespace rf {
namespace {

// Text in man(7): hyphens that are typed stay hyphens, a leading dot or quote is no request.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  if (!out.empty() && (out[0] == '.' || out[0] == '\'')) out.insert(0, "\\&");
  return out;
}

std::string section(std::string_view title) { return fmt::format(".SH {}\n", title); }

std::string entry(std::string_view head, std::string_view value, std::string_view text) {
  std::string names;
  for (const auto name : split(head, ',')) names += (names.empty() ? "" : ", ") + ("\\fB" + roff(name) + "\\fR");
  if (!value.empty()) names += " \\fI" + roff(value) + "\\fR";
  return ".TP\n" + names + "\n" + roff(text) + "\n";
}

std::string examples_text(const std::vector<Example>& examples) {
  std::string out;
  for (const auto& example : examples)
    out += ".TP\n\\fB" + roff(example.command) + "\\fR\n" + roff(example.what) + "\n";
  return out;
}

std::string paragraphs(std::string_view text) {
  std::string out;
  const auto marked = replace_all(text, "\n\n", "\x01");
  for (const auto paragraph : split(marked, '\x01')) {
    if (!paragraph.empty()) out += ".PP\n" + roff(replace_all(paragraph, "\n", " ")) + "\n";
  }
  return out;
}

std::string program_page(const ProgramDoc& program) {
  std::string out = section("SYNOPSIS") + fmt::format("\\fB{}\\fR \\fICOMMAND\\fR [flags]\n", program.name);
  out += section("COMMANDS");
  for (const auto& command : program.commands) {
    if (!command.group.empty()) out += entry(command.name, "", command.summary);
  }
  out += section("EXAMPLES") + examples_text(program.examples);
  out += section("SEE ALSO");
  std::string pages;
  for (const auto& command : program.commands) {
    if (!command.group.empty())
      pages += fmt::format("{}\\fB{}\\-{}\\fR(1)", pages.empty() ? "" : ", ", program.name, command.name);
  }
  return out + pages + "\n";
}

std::string command_page(const ProgramDoc& program, const CommandDoc& command) {
  std::string out = section("SYNOPSIS") + fmt::format("\\fB{} {}\\fR", program.name, command.name);
  for (const auto& argument : command.arguments) out += " \\fI" + roff(argument.names) + "\\fR";
  out += " [flags]\n" + section("DESCRIPTION") + paragraphs(command.text);
  if (!command.examples.empty()) out += section("EXAMPLES") + examples_text(command.examples);
  if (!command.arguments.empty()) {
    out += section("ARGUMENTS");
    for (const auto& argument : command.arguments) out += entry(argument.names, "", argument.help);
  }
  out += section("OPTIONS");
  for (const auto& flag : command.flags) out += entry(flag.names, flag.value, flag.help);
  if (!command.exit_codes.empty()) {
    out += section("EXIT STATUS");
    for (const auto& code : command.exit_codes) {
      const auto blank = code.find(' ');
      out += entry(code.substr(0, blank), "", trim(std::string_view(code).substr(blank)));
    }
  }
  return out + section("SEE ALSO") + fmt::format("\\fB{}\\fR(1)\n", program.name);
}

}  // namespace

std::string man_page(const ProgramDoc& program, const CommandDoc* command) {
  const auto name = command ? program.name + "-" + command->name : program.name;
  std::string out = fmt::format(".TH \"{}\" 1 \"\" \"{} {}\"\n", roff(lower(name)), program.name, program.version);
  out += section("NAME") + roff(name) + " \\- " + roff(command ? command->summary : program.summary) + "\n";
  return out + (command ? command_page(program, *command) : program_page(program));
}

}  // namespace rf
