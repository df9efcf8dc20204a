#include "transport/ways/local.h"

#include <asio/this_coro.hpp>

#include "transport/shell/child.h"

namespace rf {

asio::awaitable<Result<std::unique_ptr<Shell>>> open_local(const Access& access, const std::string& name) {
  const OpenStream open = [&access](std::string command) -> asio::awaitable<Result<OpenedStream>> {
    const ChildCommand child{.argv = {"/bin/sh", "-c", std::move(command)}};
    RF_CO_TRY(auto stream, spawn_child(co_await asio::this_coro::executor, child));
    co_return OpenedStream{std::move(stream), access.limit};
  };
  co_return co_await open_shell(open, access, name);
}

}  // namespace rf
