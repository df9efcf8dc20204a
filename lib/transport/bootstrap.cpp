#include "transport/bootstrap.h"

#include <asio/this_coro.hpp>

#include "base/text.h"
#include "transport/deadline.h"

namespace rf {
namespace {

constexpr std::string_view ready = "RF1-READY\n";
constexpr std::string_view prompt = "RF1-PASSWORD:";
constexpr std::string_view no_sudo = "RF1-NO-SUDO\n";
constexpr std::string_view refused = "RF1-SUDO-SAID-END\n";
constexpr std::size_t most_noise = 64u << 10;

// One line in single quotes without ! or backslash, so that tcsh and fish pass it on as it is. `sudo -k` leaves no cached
// credentials behind and uses none. /bin/sh is what is probed, because it is what will be run.
#define RF_AS_IS "exec /bin/sh -c 'unset ENV BASH_ENV; echo RF1-READY; exec /bin/sh -s'"
#define RF_ROOT_FIRST                                                                                                      \
  "exec /bin/sh -c 'unset ENV BASH_ENV; if test \"$(id -u)\" = 0; then echo RF1-READY; exec /bin/sh -s; fi; "              \
  "if test -z \"$(command -v sudo)\"; then echo RF1-NO-SUDO; exit 90; fi; "                                                \
  "if said=$(LC_ALL=C sudo -k -n /bin/sh -c : 2>&1 </dev/null); then "                                                     \
  "exec sudo -n /bin/sh -c \"echo RF1-READY; exec /bin/sh -s\"; fi; "
#define RF_ROOT_NO_PASSWORD RF_ROOT_FIRST "echo \"$said\"; echo RF1-SUDO-SAID-END; exit 91'"
// sudo closes every descriptor above 2, so the session's standard error is lost here, and only here.
#define RF_ROOT_PASSWORD                                                                                                   \
  RF_ROOT_FIRST                                                                                                            \
  "LC_ALL=C sudo -k -S -p RF1-PASSWORD: /bin/sh -c \"echo RF1-READY; exec /bin/sh -s 2>/dev/null\" 2>&1; echo RF1-SUDO-SAID-END'"

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++found;
  return found;
}

std::string excerpt(std::string_view text) {
  text = trim(text);
  return terminal_safe(text.substr(text.size() > 300 ? text.size() - 300 : 0));
}

Error not_our_shell(std::string_view said) {
  Error error{ErrorKind::connect, "the session was opened, but it did not run our shell",
              "the account needs a login shell, and no ForceCommand may stand in its way"};
  if (!trim(said).empty()) error.message += " (it said \"" + excerpt(said) + "\")";
  return error;
}

Error wrong_password() {
  return {ErrorKind::privilege, "sudo did not accept the password", "one attempt was made; run again with the right password"};
}

}  // namespace

std::string_view bootstrap_command(const Access& access) {
  if (access.privilege == Privilege::as_is) return RF_AS_IS;
  return access.sudo_password ? RF_ROOT_PASSWORD : RF_ROOT_NO_PASSWORD;
}

Error sudo_error(std::string_view complaint) {
  if (contains(complaint, "try again") || contains(complaint, "incorrect password")) return wrong_password();
  Error error{ErrorKind::privilege, ""};
  if (contains(complaint, "you must have a tty")) {
    error.message = "sudo on the node wants a terminal (requiretty)";
    error.hint = "remove `Defaults requiretty` for this user, or log in as root";
  } else if (contains(complaint, "not in the sudoers") || contains(complaint, "may not run sudo") ||
             contains(complaint, "is not allowed to")) {
    error.message = "the user may not become root with sudo";
    error.hint = "allow it in sudoers, or log in as another user";
  } else if (contains(complaint, "password is required") || contains(complaint, "terminal is required") ||
             contains(complaint, "askpass")) {
    error.message = "sudo on the node asks for a password";
    error.hint = "give it with --ask-sudo-pass (-K), or allow the user sudo without one";
  } else if (contains(complaint, "expired") || contains(complaint, "account validation failure")) {
    error.message = "sudo says that the account or its password has expired";
    error.hint = "renew it on the node";
  } else {
    error.message = "sudo failed";
    error.hint = "try `sudo -n true` on the node";
  }
  if (const auto said = excerpt(complaint); !said.empty()) error.message += " (it said \"" + said + "\")";
  return error;
}

asio::awaitable<Result<std::unique_ptr<Shell>>> open_shell(std::unique_ptr<ByteStream> stream, const Access& access,
                                                           std::chrono::milliseconds limit) {
  Deadline deadline(co_await asio::this_coro::executor, limit, [raw = stream.get()] { raw->close(); });
  stream->set_errors(ByteStream::Errors::in_read);
  std::string said;
  std::size_t answered = 0;
  std::optional<Error> failed;
  while (!failed) {
    auto bytes = co_await stream->read();
    if (deadline.check()) {
      failed = Error{ErrorKind::timeout, "the session was opened, but no shell answered within " +
                                             std::to_string(limit.count() / 1000) + " s" +
                                             (said.empty() ? "" : " (it said \"" + excerpt(said) + "\")")};
      break;
    }
    if (!bytes || bytes->empty()) {
      failed = answered > 0 ? sudo_error(said) : not_our_shell(said);
      break;
    }
    said += *bytes;
    if (said.size() > most_noise) failed = not_our_shell(std::string_view(said).substr(0, 300));
    if (contains(said, ready)) break;
    if (contains(said, no_sudo)) {
      failed = Error{ErrorKind::privilege, "the user is not root and sudo is not installed on the node", "log in as root"};
    } else if (contains(said, refused)) {
      failed = sudo_error(replace_all(replace_all(said, refused, ""), prompt, ""));
    } else if (count(said, prompt) > answered) {
      if (answered > 0 || !access.sudo_password) {
        failed = wrong_password();
      } else {
        ++answered;
        Secret line(std::string(access.sudo_password->expose()) + "\n");
        if (auto sent = co_await stream->write(line.expose()); !sent) failed = std::move(sent).error();
      }
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
