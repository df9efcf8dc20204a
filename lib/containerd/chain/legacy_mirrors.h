// The chain of registry.mirrors and registry.configs, which the CRI plugin uses while config_path is empty.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "containerd/chain/chain.h"

namespace rf {

// The endpoints asked for a registry, in order, each with its scheme: mirrors["<registry>"], else mirrors["*"], and the
// registry itself last unless one of them has its host. An Error when one is not a URL.
Result<std::vector<std::string>> registry_endpoints(const EffectiveConfig& config, std::string_view registry);

// Fills in the endpoints (or the error) of `chain`, whose registry is set.
void legacy_chain(const FileTree& tree, const EffectiveConfig& config, const ChainOptions& options, Chain& chain);

}  // namespace rf
