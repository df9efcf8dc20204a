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

namespace rf {

struct OpensshOptions {
  std::string config_file = {};  // ssh -F; empty: ssh's own choice
  enum class UnknownHostKey { refuse, accept } unknown_host_key = UnknownHostKey::refuse;
  enum class Prompts { never, on_terminal } prompts = Prompts::never;  // ssh itself asks for passphrases
};

struct OpensshTimes {
  std::chrono::milliseconds connect{30'000};
  KeepAlive keep_alive = {};
};

asio::awaitable<Result<std::unique_ptr<Shell>>> open_openssh(const Target& target, const Access& access,
                                                             const OpensshOptions& options);

// The command line; and what ssh's own messages mean. Pure. `command` is what is run on the node.
std::vector<std::string> openssh_command(const Target& target, const std::string& command,
                                         const OpensshOptions& options, const OpensshTimes& times);
Error openssh_error(const Target& target, Error error);

}  // namespace rf
