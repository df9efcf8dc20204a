// The link under a session: where it goes, and whether it is still there.
#include <arpa/inet.h>
#include <libssh2.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>

#include "transport/ssh/session.h"

namespace rf {
namespace {

// So often what has arrived is taken in while nobody reads: servers have keep-alives of their own, and want an answer.
constexpr std::chrono::seconds longest_rest{10};

int bytes_in_queue(int fd, unsigned long which) {
  int bytes = 0;
  return ::ioctl(fd, which, &bytes) == 0 ? std::max(bytes, 0) : 0;
}

}  // namespace

std::string SshSession::address() const {
  sockaddr_storage peer = {};
  socklen_t size = sizeof peer;
  char host[NI_MAXHOST] = "";
  auto& socket = const_cast<asio::posix::stream_descriptor&>(socket_);
  if (link_ != Link::tcp || ::getpeername(socket.native_handle(), reinterpret_cast<sockaddr*>(&peer), &size) != 0)
    return "";
  ::getnameinfo(reinterpret_cast<sockaddr*>(&peer), size, host, sizeof host, nullptr, 0, NI_NUMERICHOST);
  return host;
}

bool SshSession::hung_up() const {
  if (closed_) return true;
  auto& socket = const_cast<asio::posix::stream_descriptor&>(socket_);
  pollfd link{.fd = socket.native_handle(), .events = POLLRDHUP, .revents = 0};
  return ::poll(&link, 1, 0) > 0 && link.revents != 0;
}

LinkWatch::Traffic SshSession::traffic() const {
  auto& socket = const_cast<asio::posix::stream_descriptor&>(socket_);
  const auto unread = bytes_in_queue(socket.native_handle(), FIONREAD);
  const auto unsent = bytes_in_queue(socket.native_handle(), SIOCOUTQ);
  return {.arrived = received_ + static_cast<std::uint64_t>(unread),
          .sent = sent_,
          .unsent = static_cast<std::uint64_t>(unsent)};
}

void SshSession::keep_alive(KeepAlive settings) {
  if (closed_) return;
  keep_alive_ = settings;
  link_watch_.emplace(settings.count);
  libssh2_keepalive_config(session_, 1, 1);
  next_look_ = std::chrono::steady_clock::now() + keep_alive_.interval;
  rest();
}

void SshSession::rest() {
  beat_.expires_after(std::min<std::chrono::steady_clock::duration>(keep_alive_.interval, longest_rest));
  beat_.async_wait([weak = weak_from_this()](std::error_code stopped) {
    if (const auto self = weak.lock(); self && !stopped && !self->closed_) self->beat();
  });
}

void SshSession::beat() {
  begin_turn();
  if (driving_ == 0 && read_idle_) read_idle_();
  if (closed_) return;
  if (std::chrono::steady_clock::now() >= next_look_) {
    next_look_ = std::chrono::steady_clock::now() + keep_alive_.interval;
    look_at_link();
    if (closed_) return;
  }
  rest();
}

void SshSession::look_at_link() {
  switch (link_watch_->look(traffic())) {
    case LinkWatch::Verdict::alive:
    case LinkWatch::Verdict::wait: return;
    case LinkWatch::Verdict::ask: {
      // A packet that libssh2 has written in part must be followed by its rest, and by nothing else.
      if ((libssh2_session_block_directions(session_) & LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0) return;
      int ignored = 0;
      libssh2_keepalive_send(session_, &ignored);
      return;
    }
    case LinkWatch::Verdict::cut: {
      const auto count = std::to_string(keep_alive_.count), seconds = std::to_string(keep_alive_.interval.count());
      ended_because_ = "it answered none of " + count + " keep-alives, " + seconds +
                       " s apart; the connection is lost, or the node hangs";
      close();
      return;
    }
  }
}

}  // namespace rf
