#include "plan/migrate/migrate_parts.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"
#include "containerd/chain/hosts_dir.h"
#include "node/mask.h"

namespace rf {

Error refused(std::string message, std::string hint, std::optional<Location> where) {
  return {
      .kind = ErrorKind::refused, .message = std::move(message), .hint = std::move(hint), .where = std::move(where)};
}

bool is_directory_name(std::string_view registry) {
  return !registry.empty() && registry != "." && registry != ".." &&
         std::all_of(registry.begin(), registry.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view(".-_:[]").find(c) != std::string_view::npos;
         });
}

std::string image_host(std::string_view endpoint_host) { return std::string(registry_of_api_host(endpoint_host)); }

SourceChains::SourceChains(const FileTree& tree, EffectiveConfig config)
    : tree_(tree), config_(std::move(config)), legacy_(config_) {
  legacy_.config_path.clear();
  legacy_.config_path_where.reset();
  legacy_.hosts_roots.clear();
  legacy_.cri_error.reset();
  legacy_.pull_mode = config_.containerd.major < 2 ? PullMode::client : PullMode::local;
  for (const auto& [registry, mirror] : config_.mirrors) {
    if (registry != "*") {
      if (is_directory_name(registry)) decided_.insert(registry);
      continue;
    }
    // The registry that is asked as a mirror for all others is not asked twice for its own images.
    for (const auto& endpoint : resolve_chain(tree_, legacy_, unnamed, migration_chains).endpoints)
      decided_.insert(image_host(endpoint.host));
  }
  for (const auto& [host, tls] : config_.tls)
    if (is_directory_name(host)) decided_.insert(image_host(host));
  decided_.erase(std::string(unnamed));
}

std::optional<Error> SourceChains::unusable() const {
  if (config_.unread) return config_.unread;
  if (config_.load_error)
    return refused(config_.load_error->message, "repair the file first", config_.load_error->where);
  if (config_.cri_disabled)
    return refused(config_.cri_error->message, "enable the CRI plugin first", config_.cri_error->where);
  const bool beside = !config_.config_path.empty() && has_legacy();
  if (config_.cri_error && !beside)
    return refused(config_.cri_error->message, "repair the file first", config_.cri_error->where);
  return std::nullopt;
}

std::set<std::string> SourceChains::registries_with_directory() const {
  std::set<std::string> names;
  for (const auto& root : config_.hosts_roots)
    for (const auto& name : tree_.list(root)) names.insert(registry_of_directory(name));
  names.erase(std::string(spegel_backup));
  return names;
}

Chain SourceChains::of(std::string_view registry) const {
  const bool no_path = config_.config_path.empty() || !config_.config_path_where || config_.mirrors.contains("*");
  if (has_legacy() && (no_path || decided_.contains(std::string(registry))))
    return resolve_chain(tree_, legacy_, registry, migration_chains);
  EffectiveConfig by_path = config_;
  by_path.cri_error.reset();
  return resolve_chain(tree_, by_path, registry, migration_chains);
}

std::string Relocation::moved_file(const std::string& written, const Place& place) {
  const auto path = normal_path(written);
  if (std::none_of(given_up_.begin(), given_up_.end(),
                   [&](const std::string& root) { return path.starts_with(normal_path(root) + "/"); })) {
    staying_.insert(path);
    return written;
  }
  if (const auto content = tree_.read(path); content && equal_ == Equal::one_file)
    for (const auto& [known, from] : copies_)
      if (tree_.read(from) == content) return known;
  const auto wanted = place(path);
  const auto dot = wanted.rfind('.');
  const auto ending = dot == wanted.npos || dot < wanted.rfind('/') ? wanted.size() : dot;
  auto free = wanted;
  for (int i = 2; !is_free(free, path); ++i)
    free = fmt::format("{}-{}{}", wanted.substr(0, ending), i, wanted.substr(ending));
  (tree_.read(path) ? copies_ : unread_)[free] = path;
  return free;
}

// Nothing else is or will be there.
bool Relocation::is_free(const std::string& candidate, const std::string& path) const {
  for (const auto* files : {&copies_, &unread_})
    if (const auto known = files->find(candidate); known != files->end() && known->second != path) return false;
  const auto there = tree_.read(candidate);
  return !there || there == tree_.read(path);
}

Chain Relocation::moved(Chain chain, const Place& place) {
  for (auto& endpoint : chain.endpoints) {
    for (auto& ca : endpoint.ca) ca = moved_file(ca, place);
    for (auto& [certificate, key] : endpoint.client) {
      certificate = moved_file(certificate, place);
      if (!key.empty()) key = moved_file(key, place);
    }
  }
  return chain;
}

std::vector<std::string> Relocation::notes() const {
  std::vector<std::string> out;
  for (const auto& path : staying_)
    out.push_back(fmt::format("the certificate file {} is used where it is: the node needs it at this path", path));
  for (const auto& [path, from] : unread_)
    out.push_back(fmt::format("the certificate file {} was not read: copy it to {}", from, path));
  return out;
}

Result<void> copy_certificates(const NodeFiles& node, const Relocation& relocation, std::vector<FileChange>& changes) {
  for (const auto& [path, from] : relocation.copies()) {
    const auto content = relocation.content(path);
    const bool key = mask_secrets(content) != content;  // what a PEM file holds, only its text tells
    RF_CHECK(put_file(node,
                      {.path = path,
                       .content = key ? Content(Secret(content)) : Content(content),
                       .kind = FileChange::Class::certificate,
                       .why = fmt::format("a copy of {}, whose directory is no longer used", from)},
                      changes));
  }
  return {};
}

Result<std::vector<std::string>> judge(const std::vector<ChainProof>& proofs, std::vector<std::string> lost,
                                       MigrateOptions::Differences differences, std::string_view who,
                                       std::optional<Location> where) {
  for (const auto& proof : proofs)
    if (!proof.difference.empty())
      lost.push_back(fmt::format("{}: {}", shown_registry(proof.registry), proof.difference));
  if (lost.empty() || differences == MigrateOptions::Differences::accept) return lost;
  return refused(fmt::format("{} cannot keep every chain: {}", who, join(lost, "; ")),
                 "migrate --accept-differences takes the closest form", std::move(where));
}

}  // namespace rf
