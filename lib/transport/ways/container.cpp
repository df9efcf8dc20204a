#include "transport/ways/container.h"

#include <asio/this_coro.hpp>

#include "base/text.h"
#include "transport/shell/child.h"
#include "transport/ways/container_name.h"

namespace rf {
namespace {

// The engine's own errors go to standard error and name the cause.
Error explain(Error error, const Container& container) {
  const auto says = [&](std::string_view part) { return error.message.find(part) != std::string::npos; };
  if (error.kind != ErrorKind::connect) return error;
  if (says("o such container")) {
    return {.kind = ErrorKind::connect,
            .message = "there is no container \"" + container.name + "\"",
            .hint = "see `" + container.engine + " ps`"};
  }
  if (says("is not running")) {
    return {.kind = ErrorKind::connect,
            .message = "the container \"" + container.name + "\" is not running",
            .hint = container.engine + " start " + container.name};
  }
  if (says("Cannot connect to the Docker daemon") || says("permission denied")) {
    error.hint = "check that the engine is running and that this user may use it: `" + container.engine + " ps`";
  }
  return error;
}

}  // namespace

asio::awaitable<Result<std::unique_ptr<Shell>>> open_container(const Container& container, const Access& access) {
  if (!is_container_name(container.name)) {
    co_return Error{.kind = ErrorKind::usage,
                    .message = "\"" + terminal_safe(container.name) + "\" is not a container name"};
  }
  const OpenStream open = [&](std::string command) -> asio::awaitable<Result<OpenedStream>> {
    ChildCommand child{.argv = {container.engine, "exec", "-i"}};
    if (access.privilege == Privilege::root) child.argv.insert(child.argv.end(), {"-u", "0"});
    child.argv.insert(child.argv.end(), {container.name, "/bin/sh", "-c", std::move(command)});
    RF_CO_TRY(auto stream, spawn_child(co_await asio::this_coro::executor, child));
    co_return OpenedStream{std::move(stream), access.limit};
  };
  auto shell = co_await open_shell(open, access, container.name);
  if (!shell) co_return explain(std::move(shell).error(), container);
  co_return shell;
}

}  // namespace rf
