// The pure half of http_status.h.
#include "host/http_status.h"

namespace rf {

Result<int> parse_status_line(std::string_view head) {
  const auto blank = head.find(' ');
  const auto code = blank == head.npos ? std::string_view() : head.substr(blank + 1, 3);
  if (!head.starts_with("HTTP/1.") || code.size() != 3 || code.find_first_not_of("0123456789") != code.npos) {
    return Error{.kind = ErrorKind::protocol, .message = "the server's answer is not HTTP"};
  }
  return (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
}

}  // namespace rf
