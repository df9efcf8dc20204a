// What the user's own ssh configuration says about a host: `ssh -G`, or ssh's defaults where no ssh client is
// installed.
#pragma once
#include <asio/awaitable.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "transport/config/ssh_settings.h"
#include "transport/config/target.h"

namespace rf {

LocalUser local_user();

struct SshConfigFile {
  std::string path;  // ssh -F; empty: ssh's own choice; "none": no configuration
};
// What `ssh -G` prints. An Error of kind `unsupported`: no ssh client is installed.
asio::awaitable<Result<std::string>> ask_ssh_configuration(const Target& target, const SshConfigFile& config);
// And what it means.
asio::awaitable<Result<SshSettings>> read_ssh_settings(const Target& target, const SshConfigFile& config);
// What `ssh -G` says of a host without any configuration; nothing where it says nothing.
asio::awaitable<std::vector<SshWord>> read_ssh_defaults();

}  // namespace rf
