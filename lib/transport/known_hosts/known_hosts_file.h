// Reading known_hosts files and adding to one.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "transport/known_hosts/known_hosts.h"
#include "transport/known_hosts/revoked_keys.h"

namespace rf {

// A file that does not exist holds nothing; one that cannot be read is an Error, because it might revoke a key.
Result<KnownHosts> read_known_hosts(const std::vector<std::string>& files);
// As ssh: a file that is not there, or cannot be read, is an Error of kind host_key.
Result<RevokedKeys> read_revoked_keys(const std::vector<std::string>& files);

// Adds one line for the host, hashed where asked or if the file's last name is; never touches what stands there. Safe
// beside other writers (flock, one append).
enum class NewNames { plain, hashed };
Result<void> add_known_host(const std::string& file, const HostName& name, std::string_view blob, NewNames names);

}  // namespace rf
