// hosts.toml files and legacy settings -> registries.yaml.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"
#include "containerd/chain/hosts_dir.h"
#include "plan/migrate/migrate_parts.h"
#include "plan/registries_yaml/registries_yaml_chains.h"
#include "plan/registries_yaml/registries_yaml_edit.h"
#include "plan/registries_yaml/registries_yaml_intent.h"

namespace rf {
namespace {

class ToYaml {
 public:
  ToYaml(const NodeFiles& node, SourceChains before, const RegistriesYamlNode& target, const MigrateOptions& options)
      : tree_(node.tree),
        before_(std::move(before)),
        target_(target),
        options_(options),
        relocation_(tree_, given_up(), Relocation::Equal::one_file),
        node_(same_node() ? node : NodeFiles(nothing_)) {
    node_.file_mode = 0600;  // K3s and RKE2 read their files as root, and passwords are put there later on
  }

  Result<Migration> run(const ConfigSource& source) {
    if (auto error = before_.unusable()) return *error;
    if (same_node()) {
      RF_TRY(known_, parse_registries_yaml(text_before(), target_.registries_file));
      RF_CHECK(collect_own_directories());
    } else {
      collect_everything();
    }
    if (chains_.empty()) {
      out_.explanation.emplace_back(same_node() ? "every directory is rendered from registries.yaml already"
                                                : "no registry is configured there");
      return std::move(out_);
    }
    auto said = say_chains();
    out_.lost = std::move(said.lost);
    RF_TRY(text_, add_to_registries_yaml(text_before(), said.registries, target_.registries_file));
    RF_CHECK(project(source));
    prove(said.registries);
    RF_TRY(out_.lost, judge(out_.proofs, std::move(out_.lost), options_.differences, target_.program, std::nullopt));
    RF_CHECK(write(said.registries));
    explain(said.registries);
    sort_for_commit(out_.files);
    return std::move(out_);
  }

 private:
  bool same_node() const { return options_.place == MigrateOptions::Place::same_node; }
  std::vector<std::string> given_up() const {
    return same_node() ? std::vector{target_.hosts_dir} : before_.config().hosts_roots;
  }

  std::string text_before() const {
    const auto text = same_node() ? tree_.read(target_.registries_file) : std::nullopt;
    return std::string(text.value_or(
        "# Written by regfallback migrate. The entries are yours: nothing changes them automatically.\n"));
  }

  // Certificate files keep the place they had below their directory, beside registries.yaml.
  std::string place_of(const std::string& path) const {
    for (const auto& root : given_up())
      if (const auto below = normal_path(root) + "/"; path.starts_with(below))
        return fmt::format("{}/certs.d/{}", parent_path(target_.registries_file), path.substr(below.size()));
    return path;
  }
  Chain chain_of(std::string_view registry) {
    return relocation_.moved(before_.of(registry == "*" ? unnamed : registry),
                             [this](const std::string& path) { return place_of(path); });
  }
  void add(const std::string& registry) {
    if (registry == "*" || is_directory_name(registry)) chains_.emplace(registry, chain_of(registry));
  }

  void collect_everything() {
    for (const auto& registry : before_.registries_with_directory()) add(registry);
    for (const auto& registry : before_.legacy_registries()) add(registry);
    if (before_.config().mirrors.contains("*")) add("*");
    for (const auto& [host, auth] : before_.config().auths) add(image_host(host));
  }

  // On a node of the program itself: the directories it did not render.
  Result<void> collect_own_directories() {
    const auto& roots = before_.config().hosts_roots;
    if (std::find(roots.begin(), roots.end(), target_.hosts_dir) == roots.end()) return {};
    for (const auto& name : tree_.list(target_.hosts_dir)) {
      const auto directory = target_.hosts_dir + "/" + name;
      const auto file = tree_.read(directory + "/hosts.toml");
      if (file && file->starts_with(generated_header(target_.program))) continue;
      if (name == spegel_backup)
        return refused(fmt::format("{}: Spegel owns this directory and keeps the files it found there", directory),
                       "undo Spegel's mirror configuration first");
      const auto registry = registry_of_directory(name);
      own_directories_.push_back(directory);
      if (known_.mirrors.contains(registry) || known_.configs.contains(registry))
        out_.explanation.push_back(
            fmt::format("{}: {} removes it at its next start anyway, because {} has an entry for {}", directory,
                        target_.program, target_.registries_file, registry));
      else
        add(registry);
    }
    return {};
  }

