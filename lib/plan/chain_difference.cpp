#include "plan/chain_difference.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/names.h"
#include "base/secret.h"
#include "base/text.h"
#include "containerd/chain/hosts_dir.h"
#include "containerd/go/go_url.h"

namespace rf {
namespace {

std::string header_text(const Header& header) {
  const auto values = join(header.values, ", ");
  return fmt::format("header {}: {}", header.name, is_secret(header.name, values) ? Secret(values).masked() : values);
}

std::string asked_url(const ChainEndpoint& endpoint) {
  const auto prefix = rewrite_prefix(endpoint.rewrites);
  return fmt::format("{}://{}{}", endpoint.scheme, endpoint.host,
                     clean_path(fmt::format("/{}/{}", endpoint.path, prefix.value_or(""))));
}

// How one endpoint is asked, its URL aside: two with the same URL and parts cannot be told apart by a registry.
std::vector<std::string> asked_with(const ChainEndpoint& endpoint) {
  // All of them: a new one does not compile until it is told here, or known to change nothing.
  const auto& [scheme, host, path, rewrites, capabilities, skip_verify, http_fallback, ca, client, headers,
               headers_sent_to_token_server, dial_timeout, credentials, source] = endpoint;
  std::vector<std::string> parts;
  for (const auto& capability : capabilities)
    if (capability == "pull" || capability == "resolve") parts.push_back(capability);
  if (scheme == "https") {
    if (skip_verify) parts.emplace_back("certificates not verified");
    if (http_fallback) parts.emplace_back("plain http as fallback");
    for (const auto& file : ca) parts.push_back("ca " + file);
    // One file for both is the same as one file twice.
    for (const auto& [certificate, key] : client)
      parts.push_back(fmt::format("client {} {}", certificate, key.empty() ? certificate : key));
  }
  if (!endpoint.plain_url())
    for (const auto& [pattern, replacement] : rewrites)
      parts.push_back(fmt::format("rewrite {} to {}", pattern, replacement));
  for (const auto& header : headers)
    if (lower(header.name) != "authorization") parts.push_back(header_text(header));
  if (!credentials.empty()) parts.emplace_back("with credentials");
  if (dial_timeout) parts.push_back("dial timeout " + *dial_timeout);
  return parts;
}

std::string asked_like(const ChainEndpoint& endpoint) {
  auto parts = asked_with(endpoint);
  parts.insert(parts.begin(), asked_url(endpoint));
  return join(parts, ", ");
}

std::string shown(const Chain& chain) {
  if (chain.unread) return to_string(*chain.unread);
  if (chain.error) return "error: " + *chain.error;
  std::vector<std::string> endpoints;
  for (const auto& endpoint : chain.endpoints) endpoints.push_back("[" + asked_like(endpoint) + "]");
  return join(endpoints, " then ");
}

bool holds(const std::vector<std::string>& parts, const std::string& part) {
  return std::find(parts.begin(), parts.end(), part) != parts.end();
}

using PathSet = std::set<std::string, std::less<>>;

// Paths whose entry is not the same in both trees.
PathSet touched_paths(const FileTree& before, const FileTree& after) {
  PathSet touched;
  auto old = before.entries().begin();
  auto now = after.entries().begin();
  while (old != before.entries().end() || now != after.entries().end()) {
    if (now == after.entries().end() || (old != before.entries().end() && old->first < now->first)) {
      touched.insert((old++)->first);
    } else if (old == before.entries().end() || now->first < old->first) {
      touched.insert((now++)->first);
    } else {
      if (old->second != now->second) touched.insert(old->first);
      ++old, ++now;
    }
  }
  return touched;
}

bool touches_below(const PathSet& touched, const std::string& directory) {
  const auto at = touched.lower_bound(directory);
  if (at != touched.end() && *at == directory) return true;
  const auto inside = touched.lower_bound(directory + "/");
  return inside != touched.end() && inside->starts_with(directory + "/");
}

// What decides all chains at once: the configuration's files.
bool config_touched(const PathSet& touched, const ChainSide& before, const ChainSide& after) {
  if (before.config.files != after.config.files || before.config.hosts_roots != after.config.hosts_roots) return true;
  return std::any_of(before.config.files.begin(), before.config.files.end(), [&](const std::string& file) {
    return touched.contains(before.tree.real_path(file)) || touched.contains(file);
  });
}

// Whether a file that decides the chain of this directory's registry is touched, on this side.
bool directory_touched(const PathSet& touched, const FileTree& tree, const std::string& directory) {
  return touches_below(touched, directory) || touches_below(touched, tree.real_path(directory)) ||
         touched.contains(tree.real_path(directory + "/hosts.toml"));
}

void add_touched(const PathSet& touched, const ChainSide& side, PathSet& names) {
  for (const auto& root : side.config.hosts_roots)
    for (const auto& name : side.tree.list(root))
      if (directory_touched(touched, side.tree, normal_path(join_path(root, name))))
        names.insert(registry_of_directory(name));
}

// Registries whose chain may differ.
PathSet candidates(const ChainSide& before, const ChainSide& after, const KnownRegistries& known) {
  const auto touched = touched_paths(before.tree, after.tree);
  PathSet names;
  if (config_touched(touched, before, after)) {
    for (const auto* side : {&before, &after})
      for (auto& name : configured_registries(side->tree, side->config)) names.insert(std::move(name));
    names.insert(known.declared.begin(), known.declared.end());
    names.insert(known.dropped.begin(), known.dropped.end());
    names.emplace("*");
  } else {
    add_touched(touched, before, names);
    add_touched(touched, after, names);
  }
  return names;
}

Chain chain_on(const ChainSide& side, const std::string& name) {
  auto chain = resolve_chain(side.tree, side.config, name == "*" ? unnamed_registry : std::string_view(name));
  chain.registry = name;
  return chain;
}

}  // namespace

std::string chain_difference(const Chain& before, const Chain& after) {
  const auto text_before = shown(before);
  const auto text_after = shown(after);
  return text_before == text_after ? std::string() : fmt::format("before {}; after {}", text_before, text_after);
}

std::string setting_difference(const Chain& before, const Chain& after) {
  if (before.unread || after.unread || before.error || after.error) return "";
  if (before.endpoints.size() != after.endpoints.size()) return "";
  std::vector<std::string> said;
  for (std::size_t i = 0; i < before.endpoints.size(); ++i) {
    const auto url = asked_url(after.endpoints[i]);
    if (asked_url(before.endpoints[i]) != url) return "";
    const auto then = asked_with(before.endpoints[i]);
    const auto now = asked_with(after.endpoints[i]);
    std::vector<std::string> parts;
    for (const auto& part : then)
      if (!holds(now, part)) parts.push_back("- " + part);
    for (const auto& part : now)
      if (!holds(then, part)) parts.push_back("+ " + part);
    if (!parts.empty()) said.push_back(url + ": " + join(parts, ", "));
  }
  return join(said, "; ");
}

std::vector<ChainChange> chain_changes(const ChainSide& before, const ChainSide& after, const KnownRegistries& known) {
  std::vector<ChainChange> changes;
  std::optional<ChainChange> others;
  for (const auto& name : candidates(before, after, known)) {
    ChainChange change{.registry = name, .before = chain_on(before, name), .after = chain_on(after, name)};
    if (known.declared.contains(name)) change.standing = ChainChange::Standing::declared;
    if (known.dropped.contains(name)) change.standing = ChainChange::Standing::dropped;
    if (chain_difference(change.before, change.after).empty()) continue;
    if (name == "*")
      others = std::move(change);
    else
      changes.push_back(std::move(change));
  }
  if (others) changes.push_back(*std::move(others));
  return changes;
}

}  // namespace rf
