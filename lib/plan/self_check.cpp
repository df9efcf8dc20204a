#include "plan/self_check.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "containerd/chain/hosts_dir.h"

namespace rf {
namespace {

std::string urls(const std::vector<std::string>& list) { return list.empty() ? "none" : join(list, ", "); }

struct Difference {
  std::string what;
  std::optional<Location> where;
};

std::optional<Difference> compare_endpoint(const Endpoint& wanted, const ChainEndpoint& found,
                                           const PlanContext& context) {
  const auto at = found.source;
  if (found.http_fallback) return Difference{fmt::format("{} would be asked by https first", wanted.url()), at};
  const auto lacks = [&](std::string_view word) {
    return std::find(found.capabilities.begin(), found.capabilities.end(), word) == found.capabilities.end();
  };
  std::vector<std::string> needed{"pull", "resolve"};
  bool skip = false;
  if (const auto options = context.intent.endpoints.find(wanted.host); options != context.intent.endpoints.end()) {
    if (!options->second.capabilities.empty()) needed = options->second.capabilities;
    skip = options->second.insecure_skip_verify;
  }
  for (const auto& word : needed)
    if (word != "referrers" && lacks(word))
      return Difference{fmt::format("{} would not be used to {}", wanted.url(), word), at};
  if (wanted.scheme == "https" && found.skip_verify != skip)
    return Difference{
        fmt::format("the certificate of {} would {}be verified", wanted.url(), found.skip_verify ? "not " : ""), at};
  const auto secrets = context.resolved.find(wanted.host);
  if (secrets == context.resolved.end()) return std::nullopt;
  if (!secrets->second.ca_pem.empty() && found.ca.empty())
    return Difference{fmt::format("{} would not be trusted by its ca", wanted.url()), at};
  if (!secrets->second.client_cert_pem.empty() && found.client.empty())
    return Difference{fmt::format("{} would be shown no client certificate", wanted.url()), at};
  return std::nullopt;
}

std::optional<Difference> compare(const Registry& registry, const Chain& chain, const PlanContext& context) {
  if (chain.unread) return Difference{to_string(*chain.unread), std::nullopt};
  if (chain.error) return Difference{fmt::format("every pull would fail: {}", *chain.error), std::nullopt};
  auto wanted = registry.chain();
  if (registry.name == "*" && registry.upstream == Registry::Upstream::standard)
    wanted.push_back(
        Endpoint{.scheme = "https", .host = std::string(unnamed_registry), .path = "/v2", .where = registry.where});
  std::vector<std::string> declared, computed;
  for (const auto& endpoint : wanted) declared.push_back(endpoint.url());
  for (const auto& endpoint : chain.endpoints) computed.push_back(endpoint.url());
  if (declared != computed) {
    const auto at =
        std::mismatch(declared.begin(), declared.end(), computed.begin(), computed.end()).second - computed.begin();
    const auto index = static_cast<std::size_t>(at);
    return Difference{fmt::format("containerd would ask {}; declared is {}", urls(computed), urls(declared)),
                      index < chain.endpoints.size() ? chain.endpoints[index].source : std::nullopt};
  }
  for (std::size_t i = 0; i < registry.chain().size(); ++i)
    if (auto difference = compare_endpoint(wanted[i], chain.endpoints[i], context)) return difference;
  return std::nullopt;
}

// The chain without what the distribution puts at its ends by itself, as far as that is more than was declared.
Chain without_added(Chain chain, const Registry& registry, const Projected& projected) {
  const auto added = projected.added.find(registry.name);
  if (added == projected.added.end()) return chain;
  const auto is_added = [&](const ChainEndpoint& endpoint) {
    return std::find(added->second.begin(), added->second.end(), endpoint.url()) != added->second.end();
  };
  const auto declared = registry.chain();
  if (chain.endpoints.empty() || declared.empty()) return chain;
  if (is_added(chain.endpoints.front()) && chain.endpoints.front().url() != declared.front().url())
    chain.endpoints.erase(chain.endpoints.begin());
  if (chain.endpoints.empty() || !is_added(chain.endpoints.back())) return chain;
  if (chain.endpoints.size() > declared.size() || chain.endpoints.back().url() != declared.back().url())
    chain.endpoints.pop_back();
  return chain;
}

std::string cause(const Chain& chain, const EffectiveConfig& config) {
  const auto said = [](const IgnoredSetting& ignored) {
    return fmt::format("{}{}: {}", ignored.path, ignored.line == 0 ? "" : fmt::format(":{}", ignored.line),
                       ignored.reason);
  };
  for (const auto& ignored : chain.ignored)  // of the directory that decides, before those that are passed over
    if (chain.hosts_dir && ignored.path.starts_with(*chain.hosts_dir + "/")) return said(ignored);
  if (!chain.ignored.empty()) return said(chain.ignored.front());
  if (!chain.hosts_dir && !config.hosts_roots.empty())
    return fmt::format("no directory for it is found in {}", join(config.hosts_roots, ", "));
  if (!chain.hosts_dir)
    return fmt::format("containerd {} reads no hosts.toml files with this configuration", to_string(config.containerd));
  return fmt::format("{} decides", *chain.hosts_dir);
}

}  // namespace

Result<std::vector<Chain>> self_check(const PlanContext& context, const Projected& projected) {
  const auto& config = projected.config;
  if (config.unread) return Error{*config.unread}.doing("reading what this plan would write");
  for (const auto* fault : {&config.load_error, &config.cri_error})
    if (*fault) {
      auto error = **fault;
      error.kind = ErrorKind::refused;
      error.message = fmt::format("after this plan containerd {} would not serve images: {}",
                                  to_string(config.containerd), error.message);
      return error;
    }
  std::vector<Chain> chains;
  for (const auto& registry : context.intent.registries) {
    auto chain = resolve_chain(projected.tree, config,
                               registry.name == "*" ? unnamed_registry : std::string_view(registry.name));
    if (const auto difference = compare(registry, without_added(chain, registry, projected), context))
      return Error{
          ErrorKind::refused,
          fmt::format("the registry {} would not be as declared with containerd {}: {}", registry.name,
                      to_string(config.containerd), difference->what),
          fmt::format("{}; nothing is written. `regfallback explain {}/NAME` says which file decides",
                      cause(chain, config), registry.name == "*" ? unnamed_registry : std::string_view(registry.name)),
          difference->where};
    if (registry.name == "*") chain.registry = "*";
    chains.push_back(std::move(chain));
  }
  return chains;
}

}  // namespace rf
