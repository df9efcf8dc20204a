// How a program travels to a remote sh and how its output is told from noise. Pure: text in, text out.
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rf {

// What goes before and after a program to make it one function that is called on the last line: what is cut off on the
// way does nothing. BEGIN and END lines carry the nonce.
struct ProgramFrame {
  std::string before;
  std::string after;
};
ProgramFrame frame_with(std::string_view nonce);

struct FrameLimits {
  std::size_t noise = 64u << 10;  // bytes before BEGIN: banners, motd, what a login shell's rc file prints
  std::size_t text = 8u << 20;    // bytes between BEGIN and END
};

// Finds one program's output in a stream of bytes that may be cut anywhere.
class FrameReader {
 public:
  FrameReader(std::string_view nonce, FrameLimits limits);
  // True once END was seen. A complete line of output is handed to `on_line` (may be empty) without its end.
  Result<bool> feed(std::string_view bytes, const std::function<void(std::string_view)>& on_line);

  bool began() const { return state_ != State::before; }
  int rc() const { return rc_; }
  std::string take_text() { return std::move(text_); }
  const std::string& noise() const { return noise_; }   // what came before BEGIN
  std::string take_rest() { return std::move(line_); }  // what came after END

 private:
  enum class State { before, inside, done };
  void emit(std::string_view line, const std::function<void(std::string_view)>& on_line);
  Result<void> take_line(const std::function<void(std::string_view)>& on_line);

  const std::string begin_, end_;
  const FrameLimits limits_;
  State state_ = State::before;
  std::string noise_;
  std::string line_;  // an unfinished line
  std::string text_;
  int held_empty_ = 0;  // empty lines not handed out yet: the last one before END is ours
  int rc_ = 0;
};

}  // namespace rf
