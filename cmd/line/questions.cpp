#include "line/questions.h"

#include <fmt/format.h>

#include "base/text.h"

namespace rf::cmd {
namespace {

// A line of another program is always shown with the node's name before it.
std::string named_lines(const std::string& node, std::string_view words) {
  std::vector<std::string> named;
  for (const auto line : lines(words)) named.push_back(node + ": " + terminal_safe(line));
  return named.empty() ? node + ":" : join(named, "\n");
}

}  // namespace

std::string host_key_question(const NewHostKey& key) {
  return fmt::format("{}: the host key of {} is not known: {} {}\n{}: accept and save it? [y/N] ",
                     terminal_safe(key.node), terminal_safe(key.host), terminal_safe(key.type),
                     terminal_safe(key.fingerprint), terminal_safe(key.node));
}

std::string secret_question(const SecretQuestion& question) {
  const auto node = terminal_safe(question.node), of = terminal_safe(question.of);
  const auto* const wrong = question.again ? "wrong answer; " : "";
  switch (question.what) {
    case SecretQuestion::What::passphrase: return fmt::format("{}: {}passphrase of the key {}: ", node, wrong, of);
    case SecretQuestion::What::password: return fmt::format("{}: {}password of {}: ", node, wrong, of);
    case SecretQuestion::What::sudo_password:
      return fmt::format("{}: {}sudo password, used for all nodes: ", node, wrong);
    case SecretQuestion::What::of_ssh: return named_lines(node, wrong + question.of) + " ";
  }
  return "";
}

std::string confirm_question(const ConfirmQuestion& question) {
  return named_lines(terminal_safe(question.node), question.words) + " [y/N] ";
}

}  // namespace rf::cmd
