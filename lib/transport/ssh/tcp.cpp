#include "transport/ssh/tcp.h"

#include <sys/socket.h>

#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "base/text.h"
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

using Endpoints = std::vector<tcp::endpoint>;

// A look-up that nobody waits for any more ends by itself: the system's resolver cannot be interrupted.
struct LookUp {
  explicit LookUp(const asio::any_io_executor& executor) : resolver(executor), done(executor) {}
  tcp::resolver resolver;
  asio::steady_timer done;
  std::optional<std::error_code> ended;
  Endpoints found;
};

asio::awaitable<Result<Endpoints>> resolve(std::string host, int port, std::chrono::milliseconds limit) {
  std::error_code failed;
  const auto port_number = static_cast<unsigned short>(port);
  if (const auto address = asio::ip::make_address(host, failed); !failed)
    co_return Endpoints{tcp::endpoint(address, port_number)};
  const auto look_up = std::make_shared<LookUp>(co_await asio::this_coro::executor);
  look_up->resolver.async_resolve(host, std::to_string(port), tcp::resolver::numeric_service,
                                  [look_up](std::error_code code, const tcp::resolver::results_type& results) {
                                    for (const auto& entry : results) look_up->found.push_back(entry.endpoint());
                                    look_up->ended = code;
                                    look_up->done.cancel();
                                  });
  look_up->done.expires_after(limit);
  co_await look_up->done.async_wait(asio::redirect_error(asio::use_awaitable, failed));
  if (!look_up->ended) {
    co_return Error{
        .kind = ErrorKind::timeout,
        .message = "the name " + host + " could not be resolved within " + std::to_string(limit.count() / 1000) + " s",
        .hint = "check the name servers of this machine"};
  }
  if (*look_up->ended) {
    co_return Error{.kind = ErrorKind::connect,
                    .message = "the name " + host + " could not be resolved: " + look_up->ended->message(),
                    .hint = "check the name, or give it a HostName in your ssh configuration"};
  }
  co_return look_up->found;
}

// The addresses of the family that is wanted.
Endpoints of_family(const Endpoints& endpoints, LocalEnd::Family family) {
  Endpoints left;
  for (const auto& endpoint : endpoints) {
    const auto own = endpoint.address().is_v6() ? LocalEnd::Family::inet6 : LocalEnd::Family::inet;
    if (family == LocalEnd::Family::any || family == own) left.push_back(endpoint);
  }
  return left;
}

// BindInterface and BindAddress.
Result<void> bind_to(tcp::socket& socket, const tcp::endpoint& to, const LocalEnd& from) {
  std::error_code failed;
  socket.open(to.protocol(), failed);
  if (failed == asio::error::no_descriptors)
    return Error{
        .kind = ErrorKind::io, .message = "too many open files", .hint = "lower --parallel or raise `ulimit -n`"};
  const auto& device = from.interface;
  if (!device.empty() && ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_BINDTODEVICE, device.c_str(),
                                      static_cast<socklen_t>(device.size() + 1)) != 0) {
    return Error{
        .kind = ErrorKind::connect,
        .message = "BindInterface " + terminal_safe(device) + " of your ssh configuration: " + std::strerror(errno),
        .hint = "`ip link` lists the interfaces of this machine"};
  }
  if (from.address.empty()) return {};
  const auto address = asio::ip::make_address(from.address, failed);
  if (!failed) socket.bind(tcp::endpoint(address, 0), failed);
  if (!failed) return {};
  return Error{
      .kind = ErrorKind::connect,
      .message = "BindAddress " + terminal_safe(from.address) + " of your ssh configuration: " + failed.message(),
      .hint = "`ip address` lists the addresses of this machine"};
}

}  // namespace

asio::awaitable<Result<int>> connect_tcp(std::string host, int port, LocalEnd from, std::chrono::milliseconds limit) {
  const auto executor = co_await asio::this_coro::executor;
  const auto until = std::chrono::steady_clock::now() + limit;
  RF_CO_TRY(const auto found, co_await resolve(host, port, limit));
  const auto endpoints = of_family(found, from.family);
  const std::string where = host + " port " + std::to_string(port);
  Error last{.kind = ErrorKind::connect, .message = where + ": no address", .hint = "check the name"};
  if (!found.empty() && endpoints.empty()) {
    last.message += " of the AddressFamily of your ssh configuration";
    last.hint = "it has " + found.front().address().to_string();
  }
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    const auto share = left / static_cast<int>(endpoints.size() - i);
    tcp::socket socket(executor);
    if (auto bound = bind_to(socket, endpoints[i], from); !bound) {
      last = std::move(bound).error();
      continue;
    }
    Deadline deadline(executor, share, [&socket] {
      std::error_code ignored;
      socket.close(ignored);
    });
    std::error_code failed;
    co_await socket.async_connect(endpoints[i], asio::redirect_error(asio::use_awaitable, failed));
    if (deadline.passed()) {
      last = Error{.kind = ErrorKind::timeout,
                   .message = where + " did not answer within " + std::to_string((share.count() + 500) / 1000) + " s",
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
