#include "transport/ssh/tunnel.h"

#include <fcntl.h>
#include <libssh2.h>
#include <sys/socket.h>
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <cerrno>

#include "transport/ssh/session.h"

namespace rf {

Tunnels::Tunnels(SshSession& session)
    : session_(session), news_(session.socket_.get_executor()), opened_news_(session.socket_.get_executor()) {}

void Tunnels::poke() {
  poked_ = true;
  news_.cancel();
}

void Tunnels::stop() {
  stopped_ = true;
  for (const auto& tunnel : tunnels_) {
    std::error_code ignored;
    tunnel->ended = true;
    tunnel->near.close(ignored);
  }
  opened_news_.cancel();
  poke();
}

// The far side may take its time to connect. Only while the request itself is written do the other tunnels wait for it.
asio::awaitable<Result<void>> Tunnels::request(std::shared_ptr<SshSession> session, std::shared_ptr<Tunnel> tunnel,
                                               std::string host, int port, std::chrono::milliseconds limit) {
  constexpr long asked = 1;
  const auto until = std::chrono::steady_clock::now() + limit;
  while (true) {
    long rc = 0;
    {
      const auto place = co_await one_at_a_time_.enter();
      rc = co_await session->drive([&]() -> long {
        tunnel->channel = libssh2_channel_direct_tcpip_ex(session->session_, host.c_str(), port, "127.0.0.1", 0);
        if (tunnel->channel != nullptr) return 0;
        const long failed = libssh2_session_last_errno(session->session_);
        const int directions = libssh2_session_block_directions(session->session_);
        const bool written = (directions & LIBSSH2_SESSION_BLOCK_OUTBOUND) == 0;
        return failed == LIBSSH2_ERROR_EAGAIN && written && !session->turn_used_up_ ? asked : failed;
      });
    }
    poke();
    if (rc == 0 && tunnel->channel != nullptr) co_return Result<void>();
    if (rc != asked) {
      co_return session->failure("the jump host did not connect to " + host + " port " + std::to_string(port),
                                 ErrorKind::connect);
    }
    std::error_code woken;
    opened_news_.expires_at(until);
    co_await opened_news_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    if (woken || stopped_) continue;
    clogged_ = true;
    co_return Error{.kind = ErrorKind::timeout,
                    .message = "the jump host did not connect to " + host + " port " + std::to_string(port) +
                               " within " + std::to_string(limit.count() / 1000) + " s",
                    .hint = "check that the node is up and that no firewall blocks the jump host"};
  }
}

asio::awaitable<Result<int>> Tunnels::open(std::string host, int port, std::chrono::milliseconds limit) {
  const auto self = shared_from_this();
  const auto session = session_.shared_from_this();
  const auto tunnel = std::make_shared<Tunnel>(session->socket_.get_executor());
  if (!std::exchange(running_, true))
    asio::co_spawn(session->socket_.get_executor(), receive_all(self, session), asio::detached);
  RF_CO_CHECK(co_await request(session, tunnel, host, port, limit));
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
    co_return Error{.kind = ErrorKind::io, .message = "too many open files", .hint = "lower --parallel"};
  }
  tunnel->near.assign(ends[0]);
  tunnels_.push_back(tunnel);
  asio::co_spawn(session->socket_.get_executor(), send_one(self, session, tunnel), asio::detached);
  poke();
  co_return ends[1];
}

// False when the tunnel is over.
bool Tunnels::move_to_near(const std::shared_ptr<Tunnel>& tunnel) {
  char buffer[32 << 10];
  while (!tunnel->ended) {
    if (tunnel->to_near.empty() && !tunnel->far_ended) {
      const long got = libssh2_channel_read_ex(tunnel->channel, 0, buffer, sizeof buffer);
      if (got > 0) {
        tunnel->to_near.assign(buffer, static_cast<std::size_t>(got));
        session_.limits_.deliver(tunnel->to_near.size());
      } else if (got == LIBSSH2_ERROR_EAGAIN || (got == 0 && libssh2_channel_eof(tunnel->channel) == 0)) {
        return true;
      } else {
        tunnel->far_ended = true;
      }
    }
    if (tunnel->to_near.empty()) return false;
    const long put = ::send(tunnel->near.native_handle(), tunnel->to_near.data(), tunnel->to_near.size(), MSG_NOSIGNAL);
    if (put < 0 && errno == EAGAIN) {
      if (!std::exchange(tunnel->waits_to_write, true)) {
        tunnel->near.async_wait(tunnel->near.wait_write, [self = shared_from_this(), tunnel](std::error_code) {
          tunnel->waits_to_write = false;
          self->poke();
        });
      }
      return true;
    }
    if (put < 0) return false;
    tunnel->to_near.erase(0, static_cast<std::size_t>(put));
  }
  return false;
}

// The only reader: a packet for one channel may be taken in by a call for another, so all are looked at after each.
asio::awaitable<void> Tunnels::receive_all(std::shared_ptr<Tunnels> self, std::shared_ptr<SshSession> session) {
  while (!self->stopped_) {
    self->poked_ = false;
    {
      const auto place = co_await self->one_at_a_time_.enter();
      session->begin_turn();
      for (auto at = self->tunnels_.begin(); at != self->tunnels_.end() && !self->stopped_;) {
        const auto tunnel = *at++;
        if (self->move_to_near(tunnel)) continue;
        std::error_code ignored;
        tunnel->ended = true;
        tunnel->near.close(ignored);
        self->tunnels_.remove(tunnel);
      }
    }
    if (session->turn_used_up_) {
      co_await asio::post(session->socket_.get_executor(), asio::use_awaitable);
      continue;
    }
    if (!self->waits_to_read_ && session->socket_.is_open()) {
      self->waits_to_read_ = true;
      session->socket_.async_wait(session->socket_.wait_read, [self](std::error_code failed) {
        self->waits_to_read_ = false;
        if (failed) self->stopped_ = true;
        self->opened_news_.cancel();
        self->poke();
      });
    }
    while (!self->poked_ && !self->stopped_) {
      std::error_code woken;
      self->news_.expires_after(std::chrono::hours(24));
      co_await self->news_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }
  }
}

asio::awaitable<void> Tunnels::send_one(std::shared_ptr<Tunnels> self, std::shared_ptr<SshSession> session,
                                        std::shared_ptr<Tunnel> tunnel) {
  std::string buffer(32 << 10, '\0');
  while (!tunnel->ended && !self->stopped_) {
    const long got = ::recv(tunnel->near.native_handle(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EAGAIN) {
      std::error_code failed;
      co_await tunnel->near.async_wait(tunnel->near.wait_read, asio::redirect_error(asio::use_awaitable, failed));
      if (failed) break;
      continue;
    }
    std::string_view rest(buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    const auto place = co_await self->one_at_a_time_.enter();
    long rc = 0;
    while (!rest.empty() && rc >= 0 && !self->stopped_) {
      rc = co_await session->drive(
          [&] { return libssh2_channel_write_ex(tunnel->channel, 0, rest.data(), rest.size()); });
      if (rc > 0) rest.remove_prefix(static_cast<std::size_t>(rc));
    }
    self->poke();
    if (got > 0 && rc >= 0) continue;
    if (!self->stopped_) co_await session->drive([&] { return libssh2_channel_send_eof(tunnel->channel); });
    break;
  }
  if (self->stopped_) co_return;
  const auto place = co_await self->one_at_a_time_.enter();
  tunnel->ended = true;
  self->tunnels_.remove(tunnel);
  if (!session->closed()) co_await session->drive([&] { return libssh2_channel_free(tunnel->channel); });
}

}  // namespace rf
