// Endpoints asked from the nodes themselves, all nodes at once.
#pragma once
#include <functional>
#include <optional>
#include <vector>

#include "nodes.h"
#include "probe/probe.h"

namespace rf::cmd {

using Probes = std::vector<std::optional<NodeProbe>>;  // by node; none where the node could not be asked
using ChainsOf = std::function<std::vector<Chain>(const Node&)>;

// Every endpoint of these chains; with an image, for that image, which is pulled too. A node without chains is not
// asked.
Probes probe_nodes(Nodes& nodes, const std::optional<ImageReference>& image, const ChainsOf& chains_of);

}  // namespace rf::cmd
