// hosts.toml as text, from what its reader gives: parse_hosts_toml() of it gives these entries again, field by field,
// for every version that knows the fields.
#pragma once
#include <string_view>
#include <vector>

#include "base/content.h"
#include "containerd/chain/hosts_toml.h"

namespace rf {

// Order is meaning. The last entry becomes `server`, which containerd asks after all others; without a host it stands
// for the registry itself, of which capabilities cannot be said. `head` is the comment lines the file begins with.
// A host that is listed twice is spelled differently the second time, since TOML has one table for a name: its path
// then is "/v2/" for "/v2", which asks for the same. Headers are secrets by their names.
Content write_hosts_toml(std::string_view head, const std::vector<HostEntry>& entries);

// The registry itself: no `server` is written, and containerd asks the image's own host last.
HostEntry registry_itself();

}  // namespace rf
