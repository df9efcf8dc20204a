#include "context.h"

#include "base/text.h"
#include "command.h"

namespace rf::cmd {
namespace {

Look look_of(const TerminalFacts& terminal) {
  return {.width = terminal.width, .color = terminal.color ? Look::Color::yes : Look::Color::no};
}

}  // namespace

Look Context::look() const { return look_of(out_terminal); }
Look Context::talk_look() const { return look_of(talk_terminal); }

void Context::note(std::string_view text) {
  if (!options.quiet) talk.write(terminal_safe(text, Lines::keep) + "\n");
}

void Context::warning(std::string_view text) {
  if (!options.quiet) talk.write(talk_look().paint(Tint::warn, "warning: ") + terminal_safe(text, Lines::keep) + "\n");
}

void Context::error(const Error& error) {
  talk.write(talk_look().paint(Tint::bad, "error: ") + terminal_safe(to_string(error), Lines::keep) + "\n");
}

int Context::fail(const Error& problem) {
  error(problem);
  return exit_code_of(problem);
}

int exit_code_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::usage:
    case ErrorKind::intent: return exit_usage;
    case ErrorKind::interrupted: return exit_interrupted;
    case ErrorKind::internal: return exit_bug;
    default: return exit_failed;
  }
}

}  // namespace rf::cmd
