// registries.yaml -> hosts.toml files for a plain containerd elsewhere.
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
#include "plan/registries_yaml/registries_yaml_rewrites.h"

namespace rf {
namespace {

constexpr std::string_view config_file = "/etc/containerd/config.toml";

class FromYaml {
 public:
  FromYaml(const FileTree& tree, const RegistriesYamlNode& node, const Version& containerd,
           const MigrateOptions& options)
      : node_(node),
        containerd_(options.containerd.value_or(containerd)),
        options_(options),
        hosts_dir_(options.hosts_dir.empty() ? "/etc/containerd/certs.d" : normal_path(options.hosts_dir)),
        relocation_(tree, {parent_path(node.registries_file), node.hosts_dir}, Relocation::Equal::as_they_are) {}

  Result<Migration> run(const FileTree& tree, const RegistriesYaml& registries, const Version& before) {
    registries_ = registries;
    before_tree_ = project_registries_yaml(tree, node_, registries_);
    before_.emplace(before_tree_, effective_config(before_tree_, {.file = node_.config_file}, before));
    if (auto error = before_->unusable()) return *error;
    look_at_default_endpoints();
    collect_registries();
    RF_CHECK(make_config());
    for (const auto& registry : registries_to_write_) RF_CHECK(write(registry));
    prove();
    RF_TRY(out_.lost, judge(out_.proofs, std::move(out_.lost), options_.differences,
                            fmt::format("a plain containerd {}", to_string(containerd_)), std::nullopt));
    if (!holds_credentials_ && out_.explanation.empty()) {
      out_.explanation.push_back(
          fmt::format("{} has no setting that differs from containerd's defaults", node_.registries_file));
      out_.files.clear();
      return std::move(out_);
    }
    RF_CHECK(copy_certificates(nothing_, relocation_, out_.files));
    explain();
    sort_for_commit(out_.files);
    return std::move(out_);
  }

  void lose(std::vector<std::string> lost) { out_.lost.insert(out_.lost.end(), lost.begin(), lost.end()); }

 private:
  // Told to leave the registry's own endpoint out, the program writes no `server`, after which a plain containerd would
  // ask it; what its own containerd does is not certain.
  void look_at_default_endpoints() {
    if (!node_.settings.disable_default_endpoint) return;
    for (const auto& [directory, host] : render_hosts(registries_, node_.settings)) {
      if (host.upstream || host.endpoints.empty()) continue;
      const auto registry = registry_of_directory(directory);
      without_upstream_.insert(registry);
      out_.lost.push_back(fmt::format(
          "{}: {} runs with --disable-default-registry-endpoint, but its containerd may still ask the registry's own "
          "endpoint; here that endpoint is left out",
          registry, node_.program));
    }
  }

  void collect_registries() {
    std::set<std::string> names = before_->registries_with_directory();
    for (const auto& registry : before_->legacy_registries()) names.insert(registry);
    for (const auto& [host, mirror] : registries_.mirrors) names.insert(host);
    for (const auto& [host, config] : registries_.configs) names.insert(host);
    names.erase(node_.settings.embedded_registry);
    if (names.erase("*") > 0) registries_to_write_.emplace_back("*");  // first: it decides what others need
    for (const auto& name : names)
      if (is_directory_name(name)) registries_to_write_.push_back(name);
  }

  // What its node does now, as far as it can be done elsewhere, with the certificates where they will be.
  Chain wanted(const std::string& registry) {
    auto chain = before_->of(registry == "*" ? unnamed : std::string_view(registry));
    const auto directory = chain.hosts_dir ? registry_of_directory(base_name(*chain.hosts_dir)) : registry;
    if (without_upstream_.contains(directory) && chain.endpoints.size() > 1) chain.endpoints.pop_back();
    if (const auto& embedded = node_.settings.embedded_registry; !embedded.empty()) {
      const auto is_embedded = [&](const ChainEndpoint& endpoint) { return endpoint.host == embedded; };
      if (std::erase_if(chain.endpoints, is_embedded) > 0 && embedded_said_.insert(directory).second)
        out_.lost.push_back(
            fmt::format("{}: the embedded registry {} is part of {} and left out", directory, embedded, node_.program));
    }
    const auto target = fmt::format(
        "{}/{}", hosts_dir_, registry_of_directory(directory) == "*" ? default_directory : std::string_view(directory));
    return relocation_.moved(std::move(chain), [&](const std::string& path) { return target + "/" + base_name(path); });
  }

  bool headers() const { return options_.credentials == MigrateOptions::Credentials::in_headers; }

  Result<void> make_config() {
    RF_TRY(auto text, set_config_path("", containerd_, hosts_dir_));
    holds_credentials_ = !headers() && std::any_of(registries_.configs.begin(), registries_.configs.end(),
                                                   [](const auto& config) { return config.second.auth.has_value(); });
    if (holds_credentials_)
      text += rendered_auth(
          registries_, containerd_.major < 2 ? "\"io.containerd.grpc.v1.cri\"" : "\"io.containerd.cri.v1.images\"");
    text =
        "# Written by regfallback migrate: only what registries need. The node's own config.toml takes these "
        "tables.\n" +
        text;
    after_.write(config_file, text);
    const auto why = holds_credentials_ ? "config_path and the credentials" : "config_path";
    RF_CHECK(put_file(nothing_,
                      {.path = std::string(config_file),
                       .content = holds_credentials_ ? Content(Secret(std::move(text))) : Content(std::move(text)),
                       .kind = FileChange::Class::config,
                       .why = why},
                      out_.files));
    config_after_ = effective_config(after_, {.file = std::string(config_file)}, containerd_);
    return {};
  }

