#include "host/http_status.h"

#include <fcntl.h>
#include <array>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include "fleet/loop.h"
#include "transport/shell/deadline.h"
#include "transport/ssh/tcp.h"

namespace rf {
namespace {

asio::awaitable<Result<int>> ask(const std::string& host, int port, const std::string& path,
                                 std::chrono::milliseconds limit) {
  const auto executor = co_await asio::this_coro::executor;
  const LocalEnd any;  // a variable: g++ 12 destroys what is written in braces there twice
  RF_CO_TRY(const int fd, co_await connect_tcp(host, port, any, limit));
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  asio::posix::stream_descriptor stream(executor, fd);
  Deadline deadline(executor, limit, [&stream] {
    std::error_code ignored;
    stream.close(ignored);
  });
  const auto request =
      "GET " + path + " HTTP/1.1\r\nHost: " + host + ":" + std::to_string(port) + "\r\nConnection: close\r\n\r\n";
  std::error_code failed;
  co_await asio::async_write(stream, asio::buffer(request), asio::redirect_error(asio::use_awaitable, failed));
  std::string head;
  std::array<char, 512> buffer{};
  while (!failed && head.size() < 16) {
    const auto got =
        co_await stream.async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, failed));
    head.append(buffer.data(), got);
  }
  if (deadline.passed())
    co_return Error{.kind = ErrorKind::timeout, .message = "connected, but no answer came in time"};
  if (head.empty())
    co_return Error{.kind = ErrorKind::connect,
                    .message = "connected, but the server closed the connection without an answer"};
  co_return parse_status_line(head);
}

}  // namespace

Result<int> http_status(const std::string& host, int port, const std::string& path, std::chrono::milliseconds limit) {
  return run_loop(ask(host, port, path, limit));
}

}  // namespace rf
