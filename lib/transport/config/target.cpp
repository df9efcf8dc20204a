#include "transport/config/target.h"

#include <charconv>

#include "base/text.h"

namespace rf {
namespace {

bool harmless(std::string_view text, std::string_view more) {
  for (const char c : text) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!word && std::string_view("._-").find(c) == std::string_view::npos && more.find(c) == std::string_view::npos)
      return false;
  }
  return !text.empty() && text.front() != '-';
}

}  // namespace

Result<void> check_target(const Target& target) {
  if (!harmless(target.host, ":%")) {
    return Error{.kind = ErrorKind::usage,
                 .message = "\"" + terminal_safe(target.host) + "\" is not a host name",
                 .hint = "host names have letters, digits, dots, dashes and underscores, and do not begin with a dash"};
  }
  if (!target.user.empty() && !harmless(target.user, "+@\\$")) {
    return Error{.kind = ErrorKind::usage, .message = "\"" + terminal_safe(target.user) + "\" is not a user name"};
  }
  if (target.port < 0 || target.port > 65535) {
    return Error{.kind = ErrorKind::usage,
                 .message = std::to_string(target.port) + " is not a port",
                 .hint = "a port is a number from 1 to 65535"};
  }
  return {};
}

Result<Target> parse_target(std::string_view text) {
  const auto wrong = [&] {
    return Error{.kind = ErrorKind::usage, .message = "\"" + terminal_safe(text) + "\" is not [user@]host[:port]"};
  };
  Target target;
  std::string_view rest = text;
  if (rest.substr(0, 6) == "ssh://") rest.remove_prefix(6);
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    if (at == 0) return wrong();
    target.user = rest.substr(0, at);
    rest.remove_prefix(at + 1);
  }
  std::string_view port;
  if (!rest.empty() && rest.front() == '[') {
    const auto end = rest.find(']');
    if (end == std::string_view::npos) return wrong();
    target.host = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    if (!rest.empty() && rest.front() != ':') return wrong();
    port = rest;
  } else if (const auto colon = rest.find(':');
             colon != std::string_view::npos && rest.find(':', colon + 1) == std::string_view::npos) {
    target.host = rest.substr(0, colon);
    port = rest.substr(colon);
  } else {
    target.host = rest;  // more than one colon: an IPv6 address
  }
  if (!port.empty()) {
    port.remove_prefix(1);
    const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), target.port);
    if (failed != std::errc() || end != port.data() + port.size() || target.port < 1 || target.port > 65535)
      return wrong();
  }
  RF_CHECK(check_target(target));
  return target;
}

std::string to_string(const Target& target) {
  std::string text = target.user.empty() ? "" : target.user + "@";
  const bool brackets = target.port != 0 && target.host.find(':') != std::string::npos;
  text += brackets ? "[" + target.host + "]" : target.host;
  if (target.port != 0) text += ":" + std::to_string(target.port);
  return text;
}

}  // namespace rf
