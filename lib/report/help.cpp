#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "report/command_doc.h"
#include "report/text_style.h"

namespace rf {
namespace {

constexpr int column = 30;  // where the explanation of a flag begins

std::string head_of(const FlagDoc& flag) {
  std::string head = replace_all(flag.names, ",", ", ");
  if (head.rfind("--", 0) == 0) head = "    " + head;
  if (!flag.value.empty()) head += " " + flag.value;
  return head;
}

std::string entry(const std::string& head, const std::string& help, int width) {
  std::string out = "  " + head;
  if (static_cast<int>(out.size()) > column - 2) {
    out += "\n" + std::string(column, ' ');
  } else {
    out.append(static_cast<std::size_t>(column) - out.size(), ' ');
  }
  return out + wrap(help, width, column) + "\n";
}

std::string examples_text(const std::vector<Example>& examples, int width) {
  std::string out;
  for (const auto& example : examples) out += "  " + example.command + "\n      " + wrap(example.what, width, 6) + "\n";
  return out;
}

// The groups in the order of their first member.
template <class Item>
std::vector<std::string> groups_of(const std::vector<Item>& items) {
  std::vector<std::string> groups;
  for (const auto& item : items) {
    if (!item.group.empty() && std::find(groups.begin(), groups.end(), item.group) == groups.end())
      groups.push_back(item.group);
  }
  return groups;
}

}  // namespace

std::string program_help(const ProgramDoc& program, int width) {
  std::string out = program.name + ": " + program.summary + "\n\nUsage: " + program.name + " COMMAND [flags]\n";
  for (const auto& group : groups_of(program.commands)) {
    out += "\n" + group + ":\n";
    for (const auto& command : program.commands) {
      if (command.group == group) out += fmt::format("  {:<12}{}\n", command.name, wrap(command.summary, width, 14));
    }
  }
  out += "\nExamples:\n" + examples_text(program.examples, width);
  out += fmt::format("\n'{} COMMAND --help' explains a command and its flags.\n", program.name);
  return out;
}

std::string command_help(const ProgramDoc& program, const CommandDoc& command, int width) {
  std::string usage = program.name + " " + command.name;
  for (const auto& argument : command.arguments) usage += " " + argument.names;
  std::string out = program.name + " " + command.name + ": " + command.summary + "\n\nUsage: " + usage + " [flags]\n";
  const auto text = replace_all(command.text, "\n\n", "\x01");
  for (const auto paragraph : split(text, '\x01')) {
    if (!paragraph.empty()) out += "\n" + wrap(replace_all(paragraph, "\n", " "), width, 0) + "\n";
  }
  if (!command.examples.empty()) out += "\nExamples:\n" + examples_text(command.examples, width);
  if (!command.arguments.empty()) {
    out += "\nArguments:\n";
    for (const auto& argument : command.arguments) out += entry(argument.names, argument.help, width);
  }
  for (const auto& group : groups_of(command.flags)) {
    out += "\n" + group + ":\n";
    for (const auto& flag : command.flags) {
      if (flag.group == group) out += entry(head_of(flag), flag.help, width);
    }
  }
  if (!command.exit_codes.empty()) {
    out += "\nExit codes:\n";
    for (const auto& code : command.exit_codes) out += "  " + wrap(code, width, 6) + "\n";
  }
  return out;
}

}  // namespace rf
