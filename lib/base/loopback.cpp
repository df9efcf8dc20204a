// Which hosts are this machine, as Go's net.ParseIP and IP.IsLoopback decide it.
#include <array>
#include <optional>
#include <vector>

#include "base/names.h"
#include "base/text.h"

namespace rf {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::optional<std::array<int, 4>> parse_ipv4(std::string_view text) {
  std::array<int, 4> bytes{};
  const auto parts = split(text, '.');
  if (parts.size() != 4) return std::nullopt;
  for (std::size_t i = 0; i < 4; ++i) {
    const auto part = parts[i];
    if (part.empty() || part.size() > 3 || (part.size() > 1 && part[0] == '0')) return std::nullopt;
    for (const char c : part) {
      if (c < '0' || c > '9') return std::nullopt;
      bytes[i] = bytes[i] * 10 + (c - '0');
    }
    if (bytes[i] > 255) return std::nullopt;
  }
  return bytes;
}

// The 16-bit groups of one side of "::"; a last group may be dotted IPv4.
std::optional<std::vector<int>> ipv6_groups(std::string_view text) {
  std::vector<int> groups;
  if (text.empty()) return groups;
  const auto parts = split(text, ':');
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i + 1 == parts.size() && parts[i].find('.') != std::string_view::npos) {
      const auto v4 = parse_ipv4(parts[i]);
      if (!v4) return std::nullopt;
      groups.push_back((*v4)[0] * 256 + (*v4)[1]);
      groups.push_back((*v4)[2] * 256 + (*v4)[3]);
      continue;
    }
    if (parts[i].empty() || parts[i].size() > 4) return std::nullopt;
    int value = 0;
    for (const char c : parts[i]) {
      if (hex_value(c) < 0) return std::nullopt;
      value = value * 16 + hex_value(c);
    }
    groups.push_back(value);
  }
  return groups;
}

bool is_loopback_ipv6(std::string_view text) {
  const auto gap = text.find("::");
  auto groups = ipv6_groups(text.substr(0, gap));
  if (!groups) return false;
  if (gap != text.npos) {
    const auto tail = ipv6_groups(text.substr(gap + 2));
    if (!tail || groups->size() + tail->size() > 7) return false;
    groups->resize(8 - tail->size());
    groups->insert(groups->end(), tail->begin(), tail->end());
  }
  if (groups->size() != 8) return false;
  for (std::size_t i = 0; i < 5; ++i)
    if ((*groups)[i] != 0) return false;
  const bool mapped = (*groups)[5] == 0xFFFF;
  return mapped ? (*groups)[6] >> 8 == 127 : (*groups)[5] == 0 && (*groups)[6] == 0 && (*groups)[7] == 1;
}

}  // namespace

bool is_loopback(std::string_view host) {
  if (host == localhost) return true;
  if (const auto v4 = parse_ipv4(host)) return (*v4)[0] == 127;
  return is_loopback_ipv6(host);
}

}  // namespace rf
