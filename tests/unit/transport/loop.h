// Runs one coroutine to its end on an event loop of its own.
#pragma once
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <optional>

namespace rf {

template <class T>
asio::awaitable<void> store(asio::awaitable<T> work, std::optional<T>* result) {
  result->emplace(co_await std::move(work));
}

template <class T>
T await(asio::awaitable<T> work) {
  asio::io_context loop(1);
  std::optional<T> result;
  std::exception_ptr failed;
  asio::co_spawn(loop, store(std::move(work), &result), [&failed](std::exception_ptr error) { failed = error; });
  loop.run();
  if (failed) std::rethrow_exception(failed);
  return std::move(*result);
}

}  // namespace rf
