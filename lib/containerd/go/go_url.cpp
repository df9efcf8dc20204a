#include "containerd/go/go_url.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <optional>

#include "base/names.h"
#include "base/secret.h"
#include "base/text.h"

namespace rf {
namespace {

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_alnum(char c) { return is_alpha(c) || is_digit(c); }

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool in_host(char c) {
  constexpr std::string_view extra = "-_.~!$&'()*+,;=:[]<>\"";
  return static_cast<unsigned char>(c) >= 0x80 || is_alnum(c) || extra.find(c) != extra.npos;
}

bool in_userinfo(char c) {
  constexpr std::string_view extra = "-._:~!$&'()*+,;=%@";
  return is_alnum(c) || extra.find(c) != extra.npos;
}

Error failure(std::string message) { return Error{.kind = ErrorKind::parse, .message = std::move(message)}; }

enum class Part { host, path };
Result<std::string> unescape(std::string_view text, Part part) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%') {
      const bool complete = i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
      const auto escape = text.substr(i, 3);
      if (!complete) return failure("invalid URL escape " + go_quote(escape));
      // In a host only non-ASCII bytes may be written as escapes, and "%25" before a zone.
      if (part == Part::host && hex_value(text[i + 1]) < 8 && escape != "%25")
        return failure("invalid URL escape " + go_quote(escape));
      out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
      continue;
    }
    if (part == Part::host && !in_host(c))
      return failure(fmt::format("invalid character {} in host name", go_quote(text.substr(i, 1))));
    out += c;
  }
  return out;
}

bool valid_optional_port(std::string_view port) {
  if (port.empty()) return true;
  return port[0] == ':' && port.find_first_not_of("0123456789", 1) == port.npos;
}

Result<std::string> parse_host(std::string_view host) {
  std::string_view port;
  if (host.starts_with('[')) {
    const auto close = host.rfind(']');
    if (close == host.npos) return failure("missing ']' in host");
    port = host.substr(close + 1);
  } else if (const auto colon = host.rfind(':'); colon != host.npos) {
    port = host.substr(colon);
  }
  if (!valid_optional_port(port)) return failure(fmt::format("invalid port {} after host", go_quote(port)));
  return unescape(host, Part::host);
}

Result<std::string> parse_authority(std::string_view authority) {
  const auto at = authority.rfind('@');
  if (at == authority.npos) return parse_host(authority);
  for (const char c : authority.substr(0, at))
    if (!in_userinfo(c)) return failure("net/url: invalid userinfo");
  return parse_host(authority.substr(at + 1));
}

// The scheme before the first ':', taken off `rest`; "" when there is none.
Result<std::string> take_scheme(std::string_view& rest) {
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const char c = rest[i];
    if (is_alpha(c)) continue;
    if (is_digit(c) || c == '+' || c == '-' || c == '.') {
      if (i == 0) return std::string();
      continue;
    }
    if (c != ':') return std::string();
    if (i == 0) return failure("missing protocol scheme");
    auto scheme = lower(rest.substr(0, i));
    rest.remove_prefix(i + 1);
    return scheme;
  }
  return std::string();
}

Result<GoUrl> parse_parts(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return failure("net/url: invalid control character in URL");
  auto rest = text.substr(0, text.find('#'));
  GoUrl url;
  RF_TRY(url.scheme, take_scheme(rest));
  rest = rest.substr(0, rest.find('?'));
  if (!rest.starts_with('/')) {
    if (!url.scheme.empty()) return url;  // opaque: neither host nor path
    const auto segment = rest.substr(0, rest.find('/'));
    if (segment.find(':') != segment.npos) return failure("first path segment in URL cannot contain colon");
  }
  if (rest.starts_with("//") && (!url.scheme.empty() || !rest.starts_with("///"))) {
    rest.remove_prefix(2);
    const auto slash = rest.find('/');
    RF_TRY(url.host, parse_authority(rest.substr(0, slash)));
    rest = slash == rest.npos ? std::string_view() : rest.substr(slash);
  }
  RF_TRY(url.path, unescape(rest, Part::path));
  return url;
}

}  // namespace

Result<GoUrl> parse_go_url(std::string_view text) {
  auto url = parse_parts(text);
  if (!url) url.error().message = fmt::format("parse {}: {}", go_quote(masked_url(text)), url.error().message);
  return url;
}

std::string clean_path(std::string_view path) {
  if (path.empty()) return ".";
  const bool rooted = path.starts_with('/');
  std::vector<std::string> parts;
  for (const auto part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == ".." && !parts.empty() && parts.back() != "..")
      parts.pop_back();
    else if (part != ".." || !rooted)
      parts.emplace_back(part);
  }
  auto out = (rooted ? "/" : "") + join(parts, "/");
  return out.empty() ? "." : out;
}

std::string escape_path(std::string_view path) {
  constexpr std::string_view kept = "-_.~$&+,/:;=@%",
                             valid = "!'()*[]";  // `valid` is escaped only beside something that must be
  const auto plain = [&](char c) { return is_alnum(c) || kept.find(c) != kept.npos; };
  if (std::all_of(path.begin(), path.end(), [&](char c) { return plain(c) || valid.find(c) != valid.npos; }))
    return std::string(path);
  std::string out;
  for (const char c : path) {
    if (plain(c))
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string query_escape(std::string_view text) {
  constexpr std::string_view unreserved = "-_.~";
  std::string out;
  for (const char c : text) {
    if (is_alnum(c) || unreserved.find(c) != unreserved.npos)
      out += c;
    else if (c == ' ')
      out += '+';
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string go_quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      out += '\\', out += c;
    else if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (c == '\r')
      out += "\\r";
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out + "\"";
}

GoHostPort split_host_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos) return {};
  std::string_view host = text.substr(0, colon);
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == text.npos || close + 1 != colon) return {};
    host = text.substr(1, close - 1);
  } else if (host.find(':') != host.npos) {
    return {};
  }
  const auto port = text.substr(colon + 1);
  if (host.find_first_of("[]") != host.npos || port.find_first_of("[]") != port.npos) return {};
  return {std::string(host), std::string(port), true};
}

bool is_localhost(std::string_view host) {
  const auto parts = split_host_port(host);
  const std::string_view name = parts.valid ? std::string_view(parts.host) : host;
  return is_loopback(name);
}

}  // namespace rf
