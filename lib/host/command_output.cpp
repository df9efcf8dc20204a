#include "host/command_output.h"

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <optional>

#include "transport/shell/child.h"

namespace rf {

namespace {

asio::awaitable<void> run(const ChildCommand& command, std::chrono::milliseconds limit,
                          std::optional<Result<Output>>& output) {
  output.emplace(co_await capture_child(command, limit));
}

}  // namespace

Result<Output> command_output(const std::vector<std::string>& argv, std::chrono::milliseconds limit) {
  asio::io_context loop;
  std::optional<Result<Output>> output;
  const ChildCommand command{.argv = argv, .terminal = ChildCommand::Terminal::keep};
  asio::co_spawn(loop, run(command, limit, output), asio::detached);
  loop.run();
  if (!output) return Error{ErrorKind::io, argv.front() + " could not be run"};
  return *std::move(output);
}

}  // namespace rf
