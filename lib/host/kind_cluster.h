// KIND clusters on this machine, as docker or podman tells of them: which there are, their node containers, a
// container's own facts. What an engine prints is read by pure functions and trusted in nothing: a name may become an
// argument of the engine again.
#pragma once
#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "intent/intent.h"
#include "transport/shell/output.h"

namespace rf {

struct KindContainer {
  std::string cluster;
  std::string role;  // "control-plane", "worker", "external-load-balancer"
  std::string name;
  enum class State { running, stopped } state = State::stopped;
  bool is_node() const { return role != "external-load-balancer"; }
  bool operator==(const KindContainer&) const = default;
};
// Lines of cluster, role, status and name with tabs between them; a line of another form is an Error.
Result<std::vector<KindContainer>> parse_kind_containers(std::string_view output);

struct EngineAnswer {
  std::string engine;                             // "docker" or "podman"
  Result<std::vector<KindContainer>> containers;  // of all clusters
};
struct KindCluster {
  std::string engine;
  std::string name;
  std::vector<KindContainer> containers;  // sorted by name
};
// The cluster as the first engine that has it tells; else an Error with the clusters there are, or why no engine could
// be asked.
Result<KindCluster> choose_kind_cluster(std::string_view name, std::span<const EngineAnswer> answers);

struct KindNodes {
  std::vector<NodeSpec> nodes;     // those that run, each as a docker: or podman: node
  std::vector<std::string> notes;  // about those that do not
};
// `like` is the node kind:NAME of the intent. None that runs is an Error.
Result<KindNodes> nodes_of(const KindCluster& cluster, const NodeSpec& like);

struct ContainerFacts {
  std::string image;
  bool running = false;
  std::vector<std::string> networks;
  std::string host_address;  // where its port 5000 is published; "" when it is not
  int host_port = 0;
};
// What `docker container inspect NAME` printed.
Result<ContainerFacts> parse_container(std::string_view json);

// One command of the engine, as a child process without a shell. A failure is an Error with what it said.
Result<Output> run_engine(const std::string& engine, std::vector<std::string> arguments,
                          std::chrono::milliseconds limit);
// A program in a running container, as root.
Result<Output> run_in_container(const std::string& engine, const std::string& name, const std::string& program,
                                std::chrono::milliseconds limit);
// Asks docker, then podman (the other way round with KIND_EXPERIMENTAL_PROVIDER=podman, as kind does). DOCKER_HOST
// counts.
Result<KindCluster> find_kind_cluster(const std::string& name);
// The nodes with kind:NAME replaced by the running nodes of that cluster.
Result<KindNodes> expand_clusters(const std::vector<NodeSpec>& nodes);

}  // namespace rf
