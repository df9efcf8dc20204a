#include "transport/ssh/ssh_stream.h"

#include <libssh2.h>

namespace rf {

namespace {

// Extended data of a kind that no server sends: asking for it takes in what has arrived, and leaves it where it is.
constexpr int no_stream = 2;

}  // namespace

SshStream::SshStream(std::shared_ptr<SshSession> session, _LIBSSH2_CHANNEL* channel)
    : session_(std::move(session)), channel_(channel) {
  session_->read_idle_ = [channel] {
    char none = 0;
    libssh2_channel_read_ex(channel, no_stream, &none, sizeof none);
  };
}

asio::awaitable<Result<void>> SshStream::write(std::string_view bytes) {
  const auto session = session_;
  LIBSSH2_CHANNEL* const channel = channel_;
  while (!bytes.empty()) {
    const long rc =
        co_await session->drive([&] { return libssh2_channel_write_ex(channel, 0, bytes.data(), bytes.size()); });
    if (rc < 0) co_return session->failure("sending", ErrorKind::connect);
    bytes.remove_prefix(static_cast<std::size_t>(rc));
  }
  co_return Result<void>();
}

// What has arrived: > 0 bytes in `into`, 0 at the end, EAGAIN when there is nothing now.
long SshStream::read_now(std::string& into) {
  constexpr std::size_t kept_complaint = 4096;
  char buffer[32 << 10];
  while (true) {
    const long errors = libssh2_channel_read_ex(channel_, SSH_EXTENDED_DATA_STDERR, buffer, sizeof buffer);
    if (errors > 0) session_->limits_.deliver(static_cast<std::size_t>(errors));
    if (errors > 0 && errors_ == Errors::in_read) {
      into.assign(buffer, static_cast<std::size_t>(errors));
      return errors;
    }
    if (errors > 0) {
      complaint_.append(buffer, static_cast<std::size_t>(errors));
      if (complaint_.size() > kept_complaint) complaint_.erase(0, complaint_.size() - kept_complaint);
      continue;
    }
    const long got = libssh2_channel_read_ex(channel_, 0, buffer, sizeof buffer);
    if (got > 0) session_->limits_.deliver(static_cast<std::size_t>(got));
    if (got > 0) into.assign(buffer, static_cast<std::size_t>(got));
    if (got != 0) return got;
    if (errors < 0 && errors != LIBSSH2_ERROR_EAGAIN) return errors;
    return libssh2_channel_eof(channel_) != 0 ? 0 : LIBSSH2_ERROR_EAGAIN;
  }
}

asio::awaitable<Result<std::string>> SshStream::read() {
  const auto session = session_;
  std::string bytes;
  const long rc = co_await session->drive([&] { return read_now(bytes); });
  if (rc < 0) co_return session->failure("reading", ErrorKind::connect);
  co_return bytes;
}

}  // namespace rf
