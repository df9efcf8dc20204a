#include "plan/registries_yaml/registries_yaml_rewrites.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

namespace rf {
namespace {

bool is_plain_path(std::string_view path) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789._-/";
  return !path.empty() && path.front() != '/' && path.back() != '/' && path.find("//") == path.npos &&
         path.find("..") == path.npos && path.find_first_not_of(allowed) == path.npos;
}

// "(.*)": "proj/$1" puts proj/ before every repository.
std::optional<std::string> prefix_of(const std::map<std::string, std::string>& rewrites) {
  constexpr std::array<std::string_view, 8> everything{"(.*)", "^(.*)", "(.*)$", "^(.*)$",
                                                       "(.+)", "^(.+)", "(.+)$", "^(.+)$"};
  if (rewrites.size() != 1) return std::nullopt;
  const auto& [pattern, replacement] = *rewrites.begin();
  if (std::find(everything.begin(), everything.end(), pattern) == everything.end()) return std::nullopt;
  for (const std::string_view end : {"/$1", "/${1}"}) {
    if (!replacement.ends_with(end)) continue;
    auto prefix = replacement.substr(0, replacement.size() - end.size());
    if (is_plain_path(prefix)) return prefix;
  }
  return std::nullopt;
}

}  // namespace

WithoutRewrites without_rewrites(const RegistriesYaml& given, const RegistriesYamlSettings& settings) {
  WithoutRewrites out{.registries = given, .lost = {}};
  for (auto& [registry, mirror] : out.registries.mirrors) {
    if (mirror.rewrites.empty()) continue;
    const auto prefix = prefix_of(mirror.rewrites);
    const auto rules = std::move(mirror.rewrites);
    mirror.rewrites.clear();
    bool has_effect = false;
    for (std::size_t i = 0; i < mirror.endpoints.size(); ++i) {
      auto url = registries_yaml_url(mirror.endpoints[i]);
      // The registry's own endpoint in last place becomes the server, for which no rule is written.
      const bool has_server = !settings.disable_default_endpoint || given.configs.contains(registry);
      const bool becomes_server =
          has_server && i + 1 == mirror.endpoints.size() && url == registries_yaml_url(registry);
      if (url.empty() || becomes_server) continue;
      has_effect = true;
      while (url.ends_with('/')) url.pop_back();
      if (prefix) mirror.endpoints[i] = fmt::format("{}/{}", url, *prefix);
    }
    if (has_effect && !prefix)
      for (const auto& [pattern, replacement] : rules)
        out.lost.push_back(
            fmt::format("{}: the rewrite \"{}\": \"{}\" is known only to the containerd of K3s and RKE2; repositories "
                        "are asked for as they are",
                        registry, pattern, replacement));
  }
  return out;
}

}  // namespace rf