  // A registry that `configs` names has a directory, and so needs all of its chain said, also where it is that of the
  // mirror for all.
  ChainsInYaml say_chains() {
    std::set<std::string> named;
    for (;;) {
      std::map<std::string, Chain> chains;
      std::vector<std::string> plain;
      for (const auto& [registry, chain] : chains_) {
        if (!named.contains(registry) && is_as_for_all(registry, chain)) continue;
        chains.emplace(registry, chain);
        if (chain_difference(chain, default_chain(registry)).empty()) plain.push_back(registry);
      }
      const auto& auths = same_node() ? no_auths_ : before_.config().auths;
      auto said =
          registries_yaml_of_chains({.chains = chains, .plain = plain, .auths = auths}, known_, target_.program);
      bool more = false;
      for (const auto& [host, config] : said.registries.configs) {
        if (host == "*" || known_.mirrors.contains(host) || known_.configs.contains(host) || !named.insert(host).second)
          continue;
        add(host);
        more = true;
      }
      if (!more) return said;
    }
  }

  // What the mirror for all and the registry's own endpoint give is what is asked.
  bool is_as_for_all(const std::string& registry, const Chain& chain) const {
    const auto all = chains_.find("*");
    if (registry == "*" || all == chains_.end() || all->second.endpoints.empty()) return false;
    auto expected = all->second;
    if (auto& last = expected.endpoints.back(); !last.source) {  // each registry's own, with what is said for all
      auto own = default_chain(registry).endpoints.back();
      own.ca = last.ca;
      own.client = last.client;
      own.skip_verify = own.skip_verify || last.skip_verify;
      own.credentials = chain.endpoints.empty() ? "" : chain.endpoints.back().credentials;
      last = std::move(own);
    }
    return chain_difference(chain, expected).empty();
  }

  // What containerd does for a registry no file names.
  Chain default_chain(const std::string& registry) const {
    const auto config = effective_config(nothing_, {.config_path_only = "/nothing"}, before_.config().containerd);
    return resolve_chain(nothing_, config, registry == "*" ? unnamed : std::string_view(registry));
  }

  Result<void> project(const ConfigSource& source) {
    if (same_node()) after_ = tree_;
    for (const auto& directory : own_directories_) after_.remove(directory);
    for (const auto& [path, from] : relocation_.copies()) after_.write(path, relocation_.content(path));
    after_.write(target_.registries_file, text_);
    RF_TRY(after_, project_registries_yaml(after_, target_));
    config_after_ = effective_config(after_, same_node() ? source : ConfigSource{.file = target_.config_file},
                                     before_.config().containerd);
    return {};
  }

  void prove(const RegistriesYaml& registries) {
    std::set<std::string> names{std::string(hub_registry), std::string(unnamed), std::string(unnamed_with_port)};
    for (const auto& [registry, chain] : chains_) {
      names.insert(registry);
      for (const auto& endpoint : chain.endpoints) names.insert(image_host(endpoint.host));
    }
    for (const auto& [host, mirror] : registries.mirrors) names.insert(host);
    for (const auto& [host, config] : registries.configs) names.insert(host);
    for (const auto& name : tree_.list(target_.hosts_dir))
      if (same_node()) names.insert(registry_of_directory(name));
    names.erase("*");
    for (const auto& registry : names) {
      if (!is_directory_name(registry)) continue;
      ChainProof proof{.registry = registry,
                       .before = chain_of(registry),
                       .after = resolve_chain(after_, config_after_, registry, migration_chains),
                       .difference = {}};
      proof.difference = chain_difference(proof.before, proof.after);
      out_.proofs.push_back(std::move(proof));
    }
  }

