#include "transport/ssh/ssh.h"

#include <array>
#include <random>

#include "base/text.h"
#include "transport/known_hosts/known_hosts_file.h"
#include "transport/ssh/tcp.h"
#include "transport/ssh/tunnel.h"

namespace rf {
namespace {

constexpr int longest_chain = 8;
constexpr int most_questions = 3;  // for one host: its key, a passphrase, a password
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
          .hint = "the node may be overloaded; --timeout gives it more time"};
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
    : executor_(executor), options_(std::move(options)), keyring_(executor, options_.ask_secret, options_.agent) {}

SshClient::~SshClient() {
  for (const auto& [name, jump] : jumps_) {
    if (jump->session) jump->session->close();
  }
  for (const auto& session : left_behind_) session->close();
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

asio::awaitable<Result<int>> SshClient::reach(const SshSettings& settings, SetUp& set_up, int depth) {
  auto limit = set_up.left();
  if (settings.connect_timeout > 0)
    limit = std::min<std::chrono::milliseconds>(limit, std::chrono::seconds(settings.connect_timeout));
  if (settings.jumps.empty()) co_return co_await connect_tcp(settings.host_name, settings.port, settings.from, limit);
  std::optional<Deadline::Pause> waiting;
  waiting.emplace(set_up.deadline());  // the jump host has a time of its own, and others may be before us
  while (true) {
    RF_CO_TRY(const auto jump, co_await jump_session(settings.jumps, settings.name, depth + 1));
    const auto tunnels = jump->tunnels();
    const auto turn = co_await tunnels->turn();
    if (tunnels->clogged()) continue;
    waiting.reset();
    co_return co_await tunnels->open(settings.host_name, settings.port, set_up.left());
  }
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

asio::awaitable<Result<std::shared_ptr<SshSession>>> SshClient::jump_session(std::vector<Target> jumps,
                                                                             std::string on_behalf, int depth) {
  Target target = last_jump(std::move(jumps));
  auto& slot = jumps_[to_string(target) + " " + target.jump];
  if (!slot) slot = std::make_shared<Jump>();
  const auto jump = slot;
  const auto place = co_await jump->one_at_a_time.enter();
  if (jump->session && !jump->session->closed() && !jump->session->tunnels()->clogged()) co_return jump->session;
  if (jump->session) left_behind_.push_back(std::move(jump->session));  // others still use it
  const std::string name = to_string(target);
  target.name = on_behalf + " through " + name;
  auto settings = co_await settings_of(target);
  if (!settings) co_return std::move(settings).doing("connecting to the jump host " + name).error();
  SetUp set_up(executor_, options_.access.limit);
  auto session = co_await open_session(*settings, set_up, depth);
  if (!session) co_return std::move(session).doing("connecting to the jump host " + name).error();
  jump->session = *std::move(session);
  co_return jump->session;
}

asio::awaitable<Result<std::shared_ptr<SshSession>>> SshClient::shake_hands(const SshSettings& settings, SetUp& set_up,
                                                                            int depth) {
  RF_CO_TRY(const auto known, known_hosts(settings));
  RF_CO_TRY(const auto algorithms, offered_algorithms(settings.algorithms, *known, host_name_of(settings)));
  for (std::size_t attempt = 0;; ++attempt) {
    RF_CO_TRY(const int fd, co_await reach(settings, set_up, depth));
    const auto session = std::make_shared<SshSession>(
        executor_, fd, settings.jumps.empty() ? SshSession::Link::tcp : SshSession::Link::pipe);
    set_up.ends([session] { session->close(); });
    if (set_up.out_of_time()) session->close();
    auto limit = set_up.limit();
    std::optional<Deadline> sooner;  // ConnectTimeout
    if (settings.connect_timeout > 0 && std::chrono::seconds(settings.connect_timeout) < set_up.left()) {
      limit = std::chrono::seconds(settings.connect_timeout);
      sooner.emplace(executor_, limit, [session] { session->close(); });
    }
    auto shaken = co_await session->handshake(algorithms);
    if (shaken) co_return session;
    if (set_up.out_of_time() || (sooner && sooner->passed())) co_return handshake_timeout(settings, *session, limit);
    const bool again = session->turned_away() && attempt < back_off.size();
    Error error = std::move(shaken).error();
    error.message = where(settings) + ": " + error.message;
    if (session->turned_away())
      error.hint =
          "sshd closes the connection at once: check MaxStartups, PerSourcePenalties, a firewall and sshd's log";
    session->close();
    if (!again) co_return error;
    co_await set_up.sleep(with_jitter(back_off[attempt]));
    if (set_up.out_of_time()) co_return error;
  }
}

Result<HostTrust> SshClient::judge(const SshSettings& settings, const SshSession& session) {
  RF_TRY(const auto known, known_hosts(settings));
  auto& revoked = revoked_[join(settings.revoked_host_keys, "\n")];
  if (!revoked) {
    RF_TRY(revoked, read_revoked_keys(settings.revoked_host_keys));
  }
  const OfferedHost host{host_name_of(settings), session.address(), session.host_key()};
  return judge_host(settings, *known, *revoked, host,
                    options_.confirm_host_key || options_.unknown_host_key != UnknownHostKey::ask
                        ? options_.unknown_host_key
                        : UnknownHostKey::refuse);
}

asio::awaitable<Result<void>> SshClient::verify(const SshSettings& settings, SetUp& set_up,
                                                std::shared_ptr<SshSession> session) {
  RF_CO_TRY(auto trust, judge(settings, *session));
  if (trust.answer == HostTrust::Answer::known) co_return Result<void>();
  if (trust.answer == HostTrust::Answer::refused) co_return *std::move(trust.why);
  const Deadline::Pause waiting(set_up.deadline());
  const auto place = co_await one_question_.enter();
  // Another node under the same name may have been answered for in the meantime.
  RF_CO_TRY(trust, judge(settings, *session));
  if (trust.answer == HostTrust::Answer::refused) co_return *std::move(trust.why);
  if (trust.answer != HostTrust::Answer::known) {
    const std::string blob = session->host_key();
    const auto name = host_name_of(settings);
    const NewHostKey key{settings.name, known_name(name), key_type(blob), key_fingerprint(blob)};
    if (trust.answer == HostTrust::Answer::ask) {
      RF_CO_TRY(const bool yes, co_await options_.confirm_host_key(key));
      if (!yes) co_return *std::move(trust.why);
    }
    RF_CO_CHECK(add_known_host(settings.user_known_hosts.front(), name, blob, settings.new_names));
    known_.clear();
    if (options_.on_accepted) options_.on_accepted(key);
  }
  set_up.hung_up_meanwhile = session->hung_up();
  co_return Result<void>();
}

asio::awaitable<Result<SshSettings>> SshClient::settings_of(Target target) {
  RF_CO_CHECK(check_target(target));
  const auto place = co_await configurations_.enter();
  RF_CO_TRY(auto settings, co_await read_ssh_settings(target, options_.config));
  if (!settings.unknown.empty()) co_await warn_of_unknown(settings);
  co_return settings;
}

asio::awaitable<void> SshClient::warn_of_unknown(const SshSettings& settings) {
  const auto place = co_await one_look_at_defaults_.enter();
  if (!defaults_) defaults_ = co_await read_ssh_defaults();
  for (const auto& word : settings.unknown) {
    if (std::find(defaults_->begin(), defaults_->end(), word) != defaults_->end()) continue;
    if (!warned_of_.insert(word.option).second || !options_.on_warning) continue;
    options_.on_warning("your ssh configuration sets " + terminal_safe(word.option) + " for " + settings.name +
                        ", an option that is not supported here: a restriction that it sets is not applied. " +
                        "--transport openssh applies it");
  }
}

asio::awaitable<Result<std::shared_ptr<SshSession>>> SshClient::log_in(const SshSettings& settings, SetUp& set_up,
                                                                       int depth) {
  set_up.hung_up_meanwhile = false;
  RF_CO_TRY(const auto session, co_await shake_hands(settings, set_up, depth));
  auto logged_in = co_await verify(settings, set_up, session);
  if (logged_in && !set_up.hung_up_meanwhile) logged_in = co_await authenticate(settings, set_up, session);
  if (logged_in && !set_up.hung_up_meanwhile) {
    session->keep_alive(settings.keep_alive);
    co_return session;
  }
  session->close();
  if (!logged_in) co_return std::move(logged_in).error();
  co_return nullptr;
}

// A server waits for a log-in for a while only (LoginGraceTime, 2 minutes with OpenSSH), and a person may take longer:
// then the connection is made again, with the answer.
asio::awaitable<Result<std::shared_ptr<SshSession>>> SshClient::open_session(const SshSettings& settings, SetUp& set_up,
                                                                             int depth) {
  for (int again = 0;; ++again) {
    auto session = co_await log_in(settings, set_up, depth);
    if (set_up.hung_up_meanwhile && again < most_questions) continue;
    if (session && !*session)
      co_return Error{.kind = ErrorKind::connect,
                      .message = where(settings) + " closed the connection during a prompt"};
    co_return session;
  }
}

asio::awaitable<Result<OpenedStream>> SshClient::open_stream(const Target& target, std::string command) {
  RF_CO_TRY(const auto settings, co_await settings_of(target));
  RF_CO_CHECK(co_await check_jumps(settings.jumps));
  SetUp set_up(executor_, options_.access.limit);
  RF_CO_TRY(const auto session, co_await open_session(settings, set_up, 0));
  auto stream = co_await session->exec(command);
  if (set_up.out_of_time()) {
    co_return Error{
        .kind = ErrorKind::timeout,
        .message = where(settings) + " accepted the login but opened no session within " + seconds(set_up.limit()),
        .hint = "the node may be overloaded; --timeout gives it more time"};
  }
  if (!stream) co_return std::move(stream).error();
  co_return OpenedStream{*std::move(stream), set_up.left()};
}

asio::awaitable<Result<std::unique_ptr<Shell>>> SshClient::connect(Target target) {
  const OpenStream open = [&](std::string command) { return open_stream(target, std::move(command)); };
  co_return co_await open_shell(open, options_.access, target.named());
}

}  // namespace rf
