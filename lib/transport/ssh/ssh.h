// Nodes over ssh: what all nodes of a run share (configuration, known hosts, keys, jump hosts), and the way to a root
// shell on each.
#pragma once
#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "transport/config/host_trust.h"
#include "transport/config/ssh_config.h"
#include "transport/config/target.h"
#include "transport/known_hosts/known_hosts.h"
#include "transport/shell/bootstrap.h"
#include "transport/shell/semaphore.h"
#include "transport/ssh/keyring.h"
#include "transport/ssh/session.h"
#include "transport/ssh/set_up.h"

namespace rf {

struct SshOptions {
  SshConfigFile config = {};
  Access access = {};
  UnknownHostKey unknown_host_key = UnknownHostKey::refuse;
  std::function<asio::awaitable<Result<bool>>(NewHostKey)> confirm_host_key = {};  // for `ask`
  std::function<void(const NewHostKey&)> on_accepted = {};                         // a key was added to known_hosts
  AskSecret ask_secret = {};  // passphrases, and passwords as a last resort; empty: nobody is asked
  AgentLimits agent = {};
  std::function<void(const std::string&)> on_warning = {};  // once a run each
};

// One for a run, on one event loop; it must outlive the shells it opened through a jump host.
class SshClient {
 public:
  SshClient(const asio::any_io_executor& executor, SshOptions options);
  ~SshClient();
  SshClient(const SshClient&) = delete;
  SshClient& operator=(const SshClient&) = delete;

  // One connection, one channel. Kinds of errors: usage, connect, timeout, host_key, auth, privilege, unsupported.
  asio::awaitable<Result<std::unique_ptr<Shell>>> connect(Target target);

 private:
  struct Jump {
    std::shared_ptr<SshSession> session;
    Semaphore one_at_a_time{1};
  };
  asio::awaitable<Result<OpenedStream>> open_stream(const Target& target, std::string command);
  asio::awaitable<Result<std::shared_ptr<SshSession>>> open_session(const SshSettings& settings, SetUp& set_up,
                                                                    int depth);
  asio::awaitable<Result<std::shared_ptr<SshSession>>> log_in(const SshSettings& settings, SetUp& set_up, int depth);
  asio::awaitable<Result<std::shared_ptr<SshSession>>> jump_session(std::vector<Target> jumps, std::string on_behalf,
                                                                    int depth);
  asio::awaitable<Result<void>> check_jumps(std::vector<Target> jumps);
  asio::awaitable<Result<std::shared_ptr<SshSession>>> shake_hands(const SshSettings& settings, SetUp& set_up,
                                                                   int depth);
  asio::awaitable<Result<int>> reach(const SshSettings& settings, SetUp& set_up, int depth);
  asio::awaitable<Result<void>> verify(const SshSettings& settings, SetUp& set_up, std::shared_ptr<SshSession> session);
  Result<HostTrust> judge(const SshSettings& settings, const SshSession& session);
  asio::awaitable<Result<void>> authenticate(const SshSettings& settings, SetUp& set_up,
                                             std::shared_ptr<SshSession> session);
  asio::awaitable<Result<bool>> try_passwords(const SshSettings& settings, SetUp& set_up,
                                              std::shared_ptr<SshSession> session,
                                              const std::vector<std::string>& methods);
  asio::awaitable<Result<SshSettings>> settings_of(Target target);
  asio::awaitable<void> warn_of_unknown(const SshSettings& settings);
  Result<std::shared_ptr<const KnownHosts>> known_hosts(const SshSettings& settings);

  asio::any_io_executor executor_;
  SshOptions options_;
  Keyring keyring_;
  Semaphore configurations_{8};  // ssh -G processes at a time
  Semaphore one_question_{1};
  std::map<std::string, std::shared_ptr<const KnownHosts>> known_;  // by the files' names
  std::map<std::string, std::optional<RevokedKeys>> revoked_;       // as well
  std::map<std::string, std::shared_ptr<Jump>> jumps_;
  std::vector<std::shared_ptr<SshSession>> left_behind_;  // to jump hosts, that open no further connection
  Semaphore one_look_at_defaults_{1};
  std::optional<std::vector<SshWord>> defaults_;  // of the ssh program
  std::set<std::string> warned_of_;
};

}  // namespace rf