  Result<void> write(const RegistriesYaml& registries) {
    if (same_node() && !relocation_.unread().empty())
      return refused(
          fmt::format("{} could not be read, so no copy of it can be made", relocation_.unread().begin()->second),
          "check its permissions on the node");
    RF_CHECK(copy_certificates(node_, relocation_, out_.files));
    RF_CHECK(write_registries(registries));
    for (const auto& directory : own_directories_)
      RF_CHECK(remove_hosts_directory(node_, directory, fmt::format("its content is in {}", target_.registries_file),
                                      out_.files));
    return {};
  }

  Result<void> write_registries(const RegistriesYaml& registries) {
    const auto why =
        fmt::format("{}, {}{}", counted(registries.mirrors.size() - known_.mirrors.size(), "mirror"),
                    counted(registries.configs.size() - known_.configs.size(), "config"), same_node() ? " more" : "");
    if (text_ == text_before()) return {};
    return put_file(node_,
                    {.path = target_.registries_file,
                     .content = registries_yaml_content(text_, registries),
                     .kind = FileChange::Class::config,
                     .why = why},
                    out_.files);
  }

  void explain(const RegistriesYaml& registries) {
    for (const auto& [registry, chain] : chains_) {
      const auto& config = before_.config();
      const auto legacy = config.mirrors.find(registry);
      const auto where = chain.hosts_dir                  ? *chain.hosts_dir
                         : legacy != config.mirrors.end() ? to_string(legacy->second.where)
                                                          : std::string();
      if (where.empty()) continue;
      const std::string_view section = registries.mirrors.contains(registry)   ? "mirrors"
                                       : registries.configs.contains(registry) ? "configs"
                                                                               : "no entry: it is the default";
      out_.explanation.push_back(fmt::format("{}: {} -> {}", registry, where, section));
    }
    for (auto& note : relocation_.notes()) out_.explanation.push_back(std::move(note));
    if (!same_node())
      out_.explanation.push_back(
          fmt::format("the files are for a node that runs {}, which reads them when it starts", target_.program));
  }

  const FileTree& tree_;
  SourceChains before_;
  const RegistriesYamlNode& target_;
  const MigrateOptions& options_;
  Relocation relocation_;
  const FileTree nothing_;  // what is known of a node elsewhere
  NodeFiles node_;
  RegistriesYaml known_;
  const std::map<std::string, RegistryAuth, std::less<>>
      no_auths_;  // on the same node they stand in registries.yaml already
  std::map<std::string, Chain> chains_;
  std::vector<std::string> own_directories_;
  std::string text_;
  FileTree after_;
  EffectiveConfig config_after_;
  Migration out_;
};

}  // namespace

RegistriesYamlNode usual_registries_yaml_node(const MigrateOptions& options) {
  const auto etc = fmt::format("/var/lib/rancher/{}/agent/etc/containerd", options.program);
  return {.program = options.program,
          .version = options.program_version,
          .registries_file = fmt::format("/etc/rancher/{}/registries.yaml", options.program),
          .hosts_dir = etc + "/certs.d",
          .config_file = etc + "/config.toml"};
}

Result<Migration> migrate_to_registries_yaml(const NodeFiles& node, const ConfigSource& source,
                                             const Version& containerd, const RegistriesYamlNode& target,
                                             const MigrateOptions& options) {
  if (options.place == MigrateOptions::Place::elsewhere)
    return ToYaml(node, SourceChains(node.tree, effective_config(node.tree, source, containerd)), target, options)
        .run(source);
  RF_TRY(const auto now, project_registries_yaml(node.tree, target));
  return ToYaml(node, SourceChains(now, effective_config(now, source, containerd)), target, options).run(source);
}

}  // namespace rf
