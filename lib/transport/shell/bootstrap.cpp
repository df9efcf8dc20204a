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

struct Begun {
  std::unique_ptr<Shell> shell;  // none: sudo wants a password first
};

BootstrapReader::Password password_for(const Access& access) {
  if (!access.sudo) return BootstrapReader::Password::none;
  return access.sudo->known() ? BootstrapReader::Password::known : BootstrapReader::Password::can_be_asked;
}

std::string_view command_with(Privilege privilege, BootstrapReader::Password password) {
  if (privilege == Privilege::as_is) return RF_AS_IS;
  return password == BootstrapReader::Password::known ? RF_ROOT_PASSWORD : RF_ROOT_NO_PASSWORD;
}

Error no_shell_in_time(const BootstrapReader& reader, std::chrono::milliseconds limit) {
  const auto said = reader.excerpt();
  return {.kind = ErrorKind::timeout,
          .message = "the session was opened, but no shell answered within " + std::to_string(limit.count() / 1000) +
                     " s" + (said.empty() ? "" : " (it said \"" + said + "\")")};
}

asio::awaitable<Result<void>> send_password(ByteStream& stream, const Access& access, std::string node) {
  RF_CO_TRY(const auto password, co_await access.sudo->get(std::move(node)));
  const Secret line(std::string(password.expose()) + "\n");
  co_return co_await stream.write(line.expose());
}

// On an error the stream is closed.
asio::awaitable<Result<Begun>> begin_shell(OpenedStream opened, const Access& access,
                                           BootstrapReader::Password password, std::string node) {
  using Step = BootstrapReader::Step;
  auto stream = std::move(opened.stream);
  Deadline deadline(co_await asio::this_coro::executor, opened.left, [raw = stream.get()] { raw->close(); });
  const Asking::Watch watch(opened.asking, deadline);
  stream->set_errors(ByteStream::Errors::in_read);
  BootstrapReader reader(password);
  std::optional<Error> failed;
  Step step = Step::wait;
  while (!failed && step != Step::ready && step != Step::wants_password) {
    const auto bytes = co_await stream->read();
    if (deadline.check()) {
      failed = no_shell_in_time(reader, access.limit);
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
    if (step != Step::send_password) continue;
    if (auto sent = co_await send_password(*stream, access, node); !sent) failed = std::move(sent).error();
  }
  if (failed || step != Step::ready) stream->close();
  if (failed) co_return *std::move(failed);
  if (step == Step::wants_password) co_return Begun{};
  stream->set_errors(ByteStream::Errors::kept_apart);
  co_return Begun{std::make_unique<Shell>(std::move(stream))};
}

}  // namespace

std::string_view bootstrap_command(const Access& access) {
  return command_with(access.privilege, password_for(access));
}

asio::awaitable<Result<std::unique_ptr<Shell>>> open_shell(const OpenStream& open, const Access& access,
                                                           std::string node) {
  while (true) {
    const auto password = password_for(access);  // another node may learn it meanwhile
    RF_CO_TRY(auto opened, co_await open(std::string(command_with(access.privilege, password))));
    RF_CO_TRY(auto begun, co_await begin_shell(std::move(opened), access, password, node));
    if (begun.shell) co_return std::move(begun.shell);
    RF_CO_CHECK(co_await access.sudo->get(node));
  }
}

}  // namespace rf
