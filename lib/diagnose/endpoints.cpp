#include "diagnose/endpoints.h"

#include <algorithm>

#include "base/names.h"
#include "containerd/go/go_url.h"

namespace rf {

bool may(const ChainEndpoint& endpoint, std::string_view capability) {
  return std::find(endpoint.capabilities.begin(), endpoint.capabilities.end(), capability) !=
         endpoint.capabilities.end();
}

bool is_local(const ChainEndpoint& endpoint) { return is_localhost(endpoint.host); }
bool is_last(const Chain& chain, const ChainEndpoint& endpoint) { return &endpoint == &chain.endpoints.back(); }
bool is_own(const Chain& chain, const ChainEndpoint& endpoint) {
  return endpoint.host == chain.registry || endpoint.host == api_host_of(chain.registry);
}

std::string name_of(const Chain& chain) { return chain.registry == "*" ? "every other registry" : chain.registry; }

}  // namespace rf
