#include "transport/shell/bootstrap_answer.h"

#include <algorithm>

#include "base/text.h"

namespace rf {
namespace {

constexpr std::string_view ready = "RF1-READY\n";
constexpr std::string_view prompt = "RF1-PASSWORD:";
constexpr std::string_view no_sudo = "RF1-NO-SUDO\n";
constexpr std::string_view sudo_refused = "RF1-SUDO-SAID-END\n";
constexpr std::size_t longest_mark = sudo_refused.size();
constexpr std::size_t most_noise = 64u << 10;

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// How many of `part` end in `text` behind `from`.
std::size_t count_after(std::string_view text, std::size_t from, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size()))
    found += at + part.size() > from;
  return found;
}

std::string shortened(std::string_view text) {
  text = trim(text);
  return terminal_safe(text.substr(text.size() > 300 ? text.size() - 300 : 0));
}

Error not_our_shell(std::string_view said) {
  Error error{.kind = ErrorKind::connect,
              .message = "the session was opened, but it did not run our shell",
              .hint = "the account needs a login shell, and no ForceCommand may be set"};
  if (!trim(said).empty()) error.message += " (it said \"" + shortened(said) + "\")";
  return error;
}

Error wrong_password() {
  return {.kind = ErrorKind::privilege,
          .message = "sudo did not accept the password",
          .hint = "one attempt was made; run again with the right password"};
}

}  // namespace

bool wants_password(std::string_view complaint) {
  return contains(complaint, "password is required") || contains(complaint, "terminal is required") ||
         contains(complaint, "askpass");
}

Error sudo_error(std::string_view complaint) {
  if (contains(complaint, "try again") || contains(complaint, "incorrect password")) return wrong_password();
  Error error{.kind = ErrorKind::privilege, .message = ""};
  if (contains(complaint, "you must have a tty")) {
    error.message = "sudo on the node requires a terminal (requiretty)";
    error.hint = "remove `Defaults requiretty` for this user, or log in as root";
  } else if (contains(complaint, "not in the sudoers") || contains(complaint, "may not run sudo") ||
             contains(complaint, "is not allowed to")) {
    error.message = "the user may not become root with sudo";
    error.hint = "allow it in sudoers, or log in as another user";
  } else if (wants_password(complaint)) {
    error.message = "sudo on the node asks for a password";
    error.hint = "pass --ask-sudo-pass (-K), or allow the user to run sudo without a password";
  } else if (contains(complaint, "expired") || contains(complaint, "account validation failure")) {
    error.message = "sudo says that the account or its password has expired";
    error.hint = "renew it on the node";
  } else {
    error.message = "sudo failed";
    error.hint = "try `sudo -n true` on the node";
  }
  if (const auto said = shortened(complaint); !said.empty()) error.message += " (it said \"" + said + "\")";
  return error;
}

std::string BootstrapReader::excerpt() const { return shortened(said_); }

Error BootstrapReader::ended() const { return answered_ ? sudo_error(said_) : not_our_shell(said_); }

Result<BootstrapReader::Step> BootstrapReader::feed(std::string_view bytes) {
  said_ += bytes;
  if (said_.size() > most_noise) return not_our_shell(std::string_view(said_).substr(0, 300));
  // A mark may begin in bytes that were looked at before.
  const auto begin = looked_ - std::min(looked_, longest_mark);
  const auto fresh = std::string_view(said_).substr(begin);
  prompts_ += count_after(fresh, looked_ - begin, prompt);
  looked_ = said_.size();
  if (contains(fresh, ready)) return Step::ready;
  if (contains(fresh, no_sudo))
    return Error{.kind = ErrorKind::privilege,
                 .message = "the user is not root and sudo is not installed on the node",
                 .hint = "log in as root"};
  if (contains(fresh, sudo_refused) && password_ == Password::can_be_asked && wants_password(said_))
    return Step::wants_password;
  if (contains(fresh, sudo_refused)) return sudo_error(replace_all(replace_all(said_, sudo_refused, ""), prompt, ""));
  if (prompts_ <= (answered_ ? 1u : 0u)) return Step::wait;
  if (answered_ || password_ != Password::known) return wrong_password();
  answered_ = true;
  return Step::send_password;
}

}  // namespace rf
