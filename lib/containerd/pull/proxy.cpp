#include "containerd/pull/proxy.h"

#include <algorithm>
#include <array>

#include "base/ip_address.h"
#include "base/names.h"
#include "base/secret.h"
#include "base/text.h"
#include "containerd/go/go_url.h"

namespace rf {
namespace {

constexpr std::array<std::string_view, 6> proxy_variables{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY",
                                                          "http_proxy",  "NO_PROXY",    "no_proxy"};

// The first of the two that is set; an empty one counts as unset.
std::optional<ProxyEnvironment::value_type> one_of(const ProxyEnvironment& environment, std::string_view upper,
                                                   std::string_view small) {
  for (const auto name : {upper, small})
    if (const auto found = environment.find(name); found != environment.end() && !found->second.empty()) return *found;
  return std::nullopt;
}

std::string with_scheme_of_proxy(std::string_view value) {
  return value.find("://") == value.npos ? "http://" + std::string(value) : std::string(value);
}

struct AskedHost {
  std::string name;  // lower case, without brackets
  std::string port;
  std::optional<IpAddress> address;
};

bool is_name_excepted(std::string_view entry, std::string_view host) {
  if (entry.starts_with("*.")) entry.remove_prefix(1);
  if (entry.starts_with('.')) return host.ends_with(entry);
  return host == entry || host.ends_with("." + std::string(entry));
}

bool is_excepted(std::string_view entry, const AskedHost& host) {
  if (const auto network = parse_ip_network(entry)) return host.address && network->holds(*host.address);
  const auto split = split_host_port(entry);
  if (split.valid && split.host.empty()) return false;
  const auto name = split.valid ? std::string_view(split.host) : entry;
  if (split.valid && !split.port.empty() && split.port != host.port) return false;
  if (const auto address = parse_ip(name)) return host.address && *address == *host.address;
  return is_name_excepted(name, host.name);
}

bool is_direct(std::string_view no_proxy, const AskedHost& host) {
  const auto lowered = lower(no_proxy);
  for (const auto part : split(lowered, ',')) {
    const auto entry = trim(part);
    if (entry == "*") return true;  // whatever is written before it
  }
  for (const auto part : split(lowered, ',')) {
    const auto entry = trim(part);
    if (!entry.empty() && is_excepted(entry, host)) return true;
  }
  return false;
}

}  // namespace

bool is_proxy_variable(std::string_view name) {
  return std::find(proxy_variables.begin(), proxy_variables.end(), name) != proxy_variables.end();
}

std::string masked_proxy(std::string_view name, std::string_view value) {
  return lower(name) == "no_proxy" ? std::string(value) : masked_url(with_scheme_of_proxy(value));
}

std::optional<Proxy> proxy_of(const ProxyEnvironment& environment, std::string_view scheme, std::string_view written) {
  const bool tls = scheme == "https";
  const auto proxy =
      tls ? one_of(environment, "HTTPS_PROXY", "https_proxy") : one_of(environment, "HTTP_PROXY", "http_proxy");
  if (!proxy) return std::nullopt;
  const auto split = split_host_port(written);
  AskedHost host{.name = lower(split.valid ? std::string_view(split.host) : written),
                 .port = split.port.empty() ? (tls ? "443" : "80") : split.port,
                 .address = {}};
  if (host.name.starts_with('[') && host.name.ends_with(']')) host.name = host.name.substr(1, host.name.size() - 2);
  host.address = parse_ip(host.name);
  if (is_loopback(host.name)) return std::nullopt;
  const auto excepted = one_of(environment, "NO_PROXY", "no_proxy");
  if (excepted && is_direct(excepted->second, host)) return std::nullopt;
  return Proxy{.url = masked_proxy(proxy->first, proxy->second), .variable = proxy->first};
}

}  // namespace rf
