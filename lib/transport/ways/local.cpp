#include "transport/ways/local.h"

#include <asio/this_coro.hpp>

#include "transport/shell/child.h"

namespace rf {

asio::awaitable<Result<std::unique_ptr<Shell>>> open_local(const Access& access) {
  ChildCommand command;
  command.argv = {"/bin/sh", "-c", std::string(bootstrap_command(access))};
  RF_CO_TRY(auto stream, spawn_child(co_await asio::this_coro::executor, command));
  co_return co_await open_shell(std::move(stream), access, std::chrono::seconds(15));
}

}  // namespace rf
