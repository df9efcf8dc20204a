#include "line/consent.h"

#include <fmt/format.h>

#include "line/command.h"

namespace rf::cmd {
namespace {

Error nobody_to_ask(std::string_view command) {
  return {.kind = ErrorKind::usage,
          .message = fmt::format("{} asks before it changes anything, but there is no terminal to ask on", command),
          .hint = "pass --yes to continue without asking"};
}

}  // namespace

Result<void> check_consent(const Options& options, std::string_view command) {
  if (options.yes || can_ask()) return {};
  return nobody_to_ask(command);
}

std::optional<int> ask_consent(Context& context, Run& run, std::string_view command, std::string_view question) {
  auto reply = Reply::yes;
  if (!context.options.yes) run.while_open([&] { reply = ask_yes(question); });
  switch (reply) {
    case Reply::yes: return std::nullopt;
    case Reply::no: context.note("nothing was changed"); return exit_failed;
    case Reply::interrupted: context.note("interrupted; nothing was changed"); return exit_interrupted;
    case Reply::nobody_to_ask: break;
  }
  return context.fail(nobody_to_ask(command));
}

}  // namespace rf::cmd
