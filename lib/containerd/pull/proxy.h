// The proxy through which a containerd asks an endpoint: from the environment it was started with, by the rule of Go's
// net/http, which decides for each host by its own name. Source of the rule: golang.org/x/net/http/httpproxy.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace rf {

// Variables by name, as in the environment: HTTPS_PROXY, HTTP_PROXY, NO_PROXY, and these in small letters.
// A value may hold a password.
using ProxyEnvironment = std::map<std::string, std::string, std::less<>>;
bool is_proxy_variable(std::string_view name);
// Its value with a password masked.
std::string masked_proxy(std::string_view name, std::string_view value);

// The proxy's URL with its password masked, and the variable that names it; nothing where the endpoint is asked
// directly. `host` has its port where one is written.
struct Proxy {
  std::string url;
  std::string variable;
  bool operator==(const Proxy&) const = default;
};
std::optional<Proxy> proxy_of(const ProxyEnvironment& environment, std::string_view scheme, std::string_view host);

}  // namespace rf
