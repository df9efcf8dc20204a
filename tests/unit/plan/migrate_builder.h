// Migrations of built trees: K3s nodes and plain ones, and what they look like afterwards.
#pragma once
#include "plan/migrate/migrate.h"
#include "plan_builder.h"

namespace rf::test {

inline constexpr auto k3s_registries = "/etc/rancher/k3s/registries.yaml";
inline constexpr auto k3s_certs = "/var/lib/rancher/k3s/agent/etc/containerd/certs.d/";
inline constexpr auto plain_certs = "/etc/containerd/certs.d/";

// A tree with a config.toml that names certs.d, and files below that: {"docker.io/hosts.toml", "..."}.
inline FileTree plain_tree(const std::vector<std::pair<std::string, std::string>>& files,
                           const std::string& config = live_2) {
  FileTree tree;
  tree.put_file("/etc/containerd/config.toml", config);
  for (const auto& [path, text] : files) tree.put_file(plain_certs + path, text);
  return tree;
}

inline MigrateOptions options_to(MigrateOptions::Form form) {
  return {.to = form, .place = MigrateOptions::Place::elsewhere};
}
inline MigrateOptions accepting(MigrateOptions options) {
  options.differences = MigrateOptions::Differences::accept;
  return options;
}

inline Result<Migration> to_yaml(const FileTree& tree,
                                 const MigrateOptions& options = options_to(MigrateOptions::Form::registries_yaml),
                                 const std::string& containerd = "2.1.9") {
  return migrate_to_registries_yaml(tree, {}, *parse_version(containerd), usual_registries_yaml_node(options), options);
}
inline Result<Migration> from_yaml(const FileTree& tree,
                                   const MigrateOptions& options = options_to(MigrateOptions::Form::hosts_dir),
                                   const RegistriesYamlSettings& settings = {}) {
  auto node = usual_registries_yaml_node(options);
  node.settings = settings;
  return migrate_from_registries_yaml(tree, node, *parse_version("2.1.9"), options);
}
inline FileTree yaml_tree(const std::string& text) {
  FileTree tree;
  tree.put_file(k3s_registries, text);
  return tree;
}

inline Migration made(Result<Migration> migration) {
  if (!migration) FAIL(to_string(migration.error()));
  return *std::move(migration);
}
inline std::string refusal_of(const Result<Migration>& migration) {
  if (migration) FAIL("a migration of " << migration->files.size() << " files was made");
  CHECK(migration.error().kind == ErrorKind::refused);
  return migration.error().message;
}

inline const FileChange* change_of(const Migration& migration, std::string_view path) {
  for (const auto& change : migration.files)
    if (change.path == path) return &change;
  return nullptr;
}
inline std::string text_of(const Migration& migration, std::string_view path) {
  const auto* change = change_of(migration, path);
  if (change == nullptr) FAIL("no change of " << path);
  return std::string(change->after.expose());
}

inline FileTree after(const Migration& migration, const FileTree& tree = {}) {
  Plan plan;
  plan.files = migration.files;
  return project(plan, tree);
}

inline Chain chain_on_plain(const FileTree& tree, std::string_view registry, const std::string& containerd = "2.1.9") {
  return resolve_chain(tree, effective_config(tree, {}, *parse_version(containerd)), registry);
}
// What K3s renders from the tree's registries.yaml, and its containerd makes of it.
inline Chain chain_on_k3s(const FileTree& tree, std::string_view registry, const MigrateOptions& options = {},
                          const RegistriesYamlSettings& settings = {}) {
  auto node = usual_registries_yaml_node(options);
  node.settings = settings;
  const auto rendered = project_registries_yaml(tree, node);
  if (!rendered) FAIL(to_string(rendered.error()));
  return resolve_chain(*rendered, effective_config(*rendered, {.file = node.config_file}, *parse_version("2.1.9")),
                       registry);
}

}  // namespace rf::test
