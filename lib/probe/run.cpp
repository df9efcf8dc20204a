#include "probe/run.h"

#include "probe/plan.h"

namespace rf {

asio::awaitable<Result<NodeProbe>> probe_node(Shell& shell, std::span<const Chain> chains,
                                              const ProbeOptions& options) {
  const auto program = probe_program(chains, options);
  // Eight are asked at once; the node ends each by itself, this limit is for a node that hangs.
  const auto rounds = static_cast<int>(questions(chains, options).size() / 8 + 1);
  const int seconds = rounds * (options.seconds + 2) + (options.image ? options.pull_seconds : 0) + 20;
  RF_CO_TRY(const auto output, co_await shell.run(program, {.time = std::chrono::seconds(seconds), .bytes = 1U << 20}));
  co_return read_probe(output.text, chains, options).doing("asking the endpoints from the node");
}

}  // namespace rf
