// The pure half of kind_cluster.h: what a container engine printed, and what follows from it.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "host/kind_cluster.h"
#include "transport/ways/container_name.h"

namespace rf {
namespace {

using Json = nlohmann::json;

Error strange(std::string what) {
  return {.kind = ErrorKind::parse,
          .message = "the container engine printed " + std::move(what),
          .hint = "check that `docker ps -a` and `docker container inspect` work"};
}

const Json* member(const Json* object, const char* name) {
  if (object == nullptr || !object->is_object()) return nullptr;
  const auto found = object->find(name);
  return found == object->end() ? nullptr : &*found;
}

std::string text_of(const Json* value) {
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

int port_of(const std::string& text) {
  if (text.empty() || text.size() > 5 || text.find_first_not_of("0123456789") != text.npos) return 0;
  const int port = std::stoi(text);
  return port <= 65535 ? port : 0;
}

// A stopped container publishes nothing now; what it will publish stands in its HostConfig.
void read_published(const Json& container, ContainerFacts& facts) {
  for (const auto* ports : {member(member(&container, "NetworkSettings"), "Ports"),
                            member(member(&container, "HostConfig"), "PortBindings")}) {
    const auto* bindings = member(ports, "5000/tcp");
    if (facts.host_port != 0 || bindings == nullptr || !bindings->is_array() || bindings->empty()) continue;
    facts.host_port = port_of(text_of(member(&bindings->front(), "HostPort")));
    facts.host_address = text_of(member(&bindings->front(), "HostIp"));
    if (facts.host_address.empty() || facts.host_address == "0.0.0.0") facts.host_address = "127.0.0.1";
  }
}

}  // namespace

Result<std::vector<KindContainer>> parse_kind_containers(std::string_view output) {
  std::vector<KindContainer> containers;
  for (const auto line : lines(output)) {
    if (trim(line).empty()) continue;
    const auto parts = split(line, '\t');
    if (parts.size() != 4) return strange("an unexpected line: " + terminal_safe(line.substr(0, 200)));
    if (!is_container_name(parts[0]) || !is_container_name(parts[3]))
      return strange("an invalid name: " + terminal_safe(line.substr(0, 200)));
    const bool runs = parts[2].starts_with("Up") && parts[2].find("(Paused)") == parts[2].npos;
    containers.push_back({.cluster = std::string(parts[0]),
                          .role = std::string(parts[1]),
                          .name = std::string(parts[3]),
                          .state = runs ? KindContainer::State::running : KindContainer::State::stopped});
  }
  std::sort(containers.begin(), containers.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return containers;
}

Result<KindCluster> choose_kind_cluster(std::string_view name, std::span<const EngineAnswer> answers) {
  std::set<std::string> there;
  std::vector<std::string> silent;
  for (const auto& answer : answers) {
    if (!answer.containers) {
      silent.push_back(answer.containers.error().message);
      continue;
    }
    KindCluster cluster{.engine = answer.engine, .name = std::string(name), .containers = {}};
    for (const auto& container : *answer.containers) {
      there.insert(container.cluster);
      if (container.cluster == name) cluster.containers.push_back(container);
    }
    if (!cluster.containers.empty()) return cluster;
  }
  if (silent.size() == answers.size()) {
    return Error{
        .kind = ErrorKind::connect,
        .message = "no container engine could list KIND clusters: " + join(silent, "; "),
        .hint = "check that the engine runs and that this user may use it (`docker ps`); DOCKER_HOST is honoured"};
  }
  std::string message = "there is no KIND cluster '" + terminal_safe(name) + "'";
  if (!silent.empty()) message += " (" + join(silent, "; ") + ")";
  const std::vector<std::string> names(there.begin(), there.end());
  return Error{.kind = ErrorKind::connect,
               .message = message,
               .hint = names.empty() ? "there are no KIND clusters; `kind create cluster` creates one"
                                     : "existing clusters: " + join(names, ", ")};
}

Result<KindNodes> nodes_of(const KindCluster& cluster, const NodeSpec& like) {
  KindNodes out;
  std::vector<std::string> stopped;
  for (const auto& container : cluster.containers) {
    if (!container.is_node()) continue;
    if (container.state == KindContainer::State::stopped) {
      stopped.push_back(container.name);
      continue;
    }
    NodeSpec node = like;
    node.kind = cluster.engine == "podman" ? NodeSpec::Kind::podman : NodeSpec::Kind::docker;
    node.name = container.name;
    node.text = cluster.engine + ":" + container.name;
    out.nodes.push_back(std::move(node));
  }
  const auto start = cluster.engine + " start " + join(stopped, " ");
  if (out.nodes.empty()) {
    return Error{.kind = ErrorKind::connect,
                 .message = "no node of the KIND cluster '" + cluster.name + "' is running",
                 .hint = stopped.empty() ? "`kind get nodes --name " + cluster.name + "` lists its nodes" : start};
  }
  for (const auto& name : stopped)
    out.notes.push_back(name + " is not running and is left out; " + cluster.engine + " start " + name);
  return out;
}

Result<ContainerFacts> parse_container(std::string_view json) {
  const auto read = Json::parse(json.begin(), json.end(), nullptr, false);
  if (!read.is_array() || read.size() != 1 || !read.front().is_object())
    return strange("something other than the description of one container");
  const auto& container = read.front();
  ContainerFacts facts;
  const auto* running = member(member(&container, "State"), "Running");
  if (running == nullptr || !running->is_boolean()) return strange("a container without a state");
  facts.running = running->get<bool>();
  facts.image = text_of(member(member(&container, "Config"), "Image"));
  if (const auto* networks = member(member(&container, "NetworkSettings"), "Networks");
      networks != nullptr && networks->is_object()) {
    for (const auto& network : networks->items()) {
      if (is_container_name(network.key())) facts.networks.push_back(network.key());
    }
  }
  read_published(container, facts);
  return facts;
}

}  // namespace rf
