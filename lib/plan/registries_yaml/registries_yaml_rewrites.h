// `rewrite` rules of registries.yaml for a containerd that has none: those that put one prefix before every repository
// are paths of their endpoints. Internal to the room.
#pragma once
#include <string>
#include <vector>

#include "containerd/k3s/registries_yaml.h"

namespace rf {

struct WithoutRewrites {
  RegistriesYaml registries;      // no mirror has a rule
  std::vector<std::string> lost;  // rules that no path can say
};
WithoutRewrites without_rewrites(const RegistriesYaml& registries, const RegistriesYamlSettings& settings);

}  // namespace rf
