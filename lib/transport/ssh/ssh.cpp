#include "transport/ssh/ssh.h"

#include <array>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <random>

#include "base/text.h"
#include "transport/known_hosts/known_hosts_file.h"
#include "transport/shell/deadline.h"
#include "transport/ssh/tcp.h"

namespace rf {
namespace {

constexpr int longest_chain = 8;
// After being turned away before the banner. OpenSSH's penalties last about 20 s by default.
constexpr std::array<std::chrono::milliseconds, 4> back_off{
    std::chrono::milliseconds(300), std::chrono::milliseconds(1200), std::chrono::milliseconds(4000),
    std::chrono::milliseconds(9000)};

// So that nodes behind one address do not all come back at once.
std::chrono::milliseconds with_jitter(std::chrono::milliseconds time) {
  static std::minstd_rand random{std::random_device{}()};
  return time + std::chrono::milliseconds(random() % static_cast<unsigned>(time.count() / 2 + 1));
}

std::string seconds(std::chrono::milliseconds time) { return std::to_string(time.count() / 1000) + " s"; }

std::string where(const SshSettings& settings) { return settings.host_name + " port " + std::to_string(settings.port); }

Error handshake_timeout(const SshSettings& settings, const SshSession& session, std::chrono::milliseconds limit) {
  if (!session.saw_banner()) {
    return {.kind = ErrorKind::timeout,
            .message = where(settings) + ": no ssh banner within " + seconds(limit),
            .hint = "check that sshd listens there and is healthy"};
  }
  return {.kind = ErrorKind::timeout,
          .message = where(settings) + ": the key exchange did not end within " + seconds(limit),
          .hint = "the node may be overloaded"};
}

Error key_error(const SshSettings& settings, const HostName& name, const HostKeyVerdict& verdict,
                const std::string& blob) {
  const std::string offered = key_type(blob) + " " + key_fingerprint(blob);
  const std::string host = known_name(name);
  const std::string file =
      settings.user_known_hosts.empty() ? "" : " -f " + shell_quote(settings.user_known_hosts.front());
  Error error{.kind = ErrorKind::host_key, .message = ""};
  if (verdict.entry != nullptr) error.where = verdict.entry->where;
  switch (verdict.status) {
    case HostKeyVerdict::Status::changed:
      error.message = "the host key of " + host + " has CHANGED: the node offers " + offered + ", known is " +
                      verdict.entry->type + " " + key_fingerprint(verdict.entry->blob) +
                      ". This may be an attack, or the node was reinstalled";
      error.hint = "if it was reinstalled: ssh-keygen -R " + shell_quote(host) + file + ", then connect again";
      break;
    case HostKeyVerdict::Status::revoked:
      error.message = "the host key of " + host + " is revoked: " + offered;
      error.hint = "the node must get a new host key; never accept this one";
      break;
    default:
      error.message = "the host key of " + host + " is not known: " + offered;
      error.hint = verdict.only_authority
                       ? "only a certificate authority is known for it; use --transport openssh, or add the plain key"
                       : "compare it with `cat /etc/ssh/ssh_host_*_key.pub | ssh-keygen -lf -` on the node, then use "
                         "--accept-new-host-keys";
      break;
  }
  return error;
}

// The last of the jump hosts as a target of its own: it is reached through those before it.
Target last_jump(std::vector<Target> jumps) {
  Target target = std::move(jumps.back());
  jumps.pop_back();
  std::vector<std::string> names;
  for (const auto& jump : jumps) names.push_back(to_string(jump));
  if (!names.empty()) target.jump = join(names, ",");
  return target;
}

}  // namespace

SshClient::SshClient(const asio::any_io_executor& executor, SshOptions options)
    : executor_(executor), options_(std::move(options)), keyring_(executor, options_.ask_secret) {}

SshClient::~SshClient() {
  for (const auto& [name, jump] : jumps_) {
    if (jump->session) jump->session->close();
  }
}

Result<std::shared_ptr<const KnownHosts>> SshClient::known_hosts(const SshSettings& settings) {
  std::vector<std::string> files = settings.user_known_hosts;
  files.insert(files.end(), settings.global_known_hosts.begin(), settings.global_known_hosts.end());
  auto& slot = known_[join(files, "\n")];
  if (!slot) {
    RF_TRY(auto known, read_known_hosts(files));
    slot = std::make_shared<const KnownHosts>(std::move(known));
  }
  return slot;
}

asio::awaitable<Result<int>> SshClient::reach(const SshSettings& settings, int depth) {
  auto limit = options_.limits.connect;
  if (settings.connect_timeout > 0) limit = std::chrono::seconds(settings.connect_timeout);
  if (settings.jumps.empty()) co_return co_await connect_tcp(settings.host_name, settings.port, limit);
  RF_CO_TRY(const auto jump, co_await jump_session(settings.jumps, depth + 1));
  co_return co_await jump->open_tunnel(settings.host_name, settings.port);
}

// Followed to its end before any of them is opened: nodes that share jump hosts would otherwise wait for each other in
// a circle.
asio::awaitable<Result<void>> SshClient::check_jumps(std::vector<Target> jumps) {
  for (int depth = 0; !jumps.empty(); ++depth) {
    if (depth == longest_chain)
      co_return Error{.kind = ErrorKind::usage,
                      .message = "the jump hosts of your ssh configuration form a loop",
                      .hint = "`ssh -G HOST` shows each one's ProxyJump"};
    const Target target = last_jump(std::move(jumps));
    auto settings = co_await settings_of(target);
    if (!settings)
      co_return std::move(settings).doing("reading the settings of the jump host " + to_string(target)).error();
    jumps = std::move(settings->jumps);
  }
  co_return Result<void>();
}

asio::awaitable<Result<std::shared_ptr<SshSession>>> SshClient::jump_session(std::vector<Target> jumps, int depth) {
  const Target target = last_jump(std::move(jumps));
  auto& slot = jumps_[to_string(target) + " " + target.jump];
  if (!slot) slot = std::make_shared<Jump>();
  const auto jump = slot;
  const auto place = co_await jump->one_at_a_time.enter();
  if (!jump->session || jump->session->closed()) {
    auto session = co_await open_session(target, depth);
    if (!session) co_return std::move(session).doing("connecting to the jump host " + to_string(target)).error();
    jump->session = *std::move(session);
  }
  co_return jump->session;
}

asio::awaitable<Result<std::shared_ptr<SshSession>>> SshClient::shake_hands(const SshSettings& settings,
                                                                            const KnownHosts& known, int depth) {
  const HostName name{settings.host_name, settings.port, settings.host_key_alias};
  const std::string algorithms = host_key_algorithms(known, name);
  for (std::size_t attempt = 0;; ++attempt) {
    RF_CO_TRY(const int fd, co_await reach(settings, depth));
    const auto session = std::make_shared<SshSession>(
        executor_, fd, settings.jumps.empty() ? SshSession::Link::tcp : SshSession::Link::pipe);
    Deadline deadline(executor_, options_.limits.handshake, [&session] { session->close(); });
    auto shaken = co_await session->handshake(algorithms);
    if (shaken) co_return session;
    if (deadline.passed()) co_return handshake_timeout(settings, *session, options_.limits.handshake);
    if (!session->turned_away() || attempt == back_off.size()) {
      Error error = std::move(shaken).error();
      error.message = where(settings) + ": " + error.message;
      if (session->turned_away())
        error.hint =
            "sshd closes the connection at once: check MaxStartups, PerSourcePenalties, a firewall and sshd's log";
      session->close();
      co_return error;
    }
    session->close();
    deadline.disarm();
    asio::steady_timer pause(executor_, with_jitter(back_off[attempt]));
    std::error_code ignored;
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

asio::awaitable<Result<void>> SshClient::verify(const SshSettings& settings, const HostName& name,
                                                std::shared_ptr<SshSession> session) {
  const std::string blob = session->host_key();
  RF_CO_TRY(auto known, known_hosts(settings));
  HostKeyVerdict verdict = judge_host_key(*known, name, blob);
  if (verdict.status == HostKeyVerdict::Status::match) co_return Result<void>();
  const bool may_add = verdict.status == HostKeyVerdict::Status::unknown && !settings.user_known_hosts.empty() &&
                       options_.unknown_host_key != SshOptions::UnknownHostKey::refuse;
  if (!may_add) co_return key_error(settings, name, verdict, blob);
  const auto place = co_await one_question_.enter();
  // Another node under the same name may have been answered for in the meantime.
  RF_CO_TRY(known, known_hosts(settings));
  verdict = judge_host_key(*known, name, blob);
  if (verdict.status == HostKeyVerdict::Status::match) co_return Result<void>();
  if (verdict.status != HostKeyVerdict::Status::unknown) co_return key_error(settings, name, verdict, blob);
  const NewHostKey key{known_name(name), key_type(blob), key_fingerprint(blob)};
  if (options_.unknown_host_key == SshOptions::UnknownHostKey::ask) {
    if (!options_.confirm_host_key) co_return key_error(settings, name, verdict, blob);
    const bool yes = co_await options_.confirm_host_key(key);
    if (!yes) co_return key_error(settings, name, verdict, blob);
  }
  RF_CO_CHECK(add_known_host(settings.user_known_hosts.front(), name, blob, settings.new_names));
  known_.clear();
  if (options_.on_accepted) options_.on_accepted(key);
  co_return Result<void>();
}

asio::awaitable<Result<SshSettings>> SshClient::settings_of(const Target& target) {
  RF_CO_CHECK(check_target(target));
  const auto place = co_await configurations_.enter();
  co_return co_await read_ssh_settings(target, options_.config);
}

asio::awaitable<Result<std::shared_ptr<SshSession>>> SshClient::open_session(Target target, int depth) {
  auto settings = co_await settings_of(target);
  if (!settings) co_return std::move(settings).error();
  if (depth == 0) RF_CO_CHECK(co_await check_jumps(settings->jumps));
  RF_CO_TRY(const auto known, known_hosts(*settings));
  RF_CO_TRY(const auto session, co_await shake_hands(*settings, *known, depth));
  const HostName name{settings->host_name, settings->port, settings->host_key_alias};
  auto verified = co_await verify(*settings, name, session);
  if (verified) verified = co_await authenticate(*settings, session);
  if (!verified) {
    session->close();
    co_return std::move(verified).error();
  }
  co_return session;
}

asio::awaitable<Result<std::unique_ptr<Shell>>> SshClient::connect(Target target) {
  RF_CO_TRY(const auto session, co_await open_session(target, 0));
  Deadline deadline(executor_, options_.limits.shell, [&session] { session->close(); });
  auto stream = co_await session->exec(std::string(bootstrap_command(options_.access)));
  deadline.disarm();
  if (!stream) co_return std::move(stream).error();
  co_return co_await open_shell(*std::move(stream), options_.access, options_.limits.shell);
}

}  // namespace rf
