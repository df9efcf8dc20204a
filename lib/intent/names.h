// The grammars of the names an intent holds: hosts, registries, durations, headers. Each check returns what is wrong
// and the way out.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace rf {

struct HostPort {
  std::string host;  // lower case, "[::1]" with its brackets
  int port = 0;      // 0: not written
  // "::1" of "[::1]"
  std::string_view bare_host() const {
    const std::string_view all = host;
    return all.starts_with('[') ? all.substr(1, all.size() - 2) : all;
  }
  std::string text() const { return port == 0 ? host : host + ":" + std::to_string(port); }
};
// "anubis:32000", "harbor.corp", "10.0.0.1:5000", "[fd00::1]:5000".
Result<HostPort> parse_host_port(std::string_view text);
bool is_ipv6(std::string_view text);  // without brackets

// The name containerd looks a registry up by. "*" stays; index.docker.io and the like are refused with the name that
// works.
Result<void> check_registry_name(std::string_view text);
// Docker Hub under a name its images are not looked up by: "index.docker.io", "registry-1.docker.io:443".
bool is_docker_hub_alias(std::string_view registry);
// The key of `endpoints`: a host with an optional port. Gives the host as Endpoint::host has it.
Result<std::string> endpoint_host(std::string_view text);

Result<void> check_upstream(std::string_view text);  // an endpoint, or "none"
Result<void> check_endpoint(std::string_view text);
Result<void> check_endpoint_host(std::string_view text);
Result<void> check_node(std::string_view text);
Result<void> check_duration(std::string_view text);  // as Go reads it, above zero: "2s", "1m30s"
Result<void> check_header_name(std::string_view text);
Result<void> check_visible(std::string_view text);   // not empty, no control characters
Result<void> check_username(std::string_view text);  // visible, without ':'
Result<void> check_env_name(std::string_view text);

}  // namespace rf
