#include <algorithm>
#include <iterator>
#include <set>

#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"
#include "plan/config_path.h"
#include "plan/hosts_render.h"
#include "plan/styles.h"

namespace rf {
namespace {

// "ca-1f3a9c02.crt", "client-1f3a9c02.key": names only we give.
bool is_our_certificate(std::string_view name) {
  for (const std::string_view prefix : {"ca-", "client-"}) {
    if (!name.starts_with(prefix) || name.size() < prefix.size() + 8) continue;
    const auto sum = name.substr(prefix.size(), 8);
    const auto ending = name.substr(prefix.size() + 8);
    if (sum.find_first_not_of("0123456789abcdef") == sum.npos &&
        (ending == ".crt" || ending == ".cert" || ending == ".key"))
      return true;
  }
  return false;
}

class HostsDir {
 public:
  explicit HostsDir(const PlanContext& context)
      : context_(context), tree_(context.facts.tree), root_(context.detection.hosts_dir) {}

  Result<Draft> run() {
    if (root_.empty())
      return Error{.kind = ErrorKind::unsupported,
                   .message = "no directory for hosts.toml files is known here",
                   .hint = "name the distribution with --distribution"};
    RF_CHECK(check_spegel());
    for (const auto& registry : context_.intent.registries) {
      RF_CHECK(add(registry).doing(fmt::format("planning the registry {}", registry.name)));
    }
    for (const auto& name : tree_.list(root_)) look_at_other(name);
    if (!kept_.empty()) draft_.notes.push_back(fmt::format("also managed here, and kept: {}", join(kept_, ", ")));
    RF_CHECK(plan_config_path(context_, draft_));
    return std::move(draft_);
  }

 private:
  Result<void> check_spegel() const {
    if (!tree_.exists(join_path(root_, spegel_backup))) return {};
    return refused_error(
        fmt::format("{}/_backup: Spegel owns this directory and deletes at its next start whatever others wrote here",
                    root_),
        "name your mirrors in Spegel's additionalMirrorTargets; or set its containerdMirrorAdd to false, move the "
        "content of _backup back and remove it");
  }

  // The directory containerd looks into for this registry: the older spelling wins where it exists.
  Result<std::string> directory_for(const Registry& registry) {
    const auto usual = root_ + "/" + directory_of_registry(registry.name);
    const auto older = port_directory(registry.name);
    for (const auto& path : {older.empty() ? usual : root_ + "/" + older, usual})
      if (const auto* entry = tree_.stat(path); entry != nullptr && entry->kind != FileEntry::Kind::directory)
        return refused_error(
            fmt::format("{} is not a directory: with it containerd fails every pull from {}", path, registry.name),
            "check it and move it away");
    if (older.empty() || !tree_.exists(root_ + "/" + older)) return usual;
    draft_.notes.push_back(
        fmt::format("{0}/{1} exists, which containerd prefers to {0}/{2}: written there", root_, older, registry.name));
    return root_ + "/" + older;
  }

  Result<void> add(const Registry& registry) {
    const auto& containerd = context_.detection.containerd;
    RF_TRY(const auto directory, directory_for(registry));
    RF_TRY(auto files, hosts_files(registry, context_.intent, context_.resolved, containerd));
    for (auto& warning : files.warnings) warn(std::move(warning));
    std::move(files.notes.begin(), files.notes.end(), std::back_inserter(draft_.notes));
    carry_over(registry, directory, files.chain);
    const auto why = describe(registry);
    std::set<std::string> certificates;
    for (const auto& certificate : files.certificates) {
      certificates.insert(certificate.name);
      RF_CHECK(put_file(context_.files,
                        {.path = directory + "/" + certificate.name,
                         .content = certificate.content,
                         .kind = FileChange::Class::certificate,
                         .why = why},
                        draft_.files));
    }
    const auto path = directory + "/hosts.toml";
    RF_CHECK(look_at_owner(path));
    RF_CHECK(put_file(
        context_.files,
        {.path = path, .content = render_hosts_toml(files.chain, why), .kind = FileChange::Class::hosts, .why = why},
        draft_.files));
    for (const auto& name : tree_.list(directory))
      if (is_our_certificate(name) && !certificates.contains(name))
        remove_ours(join_path(directory, name), "no longer used");
    wanted_.insert(base_name(directory));
    return {};
  }

  Result<void> look_at_owner(const std::string& path) {
    const auto content = tree_.read(path);
    if (!content || content->empty() || is_ours(*content)) return {};
    if (!generator_of(*content).empty())
      return refused_error(
          fmt::format("{} is written by another program ({})", path, content->substr(2, content->find('\n') - 2)),
          "give the registry to that program instead");
    draft_.notes.push_back(
        fmt::format("{} was not written by regfallback; it is replaced, and 'regfallback rollback' restores it", path));
    return {};
  }

