// Connections from a jump host onwards, many over one session: each is a socket pair whose other end a pump joins to a
// channel.
#pragma once
#include <asio/awaitable.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <list>
#include <memory>
#include <string>

#include "base/result.h"
#include "transport/shell/semaphore.h"

struct _LIBSSH2_CHANNEL;

namespace rf {

class SshSession;

class Tunnels : public std::enable_shared_from_this<Tunnels> {
 public:
  explicit Tunnels(SshSession& session);
  // A descriptor that is connected to host:port as seen from the far side.
  asio::awaitable<Result<int>> open(std::string host, int port);
  // Ends all of them. The session calls it when it closes.
  void stop();

 private:
  struct Tunnel {
    explicit Tunnel(const asio::any_io_executor& executor) : near(executor) {}
    asio::posix::stream_descriptor near;
    _LIBSSH2_CHANNEL* channel = nullptr;
    std::string to_near;  // read from the channel, not yet taken by the other end
    bool far_ended = false;
    bool ended = false;
    bool waits_to_write = false;
  };
  static asio::awaitable<void> receive_all(std::shared_ptr<Tunnels> self, std::shared_ptr<SshSession> session);
  static asio::awaitable<void> send_one(std::shared_ptr<Tunnels> self, std::shared_ptr<SshSession> session,
                                        std::shared_ptr<Tunnel> tunnel);
  bool move_to_near(const std::shared_ptr<Tunnel>& tunnel);
  void poke();

  SshSession& session_;
  asio::steady_timer news_;
  bool poked_ = false;
  bool stopped_ = false;
  bool waits_to_read_ = false;
  bool running_ = false;
  Semaphore one_at_a_time_{1};  // libssh2 wants each call finished before the next on the same session begins
  std::list<std::shared_ptr<Tunnel>> tunnels_;
};

}  // namespace rf
