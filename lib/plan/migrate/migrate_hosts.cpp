#include "plan/migrate/migrate_hosts.h"

#include <fmt/format.h>
#include <algorithm>
#include <set>

#include "base/text.h"
#include "containerd/config/features.h"
#include "containerd/go/go_url.h"

namespace rf {

namespace {

std::string list(const std::vector<std::string>& items) {
  std::vector<std::string> quoted;
  for (const auto& item : items) quoted.push_back(toml_quote(item));
  return "[" + join(quoted, ", ") + "]";
}

// containerd appends /v2 to a path unless it ends in it or override_path is set.
bool needs_override(const std::string& path) { return !path.ends_with("/v2"); }

// TOML has one table for a name, and a chain can hold an endpoint twice: the second is spelled differently and means
// the same.
std::string spelled(const ChainEndpoint& endpoint, std::set<std::string>& used) {
  const auto base = (endpoint.http_fallback ? "http" : endpoint.scheme) + "://" + endpoint.host;
  const auto path = escape_path(replace_all(clean_path(endpoint.path.empty() ? "/" : endpoint.path), "%", "%25"));
  std::string url = path == "/v2" ? base : path == "/" ? base : base + path;
  if (used.insert(url).second) return url;
  url = base + path;
  while (!used.insert(url).second) url += "/";
  return url;
}

void write_tls(const ChainEndpoint& endpoint, std::string_view indent, std::string& out) {
  if (endpoint.scheme != "https") return;  // TLS options would make containerd try https first
  const auto field = [&](std::string_view key, std::string_view value) {
    out += fmt::format("{}{} = {}\n", indent, key, value);
  };
  if (!endpoint.ca.empty()) field("ca", list(endpoint.ca));
  if (!endpoint.client.empty()) {
    std::vector<std::string> pairs;
    for (const auto& [certificate, key] : endpoint.client)
      pairs.push_back(list({certificate, key.empty() ? certificate : key}));
    field("client", "[" + join(pairs, ", ") + "]");
  }
  if (endpoint.skip_verify)
    field("skip_verify", "true");
  else if (endpoint.http_fallback && endpoint.ca.empty() && endpoint.client.empty())
    field("skip_verify", "false");  // counts as a TLS option
}

void write_fields(const ChainEndpoint& endpoint, std::string_view indent, std::string& out) {
  out += fmt::format("{}capabilities = {}\n", indent, list(endpoint.capabilities));
  if (needs_override(clean_path(endpoint.path.empty() ? "/" : endpoint.path)))
    out += fmt::format("{}override_path = true\n", indent);
  write_tls(endpoint, indent, out);
  if (endpoint.dial_timeout) out += fmt::format("{}dial_timeout = {}\n", indent, toml_quote(*endpoint.dial_timeout));
}

void write_headers(const ChainEndpoint& endpoint, std::string_view table, std::string_view indent, std::string& out) {
  if (endpoint.headers.empty()) return;
  out += fmt::format("{}[{}]\n", indent, table);
  for (const auto& header : endpoint.headers)
    out += fmt::format("{}  {} = {}\n", indent, toml_quote(header.name), list(header.values));
}

}  // namespace

MigratedHosts migrated_hosts_toml(const std::vector<ChainEndpoint>& endpoints, AppendedHost appended,
                                  const Version& containerd, std::string_view comment) {
  MigratedHosts out;
  std::vector<ChainEndpoint> kept;
  for (const auto& endpoint : endpoints) {
    const bool odd = needs_override(clean_path(endpoint.path.empty() ? "/" : endpoint.path));
    if (odd && !has_feature(containerd, Feature::override_path))
      out.lost.push_back(fmt::format("{}: containerd {} cannot take its path in hosts.toml (override_path is from 1.6)",
                                     endpoint.url(), to_string(containerd)));
    else
      kept.push_back(endpoint);
  }
  std::string text = fmt::format("# Written by regfallback migrate: {}\n", comment);
  if (!kept.empty()) {
    const auto last = std::move(kept.back());
    kept.pop_back();
    std::string root;
    if (appended == AppendedHost::last_is_server) {
      std::set<std::string> none;
      root = fmt::format("server = {}\n", toml_quote(spelled(last, none)));
      write_fields(last, "", root);
    } else {
      write_tls(last, "", root);
    }
    write_headers(last, "header", "", root);
    if (!root.empty()) text += "\n" + root;
  }
  if (kept.empty()) text += "\n[host]\n";  // containerd 1.x drops a file without a host table
  std::set<std::string> used;
  for (const auto& endpoint : kept) {
    const auto table = "host." + toml_quote(spelled(endpoint, used));
    text += fmt::format("\n[{}]\n", table);
    write_fields(endpoint, "  ", text);
    write_headers(endpoint, table + ".header", "  ", text);
  }
  out.text = Secret(std::move(text));
  return out;
}

bool add_credentials(const EffectiveConfig& config, std::vector<ChainEndpoint>& endpoints,
                     std::vector<std::string>& lost) {
  bool added = false;
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
    added = true;
  }
  return added;
}

}  // namespace rf
