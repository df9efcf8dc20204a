// `rewrite` rules of registries.yaml for a containerd that has none: those that put one prefix before every repository
// are paths of their endpoints. Internal to the room.
#pragma once
#include <string>
#include <vector>

#include "containerd/k3s/registries_yaml.h"

namespace rf {

// Whether the registry's own endpoint, written last, becomes the server, for which no rule is written.
enum class OwnEndpoint { is_server, is_host };

// The endpoints of a mirror as whole URLs; as written where its rules are more than one prefix, or there are none.
std::vector<std::string> endpoints_without_rewrites(const std::string& registry, const RegistriesYamlMirror& mirror,
                                                    OwnEndpoint own = OwnEndpoint::is_server);

struct WithoutRewrites {
  RegistriesYaml registries;      // no mirror has a rule
  std::vector<std::string> lost;  // rules that no path can say
};
WithoutRewrites without_rewrites(const RegistriesYaml& registries, const RegistriesYamlSettings& settings);

}  // namespace rf
