#include "transport/ssh/server_limits.h"

namespace rf {

bool ServerLimits::watch_banner(char byte) {
  if (++before_banner_ > longest_banner) return false;
  if (byte == '\n') {
    line_.clear();
    return true;
  }
  if (line_.size() < 4) line_ += byte;
  saw_banner_ = line_ == "SSH-";
  return true;
}

bool ServerLimits::take(std::string_view bytes) {
  in_turn_ += bytes.size();
  (logged_in_ ? after_log_in_ : before_log_in_) += bytes.size();
  if (before_log_in_ > most_before_log_in) fault_ = "the server sent too much before authentication";
  if (after_log_in_ > most_undelivered && (after_log_in_ - most_undelivered) / overhead > delivered_)
    fault_ = "the server keeps sending unrequested data";
  for (std::size_t i = 0; i < bytes.size() && !saw_banner_; ++i) {
    if (!watch_banner(bytes[i])) {
      fault_ = "the server sent too much before its ssh banner";
      break;
    }
  }
  return fault_ == nullptr;
}

}  // namespace rf
