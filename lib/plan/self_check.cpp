#include "plan/self_check.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"
#include "containerd/chain/hosts_dir.h"
#include "containerd/config/features.h"
#include "containerd/go/go_duration.h"

namespace rf {
namespace {

std::string urls(const std::vector<std::string>& list) { return list.empty() ? "none" : join(list, ", "); }

struct Difference {
  std::string what;
  std::optional<Location> where;
};

bool has(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool sends(const ChainEndpoint& endpoint, std::string_view header) {
  return std::any_of(endpoint.headers.begin(), endpoint.headers.end(),
                     [&](const Header& sent) { return lower(sent.name) == lower(header); });
}

// In these three every property is named, declared and found: a new one does not compile until it is compared here, or
// known not to need it.
std::optional<Difference> compare_options(const EndpointOptions& options, const ChainEndpoint& found,
                                          const PlanContext& context) {
  const auto& [host, username, password, ca_file, client_cert_file, client_key_file, skip_verify, dial_timeout,
               capabilities, headers, where] = options;
  const auto& at = found.source;
  for (const auto& word : capabilities)
    if (word != "referrers" && !has(found.capabilities, word))
      return Difference{fmt::format("{} would not be used to {}", found.url(), word), at};
  // registries.yaml and mirrors in config.toml have neither of these, which the plan's warnings say.
  if (context.options.style.value_or(context.detection.era.style) != Style::hosts_dir) return std::nullopt;
  const auto& containerd = context.detection.containerd;
  const bool timeout_counts = has_feature(containerd, Feature::dial_timeout) &&
                              (found.scheme == "https" || !has_feature(containerd, Feature::dial_timeout_is_tls));
  const auto timeout = dial_timeout && timeout_counts ? parse_go_duration(*dial_timeout) : Result<std::int64_t>(0);
  const auto wanted = timeout && *timeout != 0 ? std::optional(print_go_duration(*timeout)) : std::nullopt;
  if (found.dial_timeout != wanted)
    return Difference{
        fmt::format("{} would have the dial_timeout {}", found.url(), found.dial_timeout.value_or("of containerd")),
        at};
  for (const auto& [name, value] : headers)
    if (!sends(found, name))
      return Difference{fmt::format("{} would not be sent the header {}", found.url(), name), at};
  return std::nullopt;
}

std::optional<Difference> compare_secrets(const ResolvedEndpoint& secrets, const ChainEndpoint& found,
                                          const PlanContext& context) {
  const auto& [username, password, ca_pem, client_cert_pem, client_key_pem] = secrets;
  if (!ca_pem.empty() && found.ca.empty())
    return Difference{fmt::format("{} would not be verified against its ca", found.url()), found.source};
  if (!client_cert_pem.empty() && found.client.empty())
    return Difference{fmt::format("{} would get no client certificate", found.url()), found.source};
  const bool in_hosts_toml = context.options.style.value_or(context.detection.era.style) == Style::hosts_dir;
  if (in_hosts_toml && !password.empty() && !sends(found, "Authorization"))
    return Difference{fmt::format("{} would be asked without its credentials", found.url()), found.source};
  return std::nullopt;
}

std::optional<Difference> compare_endpoint(const Endpoint& wanted, const ChainEndpoint& found,
                                           const PlanContext& context) {
  // The URL has been compared; the rest of these containerd computes, or the two functions above compare.
  const auto& [scheme, host, path, rewrites, capabilities, skip_verify, http_fallback, ca, client, headers,
               headers_sent_to_token_server, dial_timeout, credentials, source] = found;
  if (!found.plain_url())
    return Difference{fmt::format("{} would be asked for other repositories: rewrite {} to {}", wanted.url(),
                                  rewrites.begin()->first, rewrites.begin()->second),
                      source};
  if (http_fallback) return Difference{fmt::format("{} would be asked over https first", wanted.url()), source};
  const auto declared = context.intent.endpoints.find(wanted.host);
  const auto options = declared == context.intent.endpoints.end() ? EndpointOptions{} : declared->second;
  for (const auto* word : {"pull", "resolve"})
    if (options.capabilities.empty() && !has(capabilities, word))
      return Difference{fmt::format("{} would not be used to {}", wanted.url(), word), source};
  if (scheme == "https" && skip_verify != options.insecure_skip_verify)
    return Difference{fmt::format("the certificate of {} would {}be verified", wanted.url(), skip_verify ? "not " : ""),
                      source};
  if (auto difference = compare_options(options, found, context)) return difference;
  const auto secrets = context.resolved.find(wanted.host);
  return secrets == context.resolved.end() ? std::nullopt : compare_secrets(secrets->second, found, context);
}

std::optional<Difference> compare(const Registry& registry, const Chain& chain, const PlanContext& context) {
  if (chain.unread) return Difference{to_string(*chain.unread), std::nullopt};
  if (chain.error) return Difference{fmt::format("every pull would fail: {}", *chain.error), std::nullopt};
  auto wanted = registry.chain();
  if (registry.name == "*" && registry.upstream == Registry::Upstream::standard)
    wanted.push_back(
        Endpoint{.scheme = "https", .host = std::string(unnamed_registry), .path = "/v2", .where = registry.where});
  std::vector<std::string> declared, computed;
  for (const auto& endpoint : wanted)
    declared.push_back(is_unnamed(endpoint.host) ? std::string(shown_itself) : endpoint.url());
  for (const auto& endpoint : chain.endpoints)
    computed.push_back(is_unnamed(endpoint.host) ? std::string(shown_itself)
                                                 : endpoint.plain_url().value_or(endpoint.url()));
  if (declared != computed) {
    const auto at =
        std::mismatch(declared.begin(), declared.end(), computed.begin(), computed.end()).second - computed.begin();
    const auto index = static_cast<std::size_t>(at);
    return Difference{fmt::format("containerd would ask {}; declared: {}", urls(computed), urls(declared)),
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

std::string cause(const Chain& chain, const Projected& projected) {
  const auto& config = projected.config;
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
  const auto text = projected.tree.read(*chain.hosts_dir + "/hosts.toml").value_or("");
  const auto program = generator_of(text);
  return program.empty() ? fmt::format("{} decides", *chain.hosts_dir)
                         : fmt::format(
                               "its entries under mirrors and configs in registries.yaml decide, from which {} "
                               "renders {}",
                               program, *chain.hosts_dir);
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
      return Error{.kind = ErrorKind::refused,
                   .message = fmt::format("the registry {} would not be as declared with containerd {}: {}",
                                          registry.name, to_string(config.containerd), difference->what),
                   .hint = fmt::format("{}; nothing is written. 'regfallback explain {}/NAME' shows which file decides",
                                       cause(chain, projected),
                                       registry.name == "*" ? "REGISTRY" : std::string_view(registry.name)),
                   .where = difference->where || chain.hosts_dir ? difference->where : config.config_path_where};
    if (registry.name == "*") chain.registry = "*";
    chains.push_back(std::move(chain));
  }
  return chains;
}

}  // namespace rf
