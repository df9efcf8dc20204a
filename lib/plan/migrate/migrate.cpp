#include "plan/migrate/migrate.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"
#include "containerd/chain/hosts_dir.h"
#include "containerd/config/config_edit.h"
#include "containerd/config/features.h"
#include "plan/migrate/migrate_hosts.h"
#include "plan/migrate/migrate_parts.h"

namespace rf {

namespace {

class Migrator {
 public:
  Migrator(const NodeFiles& node, const ConfigSource& source, const Version& containerd, const MigrateOptions& options)
      : node_(node),
        tree_(node.tree),
        source_(source),
        containerd_(containerd),
        options_(options),
        before_(tree_, effective_config(tree_, source, containerd)),
        config_(before_.config()) {}

  Result<Migration> run() {
    if (auto error = before_.unusable()) return *error;
    if (!before_.has_legacy()) {
      out_.explanation.push_back(nothing_to_do());
      return std::move(out_);
    }
    hosts_dir_ = pick_hosts_dir();
    collect_registries();
    RF_CHECK(edit_config());
    RF_CHECK(write_hosts());
    prove();
    RF_TRY(out_.lost, judge(out_.proofs, std::move(out_.lost), options_.differences,
                            fmt::format("containerd {}", to_string(containerd_)), legacy_line()));
    explain();
    sort_for_commit(out_.files);
    return std::move(out_);
  }

 private:
  std::string nothing_to_do() const {
    if (config_.auths.empty()) return "no legacy registry settings are in effect";
    return "only credentials are set in config.toml; containerd accepts them together with config_path, so they stay";
  }

  std::string pick_hosts_dir() const {
    if (!options_.hosts_dir.empty()) return normal_path(options_.hosts_dir);
    if (config_.config_path_where && !config_.config_path.empty())
      return normal_path(split(config_.config_path, ':').front());
    return "/etc/containerd/certs.d";
  }

  // Whose chain the legacy settings decide, and whose the existing directories would.
  void collect_registries() {
    named_ = before_.legacy_registries();
    for (const auto& [registry, mirror] : config_.mirrors)
      if (registry != "*" && !is_directory_name(registry))
        out_.explanation.push_back(
            fmt::format("mirrors.\"{}\" ({}) is not the name of a registry and never had an effect; it is dropped",
                        registry, to_string(mirror.where)));
    for (const auto& [host, auth] : config_.auths)
      if (is_directory_name(host))
        (options_.credentials == MigrateOptions::Credentials::in_headers ? named_ : others_).insert(image_host(host));
    for (const auto& name : tree_.list(hosts_dir_))
      if (name != default_directory) others_.insert(registry_of_directory(name));
    others_.insert(std::string(hub_registry));
    others_.insert(std::string(unnamed));
    others_.insert(std::string(unnamed_with_port));
    for (const auto& registry : named_) others_.erase(registry);
  }

  Result<void> edit_config() {
    const bool headers = options_.credentials == MigrateOptions::Credentials::in_headers;
    RF_TRY(const auto removed,
           remove_legacy(tree_, source_, containerd_, headers ? LegacyAuth::remove : LegacyAuth::keep));
    after_ = tree_;
    for (const auto& edit : removed) after_.write(edit.file, edit.after);
    RF_TRY(const auto path, edit_config_path(after_, source_, containerd_, hosts_dir_));
    if (path.changed()) {
      after_.write(path.file, path.after);
      out_.explanation.push_back(fmt::format("config_path = \"{}\" in {}", hosts_dir_, path.file));
    }
    for (const auto& edit : removed) config_files_.insert(edit.file);
    if (path.changed()) config_files_.insert(path.file);
    for (const auto& file : config_files_)
      RF_CHECK(put_file(node_,
                        {.path = file,
                         .content = *after_.read(file),
                         .kind = FileChange::Class::config,
                         .why = "the legacy registry settings move to hosts.toml"},
                        out_.files));
    config_after_ = effective_config(after_, source_, containerd_);
    return {};
  }

  Result<void> write_hosts() {
    if (config_.mirrors.contains("*")) RF_CHECK(write_default());
    for (const auto& registry : named_) {
      const auto before = before_.of(registry);
      if (before.error) continue;
      const auto now = resolve_chain(after_, config_after_, registry, migration_chains);
      // One that is written down keeps its chain over an upgrade too, where the rules for unnamed registries change.
      const bool written = config_.mirrors.contains(registry);
      if (!written && chain_difference(before, now).empty() && !needs_headers(before)) continue;
      RF_CHECK(write_file(registry, registry, before.endpoints, AppendedHost::last_is_server));
    }
    return {};
  }

