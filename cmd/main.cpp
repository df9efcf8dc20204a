// The program: which command, its exit code, and the last net under it.
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "host/askpass.h"
#include "host/core_limit.h"
#include "line/command.h"
#include "line/parse.h"
#include "line/version.h"

namespace rf::cmd {
namespace {

int run_command_line(const std::vector<std::string>& arguments) {
  Options options;
  const auto commands = all_commands(options);
  const auto parsed = parse(commands, arguments);
  OutStream out(1);
  OutStream diagnostics(2);
  Context context{options, out, diagnostics, terminal_facts(1, options.color), terminal_facts(2, options.color)};
  const int help_width = context.out_terminal.width > 0 ? context.out_terminal.width : 80;
  int code = exit_done;
  switch (parsed.what) {
    case Parsed::What::run: code = parsed.command->run(context); break;
    case Parsed::What::help: out.write(command_help(program_doc(commands), parsed.command->doc, help_width)); break;
    case Parsed::What::program_help: out.write(program_help(program_doc(commands), help_width)); break;
    case Parsed::What::version: out.write(version_text()); break;
    case Parsed::What::wrong:
      context.error({.kind = ErrorKind::usage, .message = parsed.message, .hint = parsed.hint});
      code = exit_usage;
      break;
  }
  if (const auto written = out.finish(); !written) {
    context.error(written.error());
    if (code == exit_done) code = exit_failed;
  }
  return code;
}

}  // namespace
}  // namespace rf::cmd

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  rf::forbid_core_files();
  try {
    if (argc == 2)
      if (const auto code = rf::answer_for_ssh(argv[1])) return *code;
    return rf::cmd::run_command_line({argv + 1, argv + argc});
  } catch (const std::exception& bug) {
    std::fprintf(stderr, "error: this is a bug in regfallback: %s\nhint: please report it with the command you ran\n",
                 bug.what());
    return rf::cmd::exit_bug;
  }
}
