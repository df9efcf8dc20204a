#include "host/kind_cluster.h"

#include <algorithm>
#include <cstdlib>

#include "base/text.h"
#include "transport/shell/child.h"

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

asio::awaitable<Result<std::vector<KindContainer>>> list_containers(std::string engine) {
  auto arguments = list_arguments(engine);
  RF_CO_TRY(const auto listed, co_await run_engine(std::move(engine), std::move(arguments), std::chrono::seconds(20)));
  co_return parse_kind_containers(listed.text);
}

bool has_cluster(const EngineAnswer& answer, std::string_view name) {
  return answer.containers && std::any_of(answer.containers->begin(), answer.containers->end(),
                                          [&](const KindContainer& container) { return container.cluster == name; });
}

}  // namespace

asio::awaitable<Result<Output>> run_engine(std::string engine, std::vector<std::string> arguments,
                                           std::chrono::milliseconds limit) {
  arguments.insert(arguments.begin(), engine);
  ChildCommand command;
  command.argv = std::move(arguments);
  RF_CO_TRY(auto output, co_await capture_child(command, limit));
  if (output.rc != 0) {
    auto said = std::string(trim(output.complaint));
    if (said.size() > longest_complaint) said.erase(0, said.size() - longest_complaint);
    if (said.empty()) said = "exit status " + std::to_string(output.rc);
    co_return Error{.kind = ErrorKind::runtime, .message = engine + ": " + said};
  }
  co_return output;
}

asio::awaitable<Result<KindCluster>> find_kind_cluster(std::string name) {
  const auto order = engines();
  std::vector<EngineAnswer> answers;
  for (std::size_t i = 0; i < order.size() && (answers.empty() || !has_cluster(answers.back(), name)); ++i) {
    auto containers = co_await list_containers(order[i]);
    answers.push_back({order[i], std::move(containers)});
  }
  co_return choose_kind_cluster(name, answers);
}

}  // namespace rf
