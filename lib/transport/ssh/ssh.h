// Nodes over ssh: what all nodes of a run share (configuration, known hosts, keys, jump hosts), and the way to a root
// shell on each.
#pragma once
#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "transport/config/ssh_config.h"
#include "transport/config/target.h"
#include "transport/known_hosts/known_hosts.h"
#include "transport/shell/bootstrap.h"
#include "transport/shell/semaphore.h"
#include "transport/ssh/keyring.h"
#include "transport/ssh/session.h"

namespace rf {

class Deadline;

struct SshOptions {
  SshConfigFile config = {};
  Access access = {};
  ConnectLimits limits = {};
  enum class UnknownHostKey { refuse, ask, accept } unknown_host_key = UnknownHostKey::refuse;
  std::function<asio::awaitable<bool>(NewHostKey)> confirm_host_key = {};  // for `ask`; one question at a time
  std::function<void(const NewHostKey&)> on_accepted = {};                 // a key was added to known_hosts
  AskSecret ask_secret = {};  // passphrases, and passwords as a last resort; empty: nobody is asked
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
  asio::awaitable<Result<std::shared_ptr<SshSession>>> open_session(Target target, int depth);
  asio::awaitable<Result<std::shared_ptr<SshSession>>> jump_session(std::vector<Target> jumps, int depth);
  asio::awaitable<Result<void>> check_jumps(std::vector<Target> jumps);
  asio::awaitable<Result<std::shared_ptr<SshSession>>> shake_hands(const SshSettings& settings, const KnownHosts& known,
                                                                   int depth);
  asio::awaitable<Result<int>> reach(const SshSettings& settings, int depth);
  asio::awaitable<Result<void>> verify(const SshSettings& settings, const HostName& name,
                                       std::shared_ptr<SshSession> session);
  asio::awaitable<Result<void>> authenticate(const SshSettings& settings, std::shared_ptr<SshSession> session);
  asio::awaitable<Result<bool>> try_passwords(const SshSettings& settings, std::shared_ptr<SshSession> session,
                                              Deadline& deadline, const std::vector<std::string>& methods);
  asio::awaitable<Result<SshSettings>> settings_of(const Target& target);
  Result<std::shared_ptr<const KnownHosts>> known_hosts(const SshSettings& settings);

  asio::any_io_executor executor_;
  SshOptions options_;
  Keyring keyring_;
  Semaphore configurations_{8};  // ssh -G processes at a time
  Semaphore one_question_{1};
  std::map<std::string, std::shared_ptr<const KnownHosts>> known_;  // by the files' names
  std::map<std::string, std::shared_ptr<Jump>> jumps_;
};

}  // namespace rf
