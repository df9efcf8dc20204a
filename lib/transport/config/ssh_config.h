// What the user's own ssh configuration says about a host: `ssh -G`, or ssh's defaults where no ssh client is
// installed.
#pragma once
#include <asio/awaitable.hpp>
#include <string>

#include "base/result.h"
#include "transport/config/ssh_settings.h"
#include "transport/config/target.h"

namespace rf {

LocalUser local_user();

struct SshConfigFile {
  std::string path;  // ssh -F; empty: ssh's own choice; "none": no configuration
};
// Asks `ssh -G`.
asio::awaitable<Result<SshSettings>> read_ssh_settings(const Target& target, const SshConfigFile& config);

}  // namespace rf
