// A hosts.toml text that gives exactly the endpoints of a chain.
#pragma once
#include <string>
#include <vector>

#include "base/content.h"
#include "base/version.h"
#include "containerd/chain/chain.h"

namespace rf {

struct MigratedHosts {
  Content content;
  std::vector<std::string> lost;  // endpoints this version cannot express, with the reason
};
// The last endpoint of the chain becomes `server`; or, as for "_default", it is each registry's own one, which
// containerd appends by itself, and only its properties are written.
enum class AppendedHost { last_is_server, own_upstream };
MigratedHosts migrated_hosts_toml(const std::vector<ChainEndpoint>& endpoints, AppendedHost appended,
                                  const Version& containerd, std::string_view comment);

// Gives every endpoint the configuration has credentials for an Authorization header. `lost` says what cannot be one.
void add_credentials(const EffectiveConfig& config, std::vector<ChainEndpoint>& endpoints,
                     std::vector<std::string>& lost);

}  // namespace rf
