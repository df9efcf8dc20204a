#include "plan/registries_yaml/registries_yaml_rewrites.h"

#include <fmt/format.h>

#include "containerd/chain/rewrite.h"

namespace rf {
namespace {

// Whether rules count at this endpoint of the mirror.
bool is_rewritten(const std::string& registry, const RegistriesYamlMirror& mirror, std::size_t i, OwnEndpoint own) {
  const auto url = registries_yaml_url(mirror.endpoints[i]);
  const bool becomes_server =
      own == OwnEndpoint::is_server && i + 1 == mirror.endpoints.size() && url == registries_yaml_url(registry);
  return !url.empty() && !becomes_server;
}

}  // namespace

std::vector<std::string> endpoints_without_rewrites(const std::string& registry, const RegistriesYamlMirror& mirror,
                                                    OwnEndpoint own) {
  auto out = mirror.endpoints;
  const auto prefix = rewrite_prefix(mirror.rewrites);
  for (std::size_t i = 0; prefix && i < out.size(); ++i) {
    if (!is_rewritten(registry, mirror, i, own)) continue;
    auto url = registries_yaml_url(out[i]);
    while (url.ends_with('/')) url.pop_back();
    out[i] = fmt::format("{}/{}", url, *prefix);
  }
  return out;
}

WithoutRewrites without_rewrites(const RegistriesYaml& given, const RegistriesYamlSettings& settings) {
  WithoutRewrites out{.registries = given, .lost = {}};
  for (auto& [registry, mirror] : out.registries.mirrors) {
    if (mirror.rewrites.empty()) continue;
    const bool has_server = !settings.disable_default_endpoint || given.configs.contains(registry);
    const auto own = has_server ? OwnEndpoint::is_server : OwnEndpoint::is_host;
    bool has_effect = false;
    for (std::size_t i = 0; i < mirror.endpoints.size(); ++i)
      has_effect = has_effect || is_rewritten(registry, mirror, i, own);
    if (has_effect && !rewrite_prefix(mirror.rewrites))
      for (const auto& [pattern, replacement] : mirror.rewrites)
        out.lost.push_back(
            fmt::format("{}: the rewrite \"{}\": \"{}\" is known only to the containerd of K3s and RKE2; repositories "
                        "are asked for as they are",
                        registry, pattern, replacement));
    mirror.endpoints = endpoints_without_rewrites(registry, mirror, own);
    mirror.rewrites.clear();
  }
  return out;
}

}  // namespace rf
