#include "probe_nodes.h"

#include "probe/run.h"

namespace rf::cmd {

Probes probe_nodes(Nodes& nodes, const std::optional<ImageReference>& image, const ChainsOf& chains_of) {
  Probes probes(nodes.all().size());
  auto round = nodes.everywhere();
  std::erase_if(round.which, [&](std::size_t index) { return !nodes.all()[index].ready(); });
  nodes.run(round, [&](Node& node, NodeRun& one) -> asio::awaitable<Result<void>> {
    const auto chains = chains_of(node);
    if (chains.empty()) co_return Result<void>();
    const auto& runtime = node.detection->runtime;
    const ProbeOptions options{
        .image = image, .runtime_pid = runtime.pid, .runtime_socket = runtime.address, .runtime_unit = runtime.unit};
    one.progress(image ? "asking endpoints, pulling " + to_string(*image) : "asking endpoints");
    RF_CO_TRY(probes[static_cast<std::size_t>(&node - nodes.all().data())],
              co_await probe_node(*node.shell, chains, options));
    co_return Result<void>();
  });
  return probes;
}

}  // namespace rf::cmd
