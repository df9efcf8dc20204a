// A node through the system's own ssh program: for what libssh2 cannot do (certificates, hardware keys, GSSAPI,
// ProxyCommand).
#pragma once
#include <asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "transport/config/ssh_settings.h"
#include "transport/config/target.h"
#include "transport/shell/bootstrap.h"
#include "transport/ways/askpass.h"

namespace rf {

struct OpensshOptions {
  std::string config_file = {};  // ssh -F; empty: ssh's own choice
  // `ask` and `accept` as far as the configuration lets unknown hosts in.
  enum class UnknownHostKey { refuse, ask, accept } unknown_host_key = UnknownHostKey::refuse;
  std::shared_ptr<Askpass> askpass = {};  // for its questions; none: nobody is asked
};

asio::awaitable<Result<std::unique_ptr<Shell>>> open_openssh(const Target& target, const Access& access,
                                                             const OpensshOptions& options);

// The command line; and what ssh's own messages mean. Pure. `command` is what is run on the node.
std::vector<std::string> openssh_command(const Target& target, const std::string& command,
                                         const OpensshOptions& options, const SshProgramSettings& settings,
                                         std::chrono::milliseconds limit);
Error openssh_error(const Target& target, Error error);
// The server, or the network, ended the connection; ssh may say nothing then. Of an error before openssh_error().
bool is_hang_up(const Error& error);

}  // namespace rf
