// What there is to say about a command: one table that help, man pages and shell completions are made from, and that
// the parser takes its flags from, so that they cannot differ.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rf {

struct FlagDoc {
  std::string names;  // "-o,--output"; for an argument its placeholder: "IMAGE"
  std::string value;  // placeholder of its value, "" for a switch
  std::string help;   // without a full stop
  std::string group;  // heading in the help
  std::vector<std::string> choices = {};
  enum class Completes { nothing, file, directory, command } completes = Completes::nothing;
};

struct Example {
  std::string command;
  std::string what;
};

struct CommandDoc {
  std::string name;
  std::string group;    // heading in the list of commands; "" hides it
  std::string summary;  // one line, without a full stop
  std::string text;     // paragraphs, separated by blank lines
  std::vector<FlagDoc> arguments = {};
  std::vector<FlagDoc> flags = {};
  std::vector<Example> examples = {};
  std::vector<std::string> exit_codes = {};  // "3  there are changes (with --check)"
};

struct ProgramDoc {
  std::string name;
  std::string version;
  std::string summary;
  std::vector<CommandDoc> commands;
  std::vector<Example> examples;
};

std::string program_help(const ProgramDoc& program, int width);
std::string command_help(const ProgramDoc& program, const CommandDoc& command, int width);
// Section 1 pages in man(7) macros: "regfallback" itself when `command` is nullptr.
std::string man_page(const ProgramDoc& program, const CommandDoc* command);
std::string bash_completion(const ProgramDoc& program);
std::string zsh_completion(const ProgramDoc& program);
std::string fish_completion(const ProgramDoc& program);

}  // namespace rf