  Result<void> write(const std::string& registry) {
    const auto chain = wanted(registry);
    if (chain.error || chain.endpoints.empty()) return {};
    auto endpoints = chain.endpoints;
    if (headers()) add_credentials(before_->config(), endpoints, out_.lost);
    const bool more_headers = endpoints != chain.endpoints;
    const auto now =
        resolve_chain(after_, config_after_, registry == "*" ? unnamed : std::string_view(registry), migration_chains);
    const auto mirror = registries_.mirrors.find(registry);
    const bool written = mirror != registries_.mirrors.end() && !mirror->second.endpoints.empty();
    if (!written && !more_headers && chain_difference(chain, now).empty()) return {};
    if (registry == "*" && !has_feature(containerd_, Feature::default_dir)) {
      out_.lost.push_back(fmt::format("\"*\": containerd {} has no default for all registries (1.6.17 and 1.7.0 have)",
                                      to_string(containerd_)));
      return {};
    }
    return write_file(registry, std::move(endpoints));
  }

  Result<void> write_file(const std::string& registry, std::vector<ChainEndpoint> endpoints) {
    const auto directory = fmt::format("{}/{}", hosts_dir_, directory_of_registry(registry));
    const bool own = registry == "*" && !endpoints.back().source;
    for (auto& endpoint : endpoints) name_beside(directory, endpoint);
    auto hosts =
        migrated_hosts_toml(endpoints, own ? AppendedHost::own_upstream : AppendedHost::last_is_server, containerd_,
                            fmt::format("the chain of {} as {} had it", registry, node_.registries_file));
    for (auto& lost : hosts.lost) out_.lost.push_back(registry + ": " + lost);
    const auto path = directory + "/hosts.toml";
    after_.write(path, std::string(hosts.content.text().expose()));
    const auto why = fmt::format("registry {}: {}", registry, counted(endpoints.size() - (own ? 1 : 0), "endpoint"));
    RF_CHECK(put_file(nothing_,
                      {.path = path, .content = std::move(hosts.content), .kind = FileChange::Class::hosts, .why = why},
                      out_.files));
    out_.explanation.push_back(fmt::format("{}: {} -> {}", registry, node_.registries_file, path));
    return {};
  }

  // Files in the directory itself are named without it, so that it can be put anywhere.
  static void name_beside(const std::string& directory, ChainEndpoint& endpoint) {
    const auto shorten = [&](std::string& path) {
      if (path.starts_with(directory + "/")) path.erase(0, directory.size() + 1);
    };
    for (auto& ca : endpoint.ca) shorten(ca);
    for (auto& [certificate, key] : endpoint.client) {
      shorten(certificate);
      shorten(key);
    }
  }

  void prove() {
    std::set<std::string> names(registries_to_write_.begin(), registries_to_write_.end());
    for (const auto& registry : registries_to_write_)
      for (const auto& endpoint : wanted(registry).endpoints) names.insert(image_host(endpoint.host));
    names.insert({std::string(hub_registry), std::string(unnamed), std::string(unnamed_with_port)});
    names.erase("*");
    for (const auto& [path, from] : relocation_.copies()) after_.write(path, relocation_.content(path));
    for (const auto& [path, from] : relocation_.unread()) after_.put(path, {.kind = FileEntry::Kind::unreadable});
    for (const auto& registry : names) {
      if (!is_directory_name(registry)) continue;
      ChainProof proof{.registry = registry,
                       .before = wanted(registry),
                       .after = resolve_chain(after_, config_after_, registry, migration_chains),
                       .difference = {}};
      proof.difference = chain_difference(proof.before, proof.after);
      out_.proofs.push_back(std::move(proof));
    }
  }

  void explain() {
    for (auto& note : relocation_.notes()) out_.explanation.push_back(std::move(note));
    out_.explanation.push_back(
        fmt::format("the files are for a node with a plain containerd {}; {} holds only what registries need, for the "
                    "node's own file",
                    to_string(containerd_), config_file));
  }

  const RegistriesYamlNode& node_;
  const Version containerd_;
  const MigrateOptions& options_;
  const std::string hosts_dir_;
  RegistriesYaml registries_;
  FileTree before_tree_;
  std::optional<SourceChains> before_;
  std::set<std::string> without_upstream_, embedded_said_;
  bool holds_credentials_ = false;  // config.toml does
  std::vector<std::string> registries_to_write_;
  Relocation relocation_;
  const FileTree nothing_;  // what is known of the node elsewhere
  FileTree after_;
  EffectiveConfig config_after_;
  Migration out_;
};

}  // namespace

Result<Migration> migrate_from_registries_yaml(const FileTree& tree, const RegistriesYamlNode& node,
                                               const Version& containerd, const MigrateOptions& options) {
  RF_TRY(const auto written, parse_registries_yaml(tree.read(node.registries_file).value_or(""), node.registries_file));
  auto plain = without_rewrites(written, node.settings);
  FromYaml migration(tree, node, containerd, options);
  migration.lose(std::move(plain.lost));
  return migration.run(tree, plain.registries, containerd);
}

}  // namespace rf
