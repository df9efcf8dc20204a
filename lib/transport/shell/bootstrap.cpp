#include "transport/shell/bootstrap.h"

#include <asio/this_coro.hpp>

#include "base/text.h"
#include "transport/shell/deadline.h"

namespace rf {
namespace {

// One line in single quotes without ! or backslash, so that tcsh and fish pass it on as it is. `sudo -k` leaves no
// cached credentials behind and uses none. /bin/sh is what is probed, because it is what will be run.
#define RF_AS_IS "exec /bin/sh -c 'unset ENV BASH_ENV; echo RF1-READY; exec /bin/sh -s'"
#define RF_ROOT_FIRST                                                                                         \
  "exec /bin/sh -c 'unset ENV BASH_ENV; if test \"$(id -u)\" = 0; then echo RF1-READY; exec /bin/sh -s; fi; " \
  "if test -z \"$(command -v sudo)\"; then echo RF1-NO-SUDO; exit 90; fi; "                                   \
  "if said=$(LC_ALL=C sudo -k -n /bin/sh -c : 2>&1 </dev/null); then "                                        \
  "exec sudo -n /bin/sh -c \"echo RF1-READY; exec /bin/sh -s\"; fi; "
#define RF_ROOT_NO_PASSWORD RF_ROOT_FIRST "echo \"$said\"; echo RF1-SUDO-SAID-END; exit 91'"
// sudo closes every descriptor above 2, so the session's standard error is lost here, and only here.
#define RF_ROOT_PASSWORD                                                                                        \
  RF_ROOT_FIRST                                                                                                 \
  "LC_ALL=C sudo -k -S -p RF1-PASSWORD: /bin/sh -c \"echo RF1-READY; exec /bin/sh -s 2>/dev/null\" 2>&1; echo " \
  "RF1-SUDO-SAID-END'"

}  // namespace

std::string_view bootstrap_command(const Access& access) {
  if (access.privilege == Privilege::as_is) return RF_AS_IS;
  return access.sudo_password ? RF_ROOT_PASSWORD : RF_ROOT_NO_PASSWORD;
}

asio::awaitable<Result<std::unique_ptr<Shell>>> open_shell(std::unique_ptr<ByteStream> stream, const Access& access,
                                                           std::chrono::milliseconds limit) {
  using Step = BootstrapReader::Step;
  Deadline deadline(co_await asio::this_coro::executor, limit, [raw = stream.get()] { raw->close(); });
  stream->set_errors(ByteStream::Errors::in_read);
  BootstrapReader reader(access.sudo_password ? BootstrapReader::Password::known : BootstrapReader::Password::none);
  std::optional<Error> failed;
  for (auto step = Step::wait; !failed && step != Step::ready;) {
    const auto bytes = co_await stream->read();
    if (deadline.check()) {
      const auto said = reader.excerpt();
      failed = Error{.kind = ErrorKind::timeout,
                     .message = "the session was opened, but no shell answered within " +
                                std::to_string(limit.count() / 1000) + " s" +
                                (said.empty() ? "" : " (it said \"" + said + "\")")};
      break;
    }
    if (!bytes || bytes->empty()) {
      failed = reader.ended();
      break;
    }
    auto next = reader.feed(*bytes);
    if (!next) {
      failed = std::move(next).error();
      break;
    }
    step = *next;
    if (step == Step::send_password) {
      const Secret line(std::string(access.sudo_password->expose()) + "\n");
      if (auto sent = co_await stream->write(line.expose()); !sent) failed = std::move(sent).error();
    }
  }
  if (failed) {
    stream->close();
    co_return *std::move(failed);
  }
  stream->set_errors(ByteStream::Errors::kept_apart);
  co_return std::make_unique<Shell>(std::move(stream));
}

}  // namespace rf
