#include "host/files.h"
#include "line/command.h"
#include "report/command_doc.h"

namespace rf::cmd {
namespace {

Result<void> write_pages(const ProgramDoc& program, const std::string& directory) {
  RF_CHECK(write_local_file(directory + "/regfallback.1", man_page(program, nullptr), 0644));
  for (const auto& command : program.commands) {
    if (command.group.empty()) continue;
    RF_CHECK(write_local_file(directory + "/regfallback-" + command.name + ".1", man_page(program, &command), 0644));
  }
  return {};
}

int run_man(Context& context) {
  Options unused;
  const auto program = program_doc(all_commands(unused));
  if (!context.options.output_directory.empty()) {
    const auto written = write_pages(program, context.options.output_directory);
    if (!written) context.error(written.error());
    return written ? exit_done : exit_failed;
  }
  const auto& name = context.options.man_command;
  if (name.empty()) {
    context.out.write(man_page(program, nullptr));
    return exit_done;
  }
  for (const auto& command : program.commands) {
    if (command.name != name) continue;
    context.out.write(man_page(program, &command));
    return exit_done;
  }
  context.error({.kind = ErrorKind::usage,
                 .message = "man: unknown command '" + name + "'",
                 .hint = "'regfallback --help' lists the commands"});
  return exit_usage;
}

}  // namespace

Command man_command(Options& options) {
  return {
      .doc = {.name = "man",
              .group = "About the tool",
              .summary = "print the manual pages",
              .text = "Prints a manual page. The pages are generated from the same table as the help.",
              .examples = {{"regfallback man apply | man -l -", "read the page of apply"}},
              .exit_codes = {"0  done", "1  the output could not be written", "2  wrong usage"}},
      .arguments =
          {{{"COMMAND", "", "a command (default: the page of regfallback itself)", "", {}, FlagDoc::Completes::command},
            &options.man_command}},
      .flags =
          {{{"--directory", "DIR", "write all pages to this directory", "Output", {}, FlagDoc::Completes::directory},
            &options.output_directory}},
      .run = run_man};
}

}  // namespace rf::cmd
