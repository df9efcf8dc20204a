// A node's files as they will be when its distribution has started again: where it renders its own configuration from
// what the user declares (K3s and RKE2 from registries.yaml), `explain` and the plan look at these.
#pragma once
#include "base/result.h"
#include "containerd/k3s/registries_yaml.h"
#include "node/profile.h"

namespace rf {

// How this node's program was started and where its files are; for profiles of the style registries-yaml.
RegistriesYamlNode registries_yaml_node(const Facts& facts, const Detection& detection);

// `tree` itself for every other style. An Error: the program would not start with these files.
Result<FileTree> tree_after_start(const FileTree& tree, const Facts& facts, const Detection& detection);

}  // namespace rf
