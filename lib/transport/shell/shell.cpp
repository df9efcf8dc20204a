#include "transport/shell/shell.h"

#include <sys/random.h>

#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include "base/text.h"
#include "transport/shell/deadline.h"
#include "transport/shell/frame.h"

namespace rf {
namespace {

// 128 bits as hex: a node cannot know it before the program arrives, so no old log can be taken for an answer.
Result<std::string> random_nonce() {
  unsigned char bytes[16];
  if (getrandom(bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes)) {
    return Error{.kind = ErrorKind::io, .message = "the system returned no random bytes"};
  }
  static constexpr char digits[] = "0123456789abcdef";
  std::string hex;
  for (const unsigned char byte : bytes) {
    hex += digits[byte >> 4];
    hex += digits[byte & 15];
  }
  return hex;
}

std::string said(const std::string& noise, const std::string& complaint) {
  const auto text = trim(trim(complaint).empty() ? std::string_view(noise) : std::string_view(complaint));
  if (text.empty()) return "";
  return ", after printing \"" + terminal_safe(text.substr(text.size() > 300 ? text.size() - 300 : 0)) + "\"";
}

Error no_end(const FrameReader& frame, const std::string& complaint) {
  Error error{.kind = ErrorKind::protocol, .message = "", .hint = "ask the node for its state again"};
  error.message = frame.began() ? "the node went away before the script ended; its state is unknown"
                                : "the node went away before the script began; it may or may not have run";
  error.message += said(frame.noise(), complaint);
  return error;
}

Error out_of_time(const FrameReader& frame, std::chrono::milliseconds limit) {
  const std::string what = frame.began() ? "the script did not end" : "the script did not begin";
  return Error{
      .kind = ErrorKind::timeout,
      .message = what + " within " + std::to_string(limit.count() / 1000.0).substr(0, 5) + " s; its state is unknown",
      .hint = "run regfallback status to see the state of the node, or raise --timeout"};
}

}  // namespace

asio::awaitable<Result<Output>> Shell::run(std::string_view program, RunLimits limits) {
  const std::function<void(std::string_view)> no_one;
  co_return co_await run(program, limits, no_one);
}

asio::awaitable<Result<Output>> Shell::run(std::string_view program, RunLimits limits,
                                           const std::function<void(std::string_view)>& on_line) {
  RF_CO_TRY(const std::string nonce, random_nonce());
  const auto executor = co_await asio::this_coro::executor;
  FrameLimits frame_limits;
  frame_limits.text = limits.bytes;
  FrameReader frame(nonce, frame_limits);
  Deadline deadline(executor, limits.time, [stream = stream_.get()] { stream->close(); });
  const ProgramFrame around = frame_with(nonce);

  Result<bool> ended = frame.feed(std::exchange(pending_, {}), on_line);
  // What the far side said before it closed explains more than a failed write, so reading goes on and meets the end.
  auto sent = co_await stream_->write(around.before);
  if (sent) sent = co_await stream_->write(program);  // not copied: a thousand nodes are sent the same one
  if (sent) sent = co_await stream_->write(around.after);
  while (ended && !*ended) {
    auto bytes = co_await stream_->read();
    if (deadline.check()) {
      close();
      co_return out_of_time(frame, limits.time);
    }
    if (!bytes || bytes->empty()) {
      close();
      Error error = no_end(frame, stream_->take_complaint());
      if (!bytes) error.trace.push_back("reading from the node: " + bytes.error().message);
      if (!sent) error.trace.push_back("sending the script: " + sent.error().message);
      co_return error;
    }
    ended = frame.feed(*bytes, on_line);
    // A node that never stops printing must not keep the loop from the others.
    co_await asio::post(executor, asio::use_awaitable);
  }
  if (!ended) {
    close();
    co_return std::move(ended).error();
  }
  pending_ = frame.take_rest();
  co_return Output{frame.rc(), frame.take_text(), stream_->take_complaint()};
}

}  // namespace rf
