// How a session proves who we are: keys first, a password as a last resort.
#include <algorithm>

#include "base/text.h"
#include "transport/ssh/ssh.h"

namespace rf {
namespace {

// Servers end the connection after six failures (MaxAuthTries), and punish the address for more.
constexpr std::size_t most_keys = 5;

bool offers(const std::vector<std::string>& methods, std::string_view name) {
  return std::find(methods.begin(), methods.end(), name) != methods.end();
}

// The ways to log in that the configuration forbids; "" for none.
std::string forbidden(const SshSettings::LogIns& log_ins) {
  std::vector<std::string> names;
  if (!log_ins.key) names.emplace_back("publickey");
  if (!log_ins.password) names.emplace_back("password");
  if (!log_ins.interactive) names.emplace_back("keyboard-interactive");
  return join(names, ", ");
}

Error no_method_left(const SshSettings& settings, const std::vector<std::string>& tried,
                     const std::vector<std::string>& problems, const std::vector<std::string>& methods) {
  Error error{.kind = ErrorKind::auth, .message = settings.user + " could not log in to " + settings.host_name};
  error.message += tried.empty() ? ": there was no key to offer" : ": the node accepted none of " + join(tried, ", ");
  if (!methods.empty()) error.message += " (it accepts " + join(methods, ", ") + ")";
  if (!problems.empty()) error.message += "; not usable: " + join(problems, "; ");
  if (const auto not_used = forbidden(settings.log_ins); !not_used.empty())
    error.message += "; your ssh configuration disables " + not_used;
  error.hint = "check that `ssh " + settings.user + "@" + settings.host_name +
               " true` works; certificates and hardware keys need --transport openssh";
  error.message = terminal_safe(error.message);
  return error;
}

Error log_in_timeout(const SshSettings& settings, const SetUp& set_up) {
  return {.kind = ErrorKind::timeout,
          .message = settings.host_name + " did not finish the login within " +
                     std::to_string(set_up.limit().count() / 1000) + " s",
          .hint = "the node may be overloaded; --timeout gives it more time"};
}

}  // namespace

asio::awaitable<Result<bool>> SshClient::try_passwords(const SshSettings& settings, SetUp& set_up,
                                                       std::shared_ptr<SshSession> session,
                                                       const std::vector<std::string>& methods) {
  const bool by_password = settings.log_ins.password && offers(methods, "password");
  const bool by_answer = settings.log_ins.interactive && offers(methods, "keyboard-interactive");
  if (!by_password && !by_answer) co_return false;
  if (!set_up.password) {
    if (!keyring_.can_ask(settings)) co_return false;
    const Deadline::Pause waiting(set_up.deadline());
    SecretQuestion question{
        .what = SecretQuestion::What::password, .node = {}, .of = settings.user + "@" + settings.host_name};
    auto password = co_await keyring_.ask(settings, std::move(question));
    if (!password && password.error().kind == ErrorKind::interrupted) co_return std::move(password).error();
    if (!password) co_return false;
    set_up.password = *std::move(password);
    set_up.hung_up_meanwhile = session->hung_up();
    if (set_up.hung_up_meanwhile) co_return false;
  }
  auto outcome = by_password ? co_await session->authenticate_password(settings.user, *set_up.password)
                             : co_await session->authenticate_interactive(settings.user, *set_up.password);
  if (!outcome) co_return std::move(outcome).error();
  co_return *outcome == AuthOutcome::accepted;
}

asio::awaitable<Result<void>> SshClient::authenticate(const SshSettings& settings, SetUp& set_up,
                                                      std::shared_ptr<SshSession> session) {
  std::vector<std::string> problems, tried;
  std::vector<Identity> identities;
  if (settings.log_ins.key) identities = co_await keyring_.identities(settings, problems);
  if (identities.size() > most_keys) identities.resize(most_keys);
  const auto in_time = [&](Error error) { return set_up.out_of_time() ? log_in_timeout(settings, set_up) : error; };
  for (const auto& identity : identities) {
    const Signer sign = [&](std::string data, std::string algorithm) -> asio::awaitable<Result<std::string>> {
      if (!admits_signature(settings.algorithms, algorithm)) {
        co_return Error{.kind = ErrorKind::auth,
                        .message = identity.name + ": the node requires " + terminal_safe(algorithm) +
                                   " signatures, which PubkeyAcceptedAlgorithms does not allow"};
      }
      // A person may be asked: the node is not to blame for the time that takes.
      const Deadline::Pause waiting(set_up.deadline());
      auto signature = co_await identity.sign(std::move(data), std::move(algorithm));
      set_up.hung_up_meanwhile = session->hung_up();
      co_return signature;
    };
    auto outcome = co_await session->authenticate_key(settings.user, identity.blob, sign);
    if (set_up.hung_up_meanwhile) co_return Result<void>();
    if (!outcome && outcome.error().kind == ErrorKind::interrupted) co_return std::move(outcome).error();
    if (!outcome && session->usable() && !set_up.out_of_time()) {  // this key could not sign; another may
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
  auto logged_in = co_await try_passwords(settings, set_up, session, methods);
  if (set_up.hung_up_meanwhile) co_return Result<void>();
  if (!logged_in) co_return in_time(std::move(logged_in).error());
  if (*logged_in) co_return Result<void>();
  co_return in_time(no_method_left(settings, tried, problems, methods));
}

}  // namespace rf