  // The wildcard's own endpoints; containerd appends each registry's upstream.
  Result<void> write_default() {
    const auto chain = before_.of(unnamed);
    if (chain.error) return {};
    if (!has_feature(containerd_, Feature::default_dir)) {
      out_.lost.push_back(
          fmt::format("mirrors.\"*\": containerd {} has no default for all registries (1.6.17 and 1.7.0 have)",
                      to_string(containerd_)));
      return {};
    }
    return write_file("*", std::string(default_directory), chain.endpoints, AppendedHost::own_upstream);
  }

  bool needs_headers(const Chain& chain) const {
    return options_.credentials == MigrateOptions::Credentials::in_headers &&
           std::any_of(chain.endpoints.begin(), chain.endpoints.end(),
                       [](const auto& endpoint) { return !endpoint.credentials.empty(); });
  }

  Result<void> write_file(const std::string& registry, const std::string& directory,
                          std::vector<ChainEndpoint> endpoints, AppendedHost appended) {
    const auto path = fmt::format("{}/{}/hosts.toml", hosts_dir_, directory);
    if (tree_.exists(parent_path(path))) return {};  // what is there is compared, never replaced
    if (options_.credentials == MigrateOptions::Credentials::in_headers) add_credentials(config_, endpoints, out_.lost);
    const auto mirror = config_.mirrors.find(registry);
    const auto where = mirror != config_.mirrors.end() ? to_string(mirror->second.where) : config_.config_file;
    const auto count = endpoints.size() - (appended == AppendedHost::own_upstream ? 1 : 0);
    auto hosts = migrated_hosts_toml(endpoints, appended, containerd_,
                                     fmt::format("the chain of {} as {} had it", registry, where));
    for (auto& lost : hosts.lost) out_.lost.push_back(registry + ": " + lost);
    after_.write(path, std::string(hosts.content.text().expose()));
    const auto why = fmt::format("registry {}: {} from {}", registry, counted(count, "endpoint"), where);
    RF_CHECK(put_file(node_,
                      {.path = path, .content = std::move(hosts.content), .kind = FileChange::Class::hosts, .why = why},
                      out_.files));
    out_.explanation.push_back(fmt::format("{}: {} -> {}", registry, where, path));
    return {};
  }

  void prove() {
    for (const auto* set : {&named_, &others_})
      for (const auto& registry : *set) {
        ChainProof proof{.registry = registry,
                         .before = before_.of(registry),
                         .after = resolve_chain(after_, config_after_, registry, migration_chains),
                         .difference = {}};
        proof.difference = chain_difference(proof.before, proof.after);
        out_.proofs.push_back(std::move(proof));
      }
  }

  std::optional<Location> legacy_line() const {
    if (!config_.mirrors.empty()) return config_.mirrors.begin()->second.where;
    return config_.tls.begin()->second.where;
  }

  void explain() {
    if (options_.credentials == MigrateOptions::Credentials::in_config)
      for (const auto& [host, auth] : config_.auths)
        out_.explanation.push_back(
            fmt::format("the credentials for {} stay in {}, where containerd accepts them together with config_path",
                        host, auth.where.file));
    if (config_.pull_mode == PullMode::local && config_after_.pull_mode == PullMode::transfer)
      out_.explanation.emplace_back(
          "pulls go through the transfer service from now on: the legacy settings had kept them local");
    out_.explanation.emplace_back(
        "registries on localhost that no setting names followed the rules for mirrors and now follow those for "
        "hosts.toml");
  }

  const NodeFiles& node_;
  const FileTree& tree_;
  const ConfigSource& source_;
  const Version& containerd_;
  const MigrateOptions& options_;
  SourceChains before_;
  const EffectiveConfig& config_;
  EffectiveConfig config_after_;
  FileTree after_;
  std::string hosts_dir_;
  std::set<std::string> named_, others_, config_files_;
  Migration out_;
};

}  // namespace

std::vector<Chain> Migration::chains() const {
  std::vector<Chain> out;
  for (const auto& proof : proofs) out.push_back(proof.after);
  return out;
}

Result<Migration> make_migration(const NodeFiles& node, const ConfigSource& source, const Version& containerd,
                                 const MigrateOptions& options) {
  return Migrator(node, source, containerd, options).run();
}

}  // namespace rf
