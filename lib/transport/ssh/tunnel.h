// Connections from a jump host onwards, many over one session: each is a socket pair whose other end a pump joins to a
// channel.
#pragma once
#include <asio/awaitable.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
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
  // Of all that open one: the far side is asked for one at a time.
  asio::awaitable<Semaphore::Place> turn() { return opening_.enter(); }
  // A descriptor that is connected to host:port as seen from the far side. The caller has the turn. Others go on
  // meanwhile.
  asio::awaitable<Result<int>> open(std::string host, int port, std::chrono::milliseconds limit);
  // One was not opened within its limit, and the far side still tries: it can be asked for no other.
  bool clogged() const { return clogged_; }
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
  asio::awaitable<Result<void>> request(std::shared_ptr<SshSession> session, std::shared_ptr<Tunnel> tunnel,
                                        std::string host, int port, std::chrono::milliseconds limit);
  static asio::awaitable<void> receive_all(std::shared_ptr<Tunnels> self, std::shared_ptr<SshSession> session);
  static asio::awaitable<void> send_one(std::shared_ptr<Tunnels> self, std::shared_ptr<SshSession> session,
                                        std::shared_ptr<Tunnel> tunnel);
  bool move_to_near(const std::shared_ptr<Tunnel>& tunnel);
  void poke();

  SshSession& session_;
  asio::steady_timer news_;
  asio::steady_timer opened_news_;  // for who opens one
  bool clogged_ = false;
  bool poked_ = false;
  bool stopped_ = false;
  bool waits_to_read_ = false;
  bool running_ = false;
  Semaphore one_at_a_time_{1};  // libssh2 wants what it writes finished before the next call on the same session begins
  Semaphore opening_{1};
  std::list<std::shared_ptr<Tunnel>> tunnels_;
};

}  // namespace rf
