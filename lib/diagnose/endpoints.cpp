#include "diagnose/endpoints.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"
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

std::string write_url(const View& view, const Chain& chain, const ChainEndpoint& endpoint, const std::string& url,
                      std::string_view also) {
  const auto place = view.place(chain, endpoint);
  if (view.is_rendered(endpoint.source->file))
    return fmt::format("in {} write {}; then {}", place.file, url, view.restart());
  if (is_legacy(view.config()))
    return fmt::format("in {} write {}; then {}", view.source_of(place.file), url, view.restart());
  const bool is_server = is_last(chain, endpoint);
  const auto form = is_server ? fmt::format("server = {}", toml_quote(url)) : fmt::format("[host.{}]", toml_quote(url));
  return fmt::format("in {} write {}{}{} (no restart is needed)", place.file, form, also.empty() ? "" : ", and ", also);
}

}  // namespace rf
