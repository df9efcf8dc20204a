// The channel of a command that runs over an ssh session, as a stream. It owns the session: closing one closes the
// other.
#pragma once
#include <memory>
#include <string>

#include "transport/shell/shell.h"
#include "transport/ssh/session.h"

namespace rf {

class SshStream final : public ByteStream {
 public:
  SshStream(std::shared_ptr<SshSession> session, _LIBSSH2_CHANNEL* channel);
  ~SshStream() override { session_->close(); }
  SshStream(const SshStream&) = delete;
  SshStream& operator=(const SshStream&) = delete;

  asio::awaitable<Result<void>> write(std::string_view bytes) override;
  asio::awaitable<Result<std::string>> read() override;
  void close() override { session_->close(); }
  void set_errors(Errors errors) override { errors_ = errors; }
  std::string take_complaint() override { return std::exchange(complaint_, {}); }

 private:
  long read_now(std::string& into);

  std::shared_ptr<SshSession> session_;
  _LIBSSH2_CHANNEL* channel_;  // freed with the session
  Errors errors_ = Errors::kept_apart;
  std::string complaint_;
};

}  // namespace rf
