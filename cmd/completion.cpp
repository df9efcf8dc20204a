#include "line/command.h"
#include "report/command_doc.h"

namespace rf::cmd {
namespace {

int run(Context& context) {
  Options unused;
  const auto program = program_doc(all_commands(unused));
  const auto& shell = context.options.argument;
  if (shell == "bash") context.out.write(bash_completion(program));
  if (shell == "zsh") context.out.write(zsh_completion(program));
  if (shell == "fish") context.out.write(fish_completion(program));
  if (!shell.empty()) return exit_done;
  context.error({.kind = ErrorKind::usage,
                 .message = "completion: which shell?",
                 .hint = "regfallback completion bash|zsh|fish"});
  return exit_usage;
}

}  // namespace

Command completion_command(Options& options) {
  return {.doc = {.name = "completion",
                  .group = "About the tool",
                  .summary = "completions for bash, zsh or fish",
                  .text = "Prints a script that teaches a shell to complete commands, flags and their values.",
                  .examples = {{"source <(regfallback completion bash)",
                                "in this bash; put the line into ~/.bashrc to keep it"},
                               {"regfallback completion fish > ~/.config/fish/completions/regfallback.fish",
                                "for every fish"}}},
          .arguments = {{{"SHELL", "", "bash, zsh or fish", "", {"bash", "zsh", "fish"}}, &options.argument}},
          .run = run};
}

}  // namespace rf::cmd
