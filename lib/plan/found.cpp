#include "plan/found.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/names.h"
#include "containerd/chain/chain.h"
#include "containerd/chain/hosts_dir.h"
#include "intent/names.h"
#include "intent/rules.h"

namespace rf {
namespace {

// Splits a chain at the registry's own endpoint; where that is not in it, the upstream is none.
Registry as_declared(const std::string& name, std::vector<Endpoint> chain) {
  Registry out;
  out.name = name;
  out.upstream_endpoint = name == "*"            ? Endpoint{.host = std::string(unnamed_registry), .where = {}}
                          : parse_endpoint(name) ? *parse_endpoint(name)
                                                 : Endpoint{};
  const auto own =
      std::find_if(chain.begin(), chain.end(), [&](const Endpoint& e) { return e.host == out.upstream_endpoint.host; });
  out.mirrors.assign(chain.begin(), own);
  if (own == chain.end()) {
    out.upstream = Registry::Upstream::none;
  } else {
    out.fallback.assign(own + 1, chain.end());
    if (name != "*" && *own != out.upstream_endpoint) out.upstream = Registry::Upstream::given;
    out.upstream_endpoint = *own;
  }
  if (name == "*") out.upstream_endpoint = Endpoint{.host = {}, .where = {}};
  return out;
}

void add(const std::string& name, const Chain& chain, FoundIntent& out) {
  if (chain.error) return out.notes.push_back(fmt::format("{}: every pull fails ({})", name, *chain.error));
  std::vector<Endpoint> endpoints;
  for (const auto& each : chain.endpoints) {
    const auto url = each.plain_url();
    if (!url) {
      out.notes.push_back(fmt::format("{}: {} is left out, an intent cannot name its rewrite of {} to {}", name,
                                      each.url(), each.rewrites.begin()->first, each.rewrites.begin()->second));
      continue;
    }
    auto endpoint = parse_endpoint(*url);
    if (!endpoint || endpoint->url() != *url) {
      out.notes.push_back(fmt::format("{}: {} is left out, an intent cannot name it", name, *url));
      continue;
    }
    if (std::find(endpoints.begin(), endpoints.end(), *endpoint) == endpoints.end())
      endpoints.push_back(*std::move(endpoint));
    const bool headers = std::any_of(each.headers.begin(), each.headers.end(), [](const Header& header) {
      return header.values != std::vector{std::string(public_bearer)};  // which a plan adds by itself
    });
    if (!each.ca.empty() || !each.client.empty() || each.skip_verify || headers || each.dial_timeout)
      out.notes.push_back(fmt::format("{}: {} has TLS settings, headers or a timeout; write them under endpoints: {}",
                                      name, each.url(), each.host));
  }
  auto registry = as_declared(name, std::move(endpoints));
  if (const auto problems = registry_problems(registry); !problems.empty())
    return out.notes.push_back(fmt::format("{}: left out: {}", name, problems.front().message));
  out.intent.registries.push_back(std::move(registry));
}

bool is_bare(const Registry& registry) {
  return registry.mirrors.empty() && registry.fallback.empty() && registry.upstream == Registry::Upstream::standard;
}

}  // namespace

FoundIntent found_intent(const FileTree& tree, const EffectiveConfig& config) {
  FoundIntent out;
  for (const auto& name : configured_registries(tree, config)) {
    if (!check_registry_name(name)) continue;  // no image can name it
    add(name, resolve_chain(tree, config, name == "*" ? unnamed_registry : std::string_view(name)), out);
  }
  // A registry that only has its own upstream needs no entry, unless that keeps it from what "*" would give it.
  if (out.intent.registry("*") == nullptr) std::erase_if(out.intent.registries, is_bare);
  return out;
}

}  // namespace rf
