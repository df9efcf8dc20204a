#include "line/context.h"

#include "base/text.h"
#include "line/command.h"

namespace rf::cmd {
namespace {

TextStyle look_of(const TerminalFacts& terminal) {
  return {.width = terminal.width, .color = terminal.color ? TextStyle::Color::yes : TextStyle::Color::no};
}

}  // namespace

TextStyle Context::style() const { return look_of(out_terminal); }
TextStyle Context::diagnostics_style() const { return look_of(diagnostics_terminal); }

void Context::note(std::string_view text) {
  if (!options.quiet) diagnostics.write(terminal_safe(text, Lines::keep) + "\n");
}

void Context::warning(std::string_view text) {
  if (!options.quiet)
    diagnostics.write(diagnostics_style().paint(Emphasis::warn, "warning: ") + terminal_safe(text, Lines::keep) + "\n");
}

void Context::error(const Error& error) {
  diagnostics.write(diagnostics_style().paint(Emphasis::bad, "error: ") + terminal_safe(to_string(error), Lines::keep) +
                    "\n");
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

int exit_code_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::needs_person: return exit_stuck;
    case Verdict::interrupted: return exit_interrupted;
    case Verdict::not_as_declared: return exit_not_as_declared;
    case Verdict::failed: return exit_failed;
    case Verdict::well: return exit_done;
  }
  return exit_failed;
}

}  // namespace rf::cmd
