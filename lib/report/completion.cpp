#include <fmt/format.h>

#include "base/text.h"
#include "report/command_doc.h"

namespace rf {
namespace {

// The words of all of a command's flags: "-o --output --color".
std::string flag_words(const CommandDoc& command) {
  std::string words;
  for (const auto& flag : command.flags) words += (words.empty() ? "" : " ") + replace_all(flag.names, ",", " ");
  return words;
}

std::string command_words(const ProgramDoc& program) {
  std::string words;
  for (const auto& command : program.commands) {
    if (!command.group.empty()) words += (words.empty() ? "" : " ") + command.name;
  }
  return words;
}

std::string bash_values(const FlagDoc& flag, const ProgramDoc& program) {
  if (!flag.choices.empty())
    return "COMPREPLY=($(compgen -W " + shell_quote(join(flag.choices, " ")) + " -- \"$word\"))";
  switch (flag.completes) {
    case FlagDoc::Completes::file: return "COMPREPLY=($(compgen -f -- \"$word\"))";
    case FlagDoc::Completes::directory: return "COMPREPLY=($(compgen -d -- \"$word\"))";
    case FlagDoc::Completes::command:
      return "COMPREPLY=($(compgen -W " + shell_quote(command_words(program)) + " -- \"$word\"))";
    case FlagDoc::Completes::nothing: break;
  }
  return "COMPREPLY=()";
}

// A text inside a zsh _arguments specification: brackets and colons have meanings there.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_values(const FlagDoc& flag, const ProgramDoc& program) {
  const auto name = zsh_text(lower(flag.value.empty() ? flag.names : flag.value));
  if (!flag.choices.empty()) return ":" + name + ":(" + join(flag.choices, " ") + ")";
  switch (flag.completes) {
    case FlagDoc::Completes::file: return ":" + name + ":_files";
    case FlagDoc::Completes::directory: return ":" + name + ":_files -/";
    case FlagDoc::Completes::command: return ":" + name + ":(" + command_words(program) + ")";
    case FlagDoc::Completes::nothing: break;
  }
  return ":" + name + ": ";
}

}  // namespace

std::string bash_completion(const ProgramDoc& program) {
  const auto& name = program.name;
  std::string out =
      fmt::format("# bash completion for {0}; load it with: source <({0} completion bash)\n_{0}() {{\n", name);
  out += "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]}\n";
  out += "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n    COMPREPLY=($(compgen -W " +
         shell_quote(command_words(program) + " --help --version") + " -- \"$word\"))\n    return\n  fi\n";
  out += "  case $command in\n";
  for (const auto& command : program.commands) {
    out += "    " + command.name + ")\n      case $before in\n";
    for (const auto& flag : command.flags) {
      if (!flag.value.empty())
        out += "        " + replace_all(flag.names, ",", "|") + ") " + bash_values(flag, program) + "; return ;;\n";
    }
    out += "      esac\n      case $word in\n        -*) COMPREPLY=($(compgen -W " + shell_quote(flag_words(command)) +
           " -- \"$word\")) ;;\n";
    if (!command.arguments.empty()) out += "        *) " + bash_values(command.arguments.front(), program) + " ;;\n";
    out += "      esac ;;\n";
  }
  out += fmt::format("  esac\n}}\ncomplete -F _{0} {0}\n", name);
  return out;
}

std::string zsh_completion(const ProgramDoc& program) {
  const auto& name = program.name;
  std::string out = fmt::format(
      "#compdef {0}\n# zsh completion for {0}; load it with: source <({0} completion zsh)\n_{0}() {{\n", name);
  out += "  if (( CURRENT == 2 )); then\n    local -a commands=(\n";
  for (const auto& command : program.commands) {
    if (!command.group.empty()) out += "      " + shell_quote(command.name + ":" + zsh_text(command.summary)) + "\n";
  }
  out +=
      "    )\n    _describe command commands\n    return\n  fi\n  local command=$words[2]\n  shift words\n  (( "
      "CURRENT-- ))\n"
      "  case $command in\n";
  for (const auto& command : program.commands) {
    out += "    " + command.name + ") _arguments";
    for (const auto& flag : command.flags) {
      for (const auto one : split(flag.names, ',')) {
        const auto spec =
            std::string(one) + "[" + zsh_text(flag.help) + "]" + (flag.value.empty() ? "" : zsh_values(flag, program));
        out += " \\\n      " + shell_quote(spec);
      }
    }
    for (const auto& argument : command.arguments) out += " \\\n      " + shell_quote(zsh_values(argument, program));
    out += " ;;\n";
  }
  out +=
      fmt::format("  esac\n}}\nif [ \"$funcstack[1]\" = _{0} ]; then _{0} \"$@\"; else compdef _{0} {0}; fi\n", name);
  return out;
}

std::string fish_completion(const ProgramDoc& program) {
  const auto& name = program.name;
  std::string out =
      fmt::format("# fish completion for {0}; load it with: {0} completion fish | source\ncomplete -c {0} -f\n", name);
  // fish takes single quotes with \' and \\ inside, not the shell's way.
  const auto quote = [](std::string_view text) {
    return "'" + replace_all(replace_all(text, "\\", "\\\\"), "'", "\\'") + "'";
  };
  for (const auto& command : program.commands) {
    if (!command.group.empty()) {
      out += fmt::format("complete -c {} -n __fish_use_subcommand -a {} -d {}\n", name, command.name,
                         quote(command.summary));
    }
  }
  for (const auto& command : program.commands) {
    const auto when = fmt::format("complete -c {} -n {}", name, quote("__fish_seen_subcommand_from " + command.name));
    for (const auto& flag : command.flags) {
      std::string line = when;
      for (const auto one : split(flag.names, ',')) {
        line += one.substr(0, 2) == "--" ? " -l " + std::string(one.substr(2)) : " -s " + std::string(one.substr(1));
      }
      if (!flag.value.empty()) line += " -r";
      if (!flag.choices.empty()) line += " -a " + quote(join(flag.choices, " "));
      if (flag.completes == FlagDoc::Completes::file || flag.completes == FlagDoc::Completes::directory) line += " -F";
      out += line + " -d " + quote(flag.help) + "\n";
    }
    for (const auto& argument : command.arguments) {
      if (!argument.choices.empty()) out += when + " -a " + quote(join(argument.choices, " ")) + "\n";
      if (argument.completes == FlagDoc::Completes::command)
        out += when + " -a " + quote(command_words(program)) + "\n";
    }
  }
  return out;
}

}  // namespace rf
