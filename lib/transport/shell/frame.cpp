#include "transport/shell/frame.h"

#include "base/text.h"

namespace rf {

ProgramFrame frame_with(std::string_view nonce) {
  const std::string name = "rf_program_" + std::string(nonce);
  // The braces make a cut last line a syntax error too. printf starts a line of its own whatever stood before it.
  return {name + "() {\n", "\n}\n{ unset IFS; LC_ALL=C; export LC_ALL; printf '\\nRF1 BEGIN %s\\n' " +
                               std::string(nonce) + "; " + name + " </dev/null; printf '\\nRF1 END %s rc=%s\\n' " +
                               std::string(nonce) + " \"$?\"; }\n"};
}

FrameReader::FrameReader(std::string_view nonce, FrameLimits limits)
    : begin_("RF1 BEGIN " + std::string(nonce)), end_("RF1 END " + std::string(nonce) + " rc="), limits_(limits) {}

void FrameReader::emit(std::string_view line, const std::function<void(std::string_view)>& on_line) {
  if (!on_line) return;
  if (line.empty()) {
    ++held_empty_;
    return;
  }
  for (; held_empty_ > 0; --held_empty_) on_line({});
  on_line(line);
}

Result<void> FrameReader::take_line(const std::function<void(std::string_view)>& on_line) {
  if (state_ == State::before) {
    if (line_ == begin_) {
      state_ = State::inside;
    } else {
      noise_ += line_ + '\n';
    }
    return {};
  }
  if (std::string_view(line_).substr(0, end_.size()) != end_) {
    text_ += line_ + '\n';
    emit(line_, on_line);
    return {};
  }
  const std::string digits = line_.substr(end_.size());
  if (digits.empty() || digits.size() > 3 || digits.find_first_not_of("0123456789") != std::string::npos) {
    return Error{.kind = ErrorKind::protocol,
                 .message = "the END line has no exit status: \"" + terminal_safe(line_) + "\""};
  }
  rc_ = std::stoi(digits);
  if (!text_.empty()) text_.pop_back();  // the newline that END brings with it
  for (; held_empty_ > 1; --held_empty_) on_line({});
  state_ = State::done;
  return {};
}

Result<bool> FrameReader::feed(std::string_view bytes, const std::function<void(std::string_view)>& on_line) {
  while (!bytes.empty() && state_ != State::done) {
    const auto end = bytes.find('\n');
    line_ += bytes.substr(0, end);
    bytes = end == std::string_view::npos ? std::string_view() : bytes.substr(end + 1);
    if (state_ == State::before && noise_.size() + line_.size() > limits_.noise) {
      return Error{.kind = ErrorKind::protocol,
                   .message = "more than " + std::to_string(limits_.noise) + " bytes came before our script began",
                   .hint = "a start-up file of the login shell prints too much"};
    }
    if (state_ == State::inside && text_.size() + line_.size() > limits_.text + end_.size() + 4) {
      return Error{.kind = ErrorKind::protocol,
                   .message = "the script printed more than " + std::to_string(limits_.text) + " bytes"};
    }
    if (end == std::string_view::npos) break;
    RF_CHECK(take_line(on_line));
    line_.clear();
  }
  if (state_ == State::done) line_ += bytes;
  return state_ == State::done;
}

}  // namespace rf
