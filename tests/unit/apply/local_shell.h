// A job with a shell of this machine; the environment of this process is what the shell gets.
#pragma once
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <functional>
#include <optional>

#include "transport/ways/local.h"

namespace rf::test {

template <class T>
Result<T> with_shell(const std::function<asio::awaitable<Result<T>>(Shell&)>& job) {
  asio::io_context loop;
  std::optional<Result<T>> answer;
  asio::co_spawn(
      loop,
      [&]() -> asio::awaitable<void> {
        Access access;
        access.privilege = Privilege::as_is;
        auto shell = co_await open_local(access);
        if (!shell) {
          answer = shell.error();
          co_return;
        }
        answer = co_await job(**shell);
      },
      asio::detached);
  loop.run();
  return *answer;
}

}  // namespace rf::test
