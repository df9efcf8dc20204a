// Runs one coroutine to its end on an event loop of its own, in this thread.
#pragma once
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <exception>
#include <optional>
#include <utility>

namespace rf {

namespace detail {
template <class T>
asio::awaitable<void> keep_result(asio::awaitable<T> work, std::optional<T>* result) {
  result->emplace(co_await std::move(work));
}
}  // namespace detail

// Exceptions of the coroutine come out of it. The loop ends with the coroutine: what it left running is dropped.
template <class T>
T run_loop(asio::awaitable<T> work) {
  asio::io_context loop(1);
  std::optional<T> result;
  std::exception_ptr failed;
  asio::co_spawn(loop, detail::keep_result(std::move(work), &result), [&](std::exception_ptr error) {
    failed = error;
    loop.stop();
  });
  loop.run();
  if (failed) std::rethrow_exception(failed);
  return std::move(*result);
}

}  // namespace rf
