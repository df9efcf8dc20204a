// A shell on a node: one connection, one channel, one remote sh that takes programs one after the other. The only seam
// between deciding and the world of nodes; implementations are ssh (libssh2), the system's ssh, docker/podman exec and
// local.
#pragma once
#include <asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "transport/shell/output.h"

namespace rf {

struct RunLimits {
  std::chrono::milliseconds time{30'000};  // wall clock, from sending to END
  std::size_t bytes = 8u << 20;            // of output
};

// Bytes to and from a remote /bin/sh that reads standard input, already root (or as root as it gets).
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  virtual asio::awaitable<Result<void>> write(std::string_view bytes) = 0;
  // At least one byte; "" is the end of the stream.
  virtual asio::awaitable<Result<std::string>> read() = 0;
  // Ends it at once from any state; pending operations fail. Idempotent.
  virtual void close() = 0;
  // Where the far side's standard error goes: into read() while a session is being set up, later into complaint().
  enum class Errors { in_read, kept_apart };
  virtual void set_errors(Errors) {}
  // The last 4 KiB of standard error since the last call.
  virtual std::string take_complaint() { return {}; }
};

class Shell {
 public:
  explicit Shell(std::unique_ptr<ByteStream> stream) : stream_(std::move(stream)) {}
  ~Shell() { close(); }
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;
  // `program` is POSIX sh that defines functions and whose last line calls rf_main; it prints freely. The shell wraps
  // it: BEGIN and END lines with a nonce of this run frame the output, standard input of the program is /dev/null, and
  // nothing runs unless all of it arrived. Programs run one after the other in the same remote shell; a variable set by
  // one is seen by the next. A program that calls `exit` ends the shell before END. `program` and `on_line` must live
  // until the run ends. After an Error the shell is closed.
  asio::awaitable<Result<Output>> run(std::string_view program, RunLimits limits);
  // As run(), and hands every complete line of output to `on_line` as it comes.
  asio::awaitable<Result<Output>> run(std::string_view program, RunLimits limits,
                                      const std::function<void(std::string_view)>& on_line);
  // Ends the connection at once, from any state, also while run() waits: it then returns an Error.
  void close() {
    if (stream_) stream_->close();
  }

 private:
  std::unique_ptr<ByteStream> stream_;
  std::string pending_;
};

}  // namespace rf
