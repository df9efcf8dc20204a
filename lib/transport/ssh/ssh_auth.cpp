// How a session proves who we are: keys first, a password as a last resort.
#include "base/text.h"
#include "transport/shell/deadline.h"
#include "transport/ssh/ssh.h"

namespace rf {
namespace {

// Servers end the connection after six failures (MaxAuthTries), and punish the address for more.
constexpr std::size_t most_keys = 5;

bool offers(const std::vector<std::string>& methods, std::string_view name) {
  for (const auto& method : methods) {
    if (method == name) return true;
  }
  return false;
}

Error no_method_left(const SshSettings& settings, const std::vector<std::string>& tried,
                     const std::vector<std::string>& problems, const std::vector<std::string>& methods) {
  Error error{.kind = ErrorKind::auth, .message = settings.user + " could not log in to " + settings.host_name};
  error.message += tried.empty() ? ": there was no key to offer" : ": the node accepted none of " + join(tried, ", ");
  if (!methods.empty()) error.message += " (it accepts " + join(methods, ", ") + ")";
  if (!problems.empty()) error.message += "; not usable: " + join(problems, "; ");
  error.hint = "check that `ssh " + settings.user + "@" + settings.host_name +
               " true` works; certificates and hardware keys need --transport openssh";
  error.message = terminal_safe(error.message);
  return error;
}

}  // namespace

asio::awaitable<Result<bool>> SshClient::try_passwords(const SshSettings& settings, std::shared_ptr<SshSession> session,
                                                       Deadline& deadline, const std::vector<std::string>& methods) {
  const bool by_password = offers(methods, "password");
  if (!options_.ask_secret || (!by_password && !offers(methods, "keyboard-interactive"))) co_return false;
  deadline.pause();
  auto password = co_await keyring_.ask("Password for " + settings.user + "@" + settings.host_name);
  deadline.resume();
  if (!password) co_return false;
  auto outcome = by_password ? co_await session->authenticate_password(settings.user, *password)
                             : co_await session->authenticate_interactive(settings.user, *password);
  if (!outcome) co_return std::move(outcome).error();
  co_return *outcome == AuthOutcome::accepted;
}

asio::awaitable<Result<void>> SshClient::authenticate(const SshSettings& settings,
                                                      std::shared_ptr<SshSession> session) {
  std::vector<std::string> problems, tried;
  auto identities = co_await keyring_.identities(settings, problems);
  if (identities.size() > most_keys) identities.resize(most_keys);
  Deadline deadline(executor_, options_.limits.auth, [&session] { session->close(); });
  const auto in_time = [&](Error error) {
    if (!deadline.passed()) return error;
    return Error{.kind = ErrorKind::timeout,
                 .message = settings.host_name + " did not finish the login within " +
                            std::to_string(options_.limits.auth.count() / 1000) + " s"};
  };
  for (const auto& identity : identities) {
    // Signing may ask a person: the node is not to blame for the time that takes.
    const Signer sign = [&](std::string data, std::string algorithm) -> asio::awaitable<Result<std::string>> {
      deadline.pause();
      auto signature = co_await identity.sign(std::move(data), std::move(algorithm));
      deadline.resume();
      co_return signature;
    };
    auto outcome = co_await session->authenticate_key(settings.user, identity.blob, sign);
    if (!outcome && session->usable() && !deadline.passed()) {  // this key could not sign; another may
      problems.push_back(outcome.error().message);
      continue;
    }
    if (!outcome) {
      Error error = in_time(std::move(outcome).error());
      if (error.kind == ErrorKind::auth) error.message += " (keys offered: " + join(tried, ", ") + ")";
      co_return error;
    }
    tried.push_back(identity.name);
    if (*outcome == AuthOutcome::accepted) {
      keyring_.note_accepted(identity.blob);
      co_return Result<void>();
    }
  }
  const auto methods = co_await session->methods(settings.user);
  auto logged_in = co_await try_passwords(settings, session, deadline, methods);
  if (!logged_in) co_return in_time(std::move(logged_in).error());
  if (*logged_in) co_return Result<void>();
  co_return in_time(no_method_left(settings, tried, problems, methods));
}

}  // namespace rf
