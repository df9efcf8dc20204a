// Addresses as Go's net.ParseIP and net.ParseCIDR read them.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace rf {

using IpAddress = std::array<std::uint8_t, 16>;  // of IPv4: ::ffff:a.b.c.d
// Without brackets, port and zone.
std::optional<IpAddress> parse_ip(std::string_view text);
bool is_loopback(const IpAddress& address);

struct IpNetwork {
  IpAddress address = {};
  unsigned bits = 0;  // of 128
  bool holds(const IpAddress& other) const;
};
std::optional<IpNetwork> parse_ip_network(std::string_view text);  // "10.0.0.0/8"

}  // namespace rf
