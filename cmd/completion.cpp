#include "line/command.h"
#include "report/command_doc.h"

namespace rf::cmd {
namespace {

int run_completion(Context& context) {
  Options unused;
  const auto program = program_doc(all_commands(unused));
  switch (context.options.completion_shell) {
    case CompletionShell::bash: context.out.write(bash_completion(program)); return exit_done;
    case CompletionShell::zsh: context.out.write(zsh_completion(program)); return exit_done;
    case CompletionShell::fish: context.out.write(fish_completion(program)); return exit_done;
    case CompletionShell::none: break;
  }
  context.error({.kind = ErrorKind::usage,
                 .message = "completion: no shell given",
                 .hint = "regfallback completion bash|zsh|fish"});
  return exit_usage;
}

}  // namespace

Command completion_command(Options& options) {
  return {.doc = {.name = "completion",
                  .group = "About the tool",
                  .summary = "print completions for bash, zsh or fish",
                  .text = "Prints a script that makes a shell complete commands, flags and their values.",
                  .examples = {{"source <(regfallback completion bash)",
                                "for this bash; add the line to ~/.bashrc to keep it"},
                               {"regfallback completion fish > ~/.config/fish/completions/regfallback.fish",
                                "for every new fish"}},
                  .exit_codes = {"0  done", "1  the output could not be written", "2  wrong usage"}},
          .arguments = {choice(
              {"SHELL", "", "bash, zsh or fish", ""}, options.completion_shell,
              {{"bash", CompletionShell::bash}, {"zsh", CompletionShell::zsh}, {"fish", CompletionShell::fish}})},
          .run = run_completion};
}

}  // namespace rf::cmd
