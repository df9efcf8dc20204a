// Chains as registries.yaml has words for them: the way back from what K3s and RKE2 render. Internal to the room.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "containerd/chain/chain.h"
#include "containerd/k3s/registries_yaml.h"

namespace rf {

struct ChainsInYaml {
  RegistriesYaml registries;      // what was given, and what the chains need beside it
  std::vector<std::string> lost;  // properties that registries.yaml has no word for, with the registry
};

// `chains` by registry, "*" for every other one; `plain`: those that need no entry unless "*" has one, because they are
// what containerd does by itself. `auths` of config.toml go to `configs`. `known` is what the file says already: it is
// never changed, only added to. `program` is named in `lost`. Whether the result gives the chains is for the caller to
// prove.
struct ChainsToSay {
  const std::map<std::string, Chain>& chains;
  const std::vector<std::string>& plain;
  const std::map<std::string, RegistryAuth, std::less<>>& auths;
};
ChainsInYaml registries_yaml_of_chains(const ChainsToSay& say, const RegistriesYaml& known, std::string_view program);

}  // namespace rf
