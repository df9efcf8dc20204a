// What the actions of `kind` share: which cluster, which registry, and how to speak of them.
#pragma once
#include <chrono>
#include <optional>
#include <string>

#include "host/kind_cluster.h"
#include "line/context.h"
#include "setup.h"

namespace rf::cmd {

constexpr int default_registry_port = 5001;
constexpr std::chrono::seconds engine_limit{20};
constexpr std::string_view config_map = "local-registry-hosting";

// --cluster, else KIND_CLUSTER_NAME, as kind itself takes it, else "kind".
std::string cluster_name(const Options& options);
// A wrong --cluster, --registry-name or --registry-image.
Result<void> check_kind_flags(const Options& options);

// The registry container; nothing when there is none of that name.
Result<std::optional<ContainerFacts>> inspect_registry(const KindCluster& cluster, const std::string& name);
// The network the nodes are on; "kind" where the engine does not tell.
std::string network_of(const KindCluster& cluster);
bool is_on(const ContainerFacts& container, const std::string& network);

// The running nodes, and the intent that images of localhost:PORT come from the registry container and from nowhere
// else.
Result<Setup> kind_setup(Context& context, const KindCluster& cluster, const std::string& registry, int port);

// The running control-plane node; nullptr when none runs.
const KindContainer* control_plane(const KindCluster& cluster);

int kind_registry(Context& context);
int kind_status(Context& context);

}  // namespace rf::cmd
