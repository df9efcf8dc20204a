#include "transport/ssh/tcp.h"

#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <vector>

#include "transport/shell/deadline.h"

namespace rf {
namespace {

using asio::ip::tcp;

Error explain(std::error_code code, const std::string& where) {
  const bool no_way = code == asio::error::host_unreachable || code == asio::error::network_unreachable;
  if (code == asio::error::connection_refused) {
    return {.kind = ErrorKind::connect,
            .message = where + ": connection refused",
            .hint = "check that sshd is running there and that the port is right"};
  }
  if (no_way)
    return {.kind = ErrorKind::connect,
            .message = where + ": " + code.message(),
            .hint = "check that the node is up and that there is a route to it"};
  if (code == asio::error::no_descriptors)
    return {.kind = ErrorKind::io, .message = "too many open files", .hint = "lower --parallel or raise `ulimit -n`"};
  return {.kind = ErrorKind::connect, .message = where + ": " + code.message(), .hint = "check that the node is up"};
}

asio::awaitable<Result<std::vector<tcp::endpoint>>> resolve(const std::string& host, int port,
                                                            std::chrono::milliseconds limit) {
  std::error_code failed;
  const auto port_number = static_cast<unsigned short>(port);
  if (const auto address = asio::ip::make_address(host, failed); !failed) {
    co_return std::vector<tcp::endpoint>{tcp::endpoint(address, port_number)};
  }
  const auto executor = co_await asio::this_coro::executor;
  tcp::resolver resolver(executor);
  Deadline deadline(executor, limit, [&resolver] { resolver.cancel(); });
  failed.clear();
  const auto found = co_await resolver.async_resolve(host, std::to_string(port), tcp::resolver::numeric_service,
                                                     asio::redirect_error(asio::use_awaitable, failed));
  if (deadline.passed()) {
    co_return Error{.kind = ErrorKind::timeout,
                    .message = "the name " + host + " could not be resolved in time",
                    .hint = "check the name servers of this machine"};
  }
  if (failed) {
    co_return Error{.kind = ErrorKind::connect,
                    .message = "the name " + host + " could not be resolved: " + failed.message(),
                    .hint = "check the name, or give it a HostName in your ssh configuration"};
  }
  std::vector<tcp::endpoint> endpoints;
  for (const auto& entry : found) endpoints.push_back(entry.endpoint());
  co_return endpoints;
}

}  // namespace

asio::awaitable<Result<int>> connect_tcp(std::string host, int port, std::chrono::milliseconds limit) {
  const auto executor = co_await asio::this_coro::executor;
  RF_CO_TRY(const auto endpoints, co_await resolve(host, port, limit));
  const std::string where = host + " port " + std::to_string(port);
  Error last{.kind = ErrorKind::connect, .message = where + ": no address"};
  const auto share = endpoints.size() > 1
                         ? std::max(limit / static_cast<int>(endpoints.size()), std::chrono::milliseconds(2000))
                         : limit;
  for (const auto& endpoint : endpoints) {
    tcp::socket socket(executor);
    Deadline deadline(executor, share, [&socket] {
      std::error_code ignored;
      socket.close(ignored);
    });
    std::error_code failed;
    co_await socket.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, failed));
    if (deadline.passed()) {
      last = Error{.kind = ErrorKind::timeout,
                   .message = where + " did not answer within " + std::to_string(share.count() / 1000) + " s",
                   .hint = "check that the node is up and that no firewall blocks this machine"};
    } else if (failed) {
      last = explain(failed, where);
    } else {
      socket.set_option(tcp::no_delay(true), failed);
      socket.set_option(asio::socket_base::keep_alive(true), failed);
      co_return socket.release(failed);
    }
  }
  co_return last;
}

}  // namespace rf
