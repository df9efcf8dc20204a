// The commands there are, in the order the help lists them.
#include <algorithm>

#include "line/command.h"

namespace rf::cmd {
namespace {

Command documented(Command command) {
  for (const auto& argument : command.arguments) command.doc.arguments.push_back(argument.doc);
  for (const auto& flag : command.flags) command.doc.flags.push_back(flag.doc);
  command.doc.flags.push_back({"-h,--help", "", "show this help", "Output"});
  auto& codes = command.doc.exit_codes;
  const bool says = std::any_of(codes.begin(), codes.end(), [](const auto& code) { return code.starts_with("130 "); });
  const bool reads_nodes = std::any_of(command.flags.begin(), command.flags.end(),
                                       [](const Flag& flag) { return flag.doc.names == "-n,--nodes"; });
  if (reads_nodes && !says) codes.push_back("130  interrupted; nothing was changed");
  return command;
}

}  // namespace

std::vector<Command> all_commands(Options& options) {
  std::vector<Command> commands;
  for (const auto make : {detect_command, plan_command, apply_command, test_command, explain_command, doctor_command,
                          status_command, rollback_command, uninstall_command, migrate_command, render_command,
                          init_command, kind_command, completion_command, man_command}) {
    commands.push_back(documented(make(options)));
  }
  return commands;
}

ProgramDoc program_doc(const std::vector<Command>& commands) {
  ProgramDoc program{
      .name = "regfallback",
      .version = RF_VERSION,
      .summary = "makes every node of a Kubernetes fleet try the registries you choose, in the order you choose",
      .commands = {},
      .examples = {{"regfallback detect --nodes anubis,babel,ra",
                    "show what runs on three nodes and how their registries are configured now"},
                   {"regfallback init --nodes anubis,babel,ra > regfallback.yaml",
                    "write a commented intent file to start from"},
                   {"regfallback plan", "show what would change on every node, as a diff"},
                   {"regfallback apply", "apply it, with backup, verification and rollback on failure"}}};
  for (const auto& command : commands) program.commands.push_back(command.doc);
  return program;
}

}  // namespace rf::cmd
