// Credentials as the CRI plugin picks them for the host that asks: of the pull request, else of the configuration.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "containerd/config/effective_config.h"

namespace rf {

// AuthConfig of a CRI pull request. The kubelet fills in username and password alone, so that nothing binds them to one
// host.
struct RequestAuth {
  std::string username = {};
  Secret password = {};
  Secret auth = {};  // base64 of user:password
  Secret identity_token = {};
  std::string server_address = {};
};
struct OfferedCredentials {
  std::string username = {};
  Secret secret = {};
  bool none() const { return username.empty() && secret.empty(); }
};
// What is offered to `host`; nothing when server_address is set and its host is another (one without a scheme matches
// no host).
Result<OfferedCredentials> offered_credentials(const RequestAuth& request, std::string_view host);
RequestAuth request_auth(const RegistryAuth& configured);

// Where the configuration's credentials for the host an endpoint has come from: `configs."m1:5000".auth
// (config.toml:4)`, with the fault when they cannot be used; "" for none. They count for pulls without a pull secret
// only.
std::string configured_credentials(const EffectiveConfig& config, std::string_view host);

}  // namespace rf
