// A hosts.toml text that gives exactly the endpoints of a legacy chain.
#pragma once
#include <string>
#include <vector>

#include "base/secret.h"
#include "base/version.h"
#include "containerd/chain.h"

namespace rf {

struct MigratedHosts {
  Secret text;
  std::vector<std::string> lost;  // endpoints this version cannot express, with the reason
};
// `own_upstream`: containerd itself appends each registry's own endpoint, as for "_default"; else the last one becomes `server`.
enum class AppendedHost { last_is_server, own_upstream };
MigratedHosts migrated_hosts_toml(const std::vector<ChainEndpoint>& endpoints, AppendedHost appended, const Version& containerd, std::string_view comment);

}  // namespace rf
