// The command line: arguments in, a command with its flags' values stored, or what to print instead.
#pragma once
#include <string>
#include <vector>

#include "line/command.h"

namespace rf::cmd {

struct Parsed {
  enum class What { run, help, program_help, version, wrong } what = What::wrong;
  const Command* command = nullptr;  // for run and help
  std::string message = {};          // for wrong
  std::string hint = {};
};
Parsed parse(const std::vector<Command>& commands, const std::vector<std::string>& arguments);

}  // namespace rf::cmd
