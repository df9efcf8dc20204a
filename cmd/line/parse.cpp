#include "line/parse.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <deque>
#include <optional>
#include <string>
#include <system_error>

#include "base/text.h"

namespace rf::cmd {
namespace {

const Command* find(const std::vector<Command>& commands, const std::string& name) {
  for (const auto& command : commands) {
    if (command.doc.name == name) return &command;
  }
  return nullptr;
}

Parsed wrong(std::string message, std::string hint) {
  return {.what = Parsed::What::wrong, .command = nullptr, .message = std::move(message), .hint = std::move(hint)};
}

Parsed unknown_command(const std::vector<Command>& commands, const std::string& name) {
  std::vector<std::string_view> names;
  for (const auto& command : commands) {
    if (!command.doc.group.empty()) names.push_back(command.doc.name);
  }
  const auto near = nearest(name, names);
  return wrong("unknown command '" + name + "'", near.empty()
                                                     ? "'regfallback --help' lists the commands"
                                                     : "did you mean 'regfallback " + std::string(near) + "'?");
}

// What CLI11 could not place: a flag nobody knows, one of another command, or a word too many.
Parsed unexpected(const std::vector<Command>& commands, const Command& command, const std::string& word) {
  const auto help = "'regfallback " + command.doc.name + " --help' lists the flags";
  if (word.empty() || word[0] != '-') return wrong(command.doc.name + ": unexpected argument '" + word + "'", help);
  const auto flag = word.substr(0, word.find('='));
  std::vector<std::string_view> names;
  for (const auto& own : command.doc.flags) {
    for (const auto name : split(own.names, ',')) names.push_back(name);
  }
  const auto near = flag.size() > 2 ? nearest(flag, names) : std::string_view();
  if (!near.empty())
    return wrong(command.doc.name + ": unknown flag '" + flag + "'", "did you mean '" + std::string(near) + "'?");
  for (const auto& other : commands) {
    for (const auto& theirs : other.flags) {
      const auto all = split(theirs.doc.names, ',');
      if (std::find(all.begin(), all.end(), flag) != all.end()) {
        return wrong(command.doc.name + ": takes no flag '" + flag + "'",
                     "it belongs to '" + other.doc.name + "'; " + help);
      }
    }
  }
  return wrong(command.doc.name + ": unknown flag '" + flag + "'", help);
}

// In our own words: those of CLI11 change with its versions.
std::string check_number(const std::string& text) {
  constexpr int most = 1'000'000;
  int value = -1;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = fault == std::errc() && end == text.data() + text.size();
  return whole && value >= 0 && value <= most ? ""
                                              : "'" + text + "' is not a number between 0 and " + std::to_string(most);
}

// Texts of flags that are stored once all are known.
struct Given {
  const Flag* flag = nullptr;
  const CLI::Option* option = nullptr;
  std::string text = {};
};

void declare(CLI::App& app, const Flag& flag, const std::string& names, Given& given) {
  std::visit(
      [&](const auto& into) {
        CLI::Option* option = nullptr;
        if constexpr (std::is_same_v<decltype(into), bool* const&>) {
          option = app.add_flag(names, *into);
        } else if constexpr (std::is_same_v<decltype(into), const Store&>) {
          option = app.add_option(names, given.text);
        } else {
          option = app.add_option(names, *into);
        }
        given.flag = &flag;
        given.option = option;
        if (!flag.doc.choices.empty()) option->check(CLI::IsMember(flag.doc.choices));
        if constexpr (std::is_same_v<decltype(into), int* const&>) option->check(check_number);
        if constexpr (std::is_same_v<decltype(into), std::vector<std::string>* const&>) {
          if (!names.starts_with('-'))
            option->expected(0, -1);  // an argument takes all words that are no flags
          else
            option->allow_extra_args(false);
        } else {
          option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
        }
      },
      flag.into);
}

// What the texts mean; the first that means nothing ends it.
std::optional<Parsed> store_all(const Command& command, const std::deque<Given>& all) {
  for (const auto& given : all) {
    const auto* meaning = std::get_if<Store>(&given.flag->into);
    if (meaning == nullptr || given.option->count() == 0) continue;
    const auto stored = (*meaning)(given.text);
    if (stored) continue;
    const auto names = split(given.flag->doc.names, ',');
    const auto& hint = stored.error().hint;
    return wrong(command.doc.name + ": " + std::string(names.back()) + ": " + stored.error().message,
                 hint.empty() ? "'regfallback " + command.doc.name + " --help' shows examples" : hint);
  }
  return std::nullopt;
}

Parsed parse_command(const std::vector<Command>& commands, const Command& command, std::vector<std::string> arguments) {
  CLI::App app;
  app.set_help_flag();
  bool help = false;
  app.add_flag("-h,--help", help);
  std::deque<Given> given;  // CLI11 keeps references
  for (const auto& argument : command.arguments)
    declare(app, argument, "rf-argument-" + lower(argument.doc.names), given.emplace_back());
  for (const auto& flag : command.flags) declare(app, flag, flag.doc.names, given.emplace_back());
  app.allow_extras();
  const auto asks_help = [&](const std::string& word) { return word == "-h" || word == "--help"; };
  if (std::any_of(arguments.begin(), arguments.end(), asks_help))
    return {.what = Parsed::What::help, .command = &command};
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& failure) {
    return wrong(command.doc.name + ": " + replace_all(failure.what(), "rf-argument-", ""),
                 "'regfallback " + command.doc.name + " --help' shows examples");
  }
  if (const auto extra = app.remaining(); !extra.empty()) return unexpected(commands, command, extra.front());
  if (auto faulty = store_all(command, given)) return *std::move(faulty);
  return {.what = Parsed::What::run, .command = &command};
}

}  // namespace

Parsed parse(const std::vector<Command>& commands, const std::vector<std::string>& arguments) {
  if (arguments.empty()) return wrong("no command given", "'regfallback --help' lists the commands");
  const auto& first = arguments.front();
  if (first == "-h" || first == "--help") return {.what = Parsed::What::program_help};
  if (first == "--version" || first == "version") return {.what = Parsed::What::version};
  if (first == "help") {
    if (arguments.size() == 1) return {.what = Parsed::What::program_help};
    const auto* command = find(commands, arguments[1]);
    return command ? Parsed{.what = Parsed::What::help, .command = command} : unknown_command(commands, arguments[1]);
  }
  if (!first.empty() && first[0] == '-') {
    return wrong("flag '" + first + "' is written before the command",
                 "flags follow the command: regfallback COMMAND " + first);
  }
  const auto* command = find(commands, first);
  if (!command) return unknown_command(commands, first);
  return parse_command(commands, *command, {arguments.begin() + 1, arguments.end()});
}

}  // namespace rf::cmd
