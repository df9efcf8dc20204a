#include "base/ip_address.h"

#include <algorithm>
#include <charconv>
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

std::optional<IpAddress> parse_ipv6(std::string_view text) {
  const auto gap = text.find("::");
  auto groups = ipv6_groups(text.substr(0, gap));
  if (!groups) return std::nullopt;
  if (gap != text.npos) {
    const auto tail = ipv6_groups(text.substr(gap + 2));
    if (!tail || groups->size() + tail->size() > 7) return std::nullopt;
    groups->resize(8 - tail->size());
    groups->insert(groups->end(), tail->begin(), tail->end());
  }
  if (groups->size() != 8) return std::nullopt;
  IpAddress out{};
  for (std::size_t i = 0; i < 8; ++i) {
    out[2 * i] = static_cast<std::uint8_t>((*groups)[i] >> 8);
    out[2 * i + 1] = static_cast<std::uint8_t>((*groups)[i] & 255);
  }
  return out;
}

bool is_ipv4(const IpAddress& address) {
  return std::all_of(address.begin(), address.begin() + 10, [](auto byte) { return byte == 0; }) &&
         address[10] == 255 && address[11] == 255;
}

}  // namespace

std::optional<IpAddress> parse_ip(std::string_view text) {
  const auto v4 = parse_ipv4(text);
  if (!v4) return parse_ipv6(text);
  IpAddress out{};
  out[10] = out[11] = 255;
  for (std::size_t i = 0; i < 4; ++i) out[12 + i] = static_cast<std::uint8_t>((*v4)[i]);
  return out;
}

bool is_loopback(const IpAddress& address) {
  if (is_ipv4(address)) return address[12] == 127;
  return address == *parse_ipv6("::1");
}

bool is_loopback(std::string_view host) {
  if (host == localhost) return true;
  const auto address = parse_ip(host);
  return address && is_loopback(*address);
}

std::optional<IpNetwork> parse_ip_network(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == text.npos) return std::nullopt;
  const auto address = parse_ip(text.substr(0, slash));
  const auto length = text.substr(slash + 1);
  unsigned bits = 0;
  const auto [end, failed] = std::from_chars(length.data(), length.data() + length.size(), bits);
  if (!address || failed != std::errc{} || end != length.data() + length.size()) return std::nullopt;
  const bool v4 = text.substr(0, slash).find(':') == text.npos;
  if (bits > (v4 ? 32U : 128U)) return std::nullopt;
  return IpNetwork{*address, v4 ? bits + 96 : bits};
}

bool IpNetwork::holds(const IpAddress& other) const {
  if (is_ipv4(address) != is_ipv4(other)) return false;
  for (unsigned bit = 0; bit < bits; ++bit) {
    const auto mask = static_cast<std::uint8_t>(0x80 >> (bit % 8));
    if ((address[bit / 8] & mask) != (other[bit / 8] & mask)) return false;
  }
  return true;
}

}  // namespace rf
