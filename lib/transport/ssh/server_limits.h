// How much a server may send, and when: one that never stops can neither keep libssh2 inside a call nor fill the
// memory. Pure.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace rf {

class ServerLimits {
 public:
  // Before each call of libssh2; then room() says whether it may read on.
  void begin_turn() { in_turn_ = 0; }
  bool room() const { return in_turn_ < most_in_a_turn; }

  // Bytes that arrived. False once the server sent too much; fault() then says of what, and it is to be given up.
  bool take(std::string_view bytes);
  const char* fault() const { return fault_; }  // nullptr: none

  // A line that begins with "SSH-" has come. Other lines may stand before it.
  bool saw_banner() const { return saw_banner_; }
  void log_in() { logged_in_ = true; }
  // Bytes of channels that were taken out of libssh2. What a server sends beside them is kept by libssh2, or thrown
  // away after some work.
  void deliver(std::size_t bytes) { delivered_ += bytes; }

  static constexpr std::size_t most_in_a_turn = 256u << 10;
  static constexpr std::size_t longest_banner = 8u << 10;  // with all that stands before it
  static constexpr std::size_t most_before_log_in = 1u << 20;
  static constexpr std::size_t most_undelivered = 64u << 20;
  static constexpr std::size_t overhead =
      128;  // bytes on the wire for one of a channel: packets of a single byte take 64

 private:
  bool watch_banner(char byte);

  std::size_t in_turn_ = 0;
  std::size_t before_banner_ = 0;
  std::size_t before_log_in_ = 0;
  std::size_t after_log_in_ = 0;
  std::size_t delivered_ = 0;
  std::string line_;  // the beginning of the line that is being read
  bool saw_banner_ = false;
  bool logged_in_ = false;
  const char* fault_ = nullptr;
};

}  // namespace rf
