#include "containerd/go_url.h"

#include <algorithm>

#include "base/text.h"

namespace rf {

namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool bad_escape(std::string_view text) {
  for (auto at = text.find('%'); at != text.npos; at = text.find('%', at + 1))
    if (at + 2 >= text.size() || !is_hex(text[at + 1]) || !is_hex(text[at + 2])) return true;
  return false;
}

bool bad_port(std::string_view host) {
  const auto bracket = host.rfind(']');
  const auto colon = host.rfind(':');
  if (colon == host.npos || (bracket != host.npos && colon < bracket)) return false;
  return !std::all_of(host.begin() + static_cast<std::ptrdiff_t>(colon) + 1, host.end(), is_digit);
}

}  // namespace

GoUrl parse_go_url(std::string_view text) {
  GoUrl url;
  if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; })) {
    url.error = "net/url: invalid control character in URL";
    return url;
  }
  std::string_view rest = text.substr(0, text.find('#'));
  std::size_t end = 0;
  while (end < rest.size() && (is_letter(rest[end]) || (end > 0 && (is_digit(rest[end]) || rest[end] == '+' || rest[end] == '-' || rest[end] == '.'))))
    ++end;
  if (end < rest.size() && rest[end] == ':') {
    if (end == 0) {
      url.error = "missing protocol scheme";
      return url;
    }
    url.scheme = lower(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  rest = rest.substr(0, rest.find('?'));
  if (!rest.starts_with('/')) {
    if (!url.scheme.empty()) return url;  // opaque: neither host nor path
    const auto colon = rest.find(':');
    if (colon != rest.npos && colon < rest.find('/')) url.error = "first path segment in URL cannot contain colon";
  }
  if (rest.starts_with("//") && (!url.scheme.empty() || !rest.starts_with("///"))) {
    rest.remove_prefix(2);
    auto authority = rest.substr(0, rest.find('/'));
    rest.remove_prefix(authority.size());
    if (const auto at = authority.rfind('@'); at != authority.npos) authority.remove_prefix(at + 1);
    url.host = std::string(authority);
    if (bad_port(authority)) url.error = "invalid port \"" + std::string(authority.substr(authority.rfind(':'))) + "\" after host";
    else if (authority.find(' ') != authority.npos) url.error = "invalid character \" \" in host name";
  }
  if (url.error.empty() && bad_escape(rest)) url.error = "invalid URL escape";
  url.path = std::string(rest);
  return url;
}

}  // namespace rf
