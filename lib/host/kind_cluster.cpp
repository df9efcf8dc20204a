#include "host/kind_cluster.h"

#include <algorithm>
#include <cstdlib>

#include "base/text.h"
#include "fleet/loop.h"
#include "transport/shell/child.h"
#include "transport/ways/container.h"

namespace rf {
namespace {

constexpr std::size_t longest_complaint = 400;

// Podman has no .Label; in docker .Labels is one text.
std::vector<std::string> list_arguments(std::string_view engine) {
  const std::string_view form =
      engine == "podman" ? "{{index .Labels \"io.x-k8s.kind.%\"}}" : "{{.Label \"io.x-k8s.kind.%\"}}";
  return {"ps",
          "-a",
          "--filter",
          "label=io.x-k8s.kind.cluster",
          "--format",
          replace_all(form, "%", "cluster") + "\t" + replace_all(form, "%", "role") + "\t{{.Status}}\t{{.Names}}"};
}

std::vector<std::string> engines() {
  const char* wish = std::getenv("KIND_EXPERIMENTAL_PROVIDER");
  if (wish != nullptr && std::string_view(wish) == "podman") return {"podman", "docker"};
  return {"docker", "podman"};
}

Result<std::vector<KindContainer>> list_containers(const std::string& engine) {
  RF_TRY(const auto listed, run_engine(engine, list_arguments(engine), std::chrono::seconds(20)));
  return parse_kind_containers(listed.text);
}

asio::awaitable<Result<Output>> run_in(Container container, const std::string& program,
                                       std::chrono::milliseconds limit) {
  const Access access{.privilege = Privilege::root};
  RF_CO_TRY(const auto shell, co_await open_container(container, access));
  auto output = co_await shell->run(program, {.time = limit});
  co_return output;
}

bool has_cluster(const EngineAnswer& answer, std::string_view name) {
  return answer.containers && std::any_of(answer.containers->begin(), answer.containers->end(),
                                          [&](const KindContainer& container) { return container.cluster == name; });
}

}  // namespace

Result<Output> run_engine(const std::string& engine, std::vector<std::string> arguments,
                          std::chrono::milliseconds limit) {
  arguments.insert(arguments.begin(), engine);
  ChildCommand command;
  command.argv = std::move(arguments);
  RF_TRY(auto output, run_loop(capture_child(command, limit)));
  if (output.rc != 0) {
    auto said = std::string(trim(output.complaint));
    if (said.size() > longest_complaint) said.erase(0, said.size() - longest_complaint);
    if (said.empty()) said = "exit status " + std::to_string(output.rc);
    return Error{.kind = ErrorKind::runtime, .message = engine + ": " + said};
  }
  return output;
}

Result<Output> run_in_container(const std::string& engine, const std::string& name, const std::string& program,
                                std::chrono::milliseconds limit) {
  return run_loop(run_in({.engine = engine, .name = name}, program, limit));
}

Result<KindCluster> find_kind_cluster(const std::string& name) {
  std::vector<EngineAnswer> answers;
  for (const auto& engine : engines()) {
    answers.push_back({engine, list_containers(engine)});
    if (has_cluster(answers.back(), name)) break;
  }
  return choose_kind_cluster(name, answers);
}

Result<KindNodes> expand_clusters(const std::vector<NodeSpec>& nodes) {
  KindNodes all;
  for (const auto& node : nodes) {
    if (node.kind != NodeSpec::Kind::kind_cluster) {
      all.nodes.push_back(node);
      continue;
    }
    RF_TRY(const auto cluster, find_kind_cluster(node.name));
    RF_TRY(const auto members, nodes_of(cluster, node));
    all.nodes.insert(all.nodes.end(), members.nodes.begin(), members.nodes.end());
    all.notes.insert(all.notes.end(), members.notes.begin(), members.notes.end());
  }
  return all;
}

}  // namespace rf
