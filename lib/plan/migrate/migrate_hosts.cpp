#include "plan/migrate/migrate_hosts.h"

#include <fmt/format.h>

#include "base/text.h"
#include "containerd/chain/hosts_toml_write.h"
#include "containerd/config/features.h"
#include "containerd/go/go_url.h"

namespace rf {

namespace {

// What a hosts.toml says to get this endpoint. TLS options are for https alone: with them containerd would try https
// first.
HostEntry entry_of(const ChainEndpoint& endpoint) {
  // All of them: what is new has to be said here too.
  const auto& [scheme, host, path, rewrites, capabilities, skip_verify, http_fallback, ca, client, headers,
               sent_to_token_server, dial_timeout, credentials, source] = endpoint;
  HostEntry entry;
  entry.scheme = http_fallback ? "http" : scheme;
  entry.host = host;
  entry.path = clean_path(fmt::format("/{}/{}", path, rewrite_prefix(rewrites).value_or("")));
  if (entry.path == "/") entry.path.clear();
  entry.capabilities = capabilities;
  entry.headers = headers;
  entry.dial_timeout = dial_timeout;
  if (scheme != "https") return entry;
  if (!ca.empty()) entry.ca = ca;
  for (const auto& [certificate, key] : client) entry.client.emplace_back(certificate, key.empty() ? certificate : key);
  if (skip_verify)
    entry.skip_verify = true;
  else if (http_fallback && !entry.has_tls_options())
    entry.skip_verify = false;  // counts as a TLS option
  return entry;
}

}  // namespace

MigratedHosts migrated_hosts_toml(const std::vector<ChainEndpoint>& endpoints, AppendedHost appended,
                                  const Version& containerd, std::string_view comment) {
  MigratedHosts out;
  std::vector<HostEntry> entries;
  for (const auto& endpoint : endpoints) {
    auto entry = entry_of(endpoint);
    if (!endpoint.plain_url())
      out.lost.push_back(fmt::format("{}: its rewrite of {} to {} is known only to the containerd of K3s and RKE2",
                                     endpoint.url(), endpoint.rewrites.begin()->first,
                                     endpoint.rewrites.begin()->second));
    if (!entry.path.ends_with("/v2") && !has_feature(containerd, Feature::override_path))
      out.lost.push_back(fmt::format("{}: containerd {} cannot take its path in hosts.toml (override_path is from 1.6)",
                                     endpoint.url(), to_string(containerd)));
    else
      entries.push_back(std::move(entry));
  }
  if (entries.empty()) entries.push_back(registry_itself());
  if (appended == AppendedHost::own_upstream) {
    auto& own = entries.back();
    own.scheme.clear();
    own.host.clear();
    own.path.clear();
  }
  out.content = write_hosts_toml(fmt::format("# Written by regfallback migrate: {}\n", comment), entries);
  return out;
}

void add_credentials(const EffectiveConfig& config, std::vector<ChainEndpoint>& endpoints,
                     std::vector<std::string>& lost) {
  for (auto& endpoint : endpoints) {
    const auto found = config.auths.find(endpoint.host);
    if (found == config.auths.end()) continue;
    const auto& auth = found->second;
    const bool plain = !auth.username.empty() || !auth.password.empty();
    const auto pair = plain ? base64_encode(auth.username + ":" + std::string(auth.password.expose()))
                            : std::string(auth.auth.expose());
    if (pair.empty()) {
      lost.push_back(fmt::format("the identity token of {} cannot be a header", endpoint.host));
      continue;
    }
    endpoint.headers.push_back({"Authorization", {"Basic " + pair}});
  }
}

}  // namespace rf