  // Without a hosts.toml, containerd trusts the *.crt and *.cert files of the directory for the registry itself; with
  // one it ignores them. So they are named in ours.
  void carry_over(const Registry& registry, const std::string& directory, std::vector<HostEntry>& chain) {
    std::vector<std::string> authorities;
    std::vector<std::pair<std::string, std::string>> clients;
    const auto names = tree_.list(directory);
    for (const auto& name : names) {
      if (is_our_certificate(name)) continue;
      if (name.ends_with(".crt")) authorities.push_back(name);
      if (!name.ends_with(".cert")) continue;
      const auto key = name.substr(0, name.size() - 4) + "key";
      if (std::find(names.begin(), names.end(), key) != names.end()) clients.emplace_back(name, key);
    }
    if (authorities.empty() && clients.empty()) return;
    const auto own = std::find_if(chain.begin(), chain.end(), [&](const HostEntry& host) {
      return registry.upstream != Registry::Upstream::none && is_same(host, registry.upstream_endpoint) &&
             host.scheme == "https";
    });
    if (own == chain.end()) {
      warn(fmt::format("{}: its certificate files are not used, because {} is not asked over https", directory,
                       registry.name));
      return;
    }
    if (!own->ca && !authorities.empty()) own->ca.emplace();
    if (own->ca) own->ca->insert(own->ca->end(), authorities.begin(), authorities.end());
    own->client.insert(own->client.end(), clients.begin(), clients.end());
    draft_.notes.push_back(
        fmt::format("{}: the certificate files there stay in use for {}", directory, registry.upstream_endpoint.url()));
  }

  // Directories of registries the intent does not name: ours are removed, others stay.
  void look_at_other(const std::string& name) {
    const auto directory = root_ + "/" + name;
    if (wanted_.contains(name) || name == spegel_backup) return;
    const auto content = tree_.read(directory + "/hosts.toml");
    if (content && is_ours(*content)) {
      if (context_.options.undeclared == PlanOptions::Undeclared::keep ||
          is_set_up_by_kind(context_.facts, tree_.real_path(directory + "/hosts.toml")))
        kept_.push_back(registry_of_directory(name));
      else
        drop(name, directory);
      return;
    }
    const auto files = tree_.list(directory);
    const bool shadow = std::none_of(files.begin(), files.end(), [](const std::string& file) {
      return file == "hosts.toml" || file.ends_with(".crt") || file.ends_with(".cert");
    });
    const auto* entry = tree_.stat(directory);
    if (shadow && name != default_directory && context_.intent.registry("*") != nullptr && entry != nullptr &&
        entry->kind == FileEntry::Kind::directory)
      warn(fmt::format("{} has no hosts.toml, but hides \"*\" from images of {}: remove it, or declare the registry",
                       directory, name));
  }

  void drop(const std::string& name, const std::string& directory) {
    const auto why = fmt::format("the registry {} is no longer declared", name == default_directory ? "\"*\"" : name);
    if (!remove_ours(directory + "/hosts.toml", why)) {
      warn(fmt::format(
          "{}/hosts.toml has the first line of regfallback, but no receipt of this node names it: left alone",
          directory));
      return;
    }
    draft_.dropped.insert(registry_of_directory(name));
    bool empty = true;
    for (const auto& file : tree_.list(directory))
      if (file != "hosts.toml" && !(is_our_certificate(file) && remove_ours(join_path(directory, file), why)))
        empty = false;
    // An empty directory would hide _default, and stop the search.
    if (empty) remove_file(context_.files, directory, FileChange::Class::directory, why, draft_.files);
  }

  bool remove_ours(const std::string& path, const std::string& why) {
    if (!has_receipt(context_.facts, tree_.real_path(path))) return false;
    remove_file(context_.files, path, class_in_hosts_dir(path), why, draft_.files);
    return true;
  }

  void warn(std::string text) {
    if (std::find(draft_.warnings.begin(), draft_.warnings.end(), text) == draft_.warnings.end())
      draft_.warnings.push_back(std::move(text));
  }

  const PlanContext& context_;
  const FileTree& tree_;
  const std::string& root_;
  std::set<std::string> wanted_;   // names of directories
  std::vector<std::string> kept_;  // registries of ours that the intent does not name
  Draft draft_;
};

}  // namespace

Result<Draft> plan_hosts_dir(const PlanContext& context) { return HostsDir(context).run(); }

}  // namespace rf
