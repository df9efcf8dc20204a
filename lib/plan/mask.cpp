#include "plan/mask.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/secret.h"
#include "base/text.h"

namespace rf {
namespace {

bool names_a_secret(std::string_view key) {
  const auto name = lower(key);
  constexpr std::array exact{std::string_view("auth"), std::string_view("authorization"), std::string_view("proxy-authorization")};
  if (std::find(exact.begin(), exact.end(), name) != exact.end()) return true;
  constexpr std::array parts{std::string_view("password"), std::string_view("token"), std::string_view("secret"), std::string_view("cookie"),
                             std::string_view("api-key"), std::string_view("apikey"), std::string_view("api_key")};
  return std::any_of(parts.begin(), parts.end(), [&](auto part) { return name.find(part) != name.npos; });
}

std::string_view unquoted(std::string_view text) {
  if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front()) return text.substr(1, text.size() - 2);
  return text;
}

// Where the value of an assignment begins; npos for any other line. A ':' counts in YAML only, where white space follows it.
std::size_t value_of(std::string_view line, std::string_view& key) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool assigns = line[i] == '=' || (line[i] == ':' && (i + 1 == line.size() || line[i + 1] == ' '));
    if (!assigns) continue;
    key = unquoted(trim(line.substr(0, i)));
    if (key.starts_with("- ")) key = unquoted(trim(key.substr(2)));
    if (const auto dot = key.rfind('.'); dot != key.npos) key = unquoted(key.substr(dot + 1));
    return i + 1;
  }
  return line.npos;
}

// `auth: { username: u, password: p }` on one line, and inline tables: the rest of the line is one secret.
std::string mask_line(std::string_view line) {
  std::string_view key;
  const auto begin = value_of(line, key);
  if (begin == line.npos || trim(line).starts_with('#')) return std::string(line);
  const auto value = trim(line.substr(begin));
  if (names_a_secret(key) && !value.empty() && value != "{" && value != "[")
    return fmt::format("{} \"{}\"", line.substr(0, begin), Secret(std::string(unquoted(value))).masked());
  if (!value.starts_with('{') && !value.starts_with('[')) return std::string(line);
  for (std::size_t at = 0; at < value.size(); ++at) {
    const auto end = value.find_first_of("=:", at);
    if (end == value.npos) break;
    const auto name = trim(value.substr(at, end - at));
    const auto word = name.substr(std::min(name.size(), name.find_last_of(" {,[") + 1));
    if (names_a_secret(unquoted(word)))
      return fmt::format("{} \"{}\"", line.substr(0, begin), Secret(std::string(value)).masked());
    at = end;
  }
  return std::string(line);
}

}  // namespace

std::string mask_secrets(std::string_view text) {
  if (text.find("PRIVATE KEY-----") != text.npos) return Secret(std::string(text)).masked() + "\n";
  std::string out;
  while (!text.empty()) {
    const auto end = text.find('\n');
    out += mask_line(text.substr(0, end));
    if (end == text.npos) break;
    out += '\n';
    text.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace rf
