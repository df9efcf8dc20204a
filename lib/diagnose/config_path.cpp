// Where containerd looks for hosts.toml files, and files that stand elsewhere.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"
#include "containerd/chain/certificates.h"
#include "diagnose/mend.h"
#include "diagnose/rule.h"
#include "diagnose/view.h"
#include "intent/names.h"

namespace rf {
namespace {

// The directories below a root that hold something, by name.
std::vector<std::string> filled(const FileTree& tree, std::string_view root) {
  std::vector<std::string> names;
  for (const auto& name : tree.list(root))
    if (name != spegel_backup && !tree.list(join_path(root, name)).empty()) names.push_back(name);
  return names;
}

std::string some(const std::vector<std::string>& names) {
  if (names.size() <= 4) return listed(names);
  return fmt::format("{}, {} and {} more", names[0], names[1], names.size() - 2);
}

Location registry_table_place(const View& view) {
  const auto* plugin = view.files().plugins.find(view.files().cri_plugin);
  const auto* registry = plugin != nullptr ? plugin->find("registry") : nullptr;
  const bool written = registry != nullptr && registry->form == TomlNode::Form::header;
  return written ? Location{registry->where.file, registry->where.line, 0} : Location{view.config().config_file, 0, 0};
}

// Under a name or in a file that does not count: other findings say why.
bool is_written_in_vain(const View& view) {
  for (const auto& root : view.files().roots)
    for (const auto& [key, plugins] : root.entries)
      for (const auto name : {cri_plugin_v1, cri_plugin_v2, cri_plugin_v3}) {
        const auto* plugin = lower(key) == "plugins" ? plugins.find(name) : nullptr;
        const auto* registry = plugin != nullptr ? plugin->find("registry") : nullptr;
        const auto* path = registry != nullptr ? registry->find("config_path") : nullptr;
        if (path != nullptr && !path->text.empty()) return true;
      }
  return false;
}

void look_for_unset(const View& view, Findings& found) {
  const auto& config = view.config();
  if (!view.config_is_known() || config.cri_disabled || !config.config_path.empty() ||
      view.era().style == Style::registries_yaml || is_written_in_vain(view))
    return;
  for (const auto& root : view.roots()) {
    const auto names = filled(view.tree(), root);
    if (names.empty()) continue;
    const bool legacy = !config.mirrors.empty();
    const auto table = registry_table_place(view);
    found.add(
        {.cause = fmt::format("config_path is {} in {}, so the files below {} ({}) are not read",
                              config.config_path_where ? "empty" : "not set", config.config_file, root, some(names)),
         .where = config.config_path_where ? config.config_path_where : std::optional(table),
         .effect = legacy ? fmt::format("{} uses the mirror blocks of {} instead", view.who(), config.config_file)
                          : fmt::format(
                                "{} asks every registry directly: without config_path there is no directory to look in",
                                view.who()),
         .fix = legacy ? fix_by_hand(ByHand::choice,
                                     "containerd refuses both together: remove these files, then regfallback migrate; "
                                     "or remove the mirror blocks, then regfallback apply sets config_path")
                       : config_path_fix(view, root)});
  }
}

std::string who_splits(const View& view) {
  return fmt::format(
      "1.5 to 2.0 search the directories in order; 2.1 and later do so only if the CRI plugin pulls on its own. Here: "
      "{} pull, {}",
      to_string(view.config().pull_mode), view.config().pull_mode_reason);
}

// Of directories that hold something: the only one of them.
Fix one_directory(const View& view, const std::vector<std::string>& directories) {
  if (directories.size() == 1) return config_path_fix(view, directories.front());
  return words_then_restart(view, ByHand::choice,
                            fmt::format("move what is needed to {}, and write config_path = {}", directories.front(),
                                        toml_quote(directories.front())));
}

void look_for_list(const View& view, Findings& found) {
  const auto& config = view.config();
  if (!view.config_is_known() || config.cri_disabled || config.config_path.find(':') == std::string::npos) return;
  std::vector<std::string> parts, files, with_files;
  for (const auto part : split(config.config_path, ':'))
    if (!part.empty()) parts.emplace_back(part);
  for (const auto& part : parts) {
    const auto names = filled(view.tree(), part);
    if (!names.empty()) with_files.push_back(part);
    for (const auto& name : names) files.push_back(join_path(part, name));
  }
  const auto cause = config.config_path_where
                         ? fmt::format("config_path = \"{}\" lists {} directories", config.config_path, parts.size())
                         : fmt::format("config_path is not set, and the default of {} lists {} directories: \"{}\"",
                                       view.who(), parts.size(), config.config_path);
  const auto where = config.config_path_where.value_or(Location{config.config_file, 0, 0});
  if (with_files.empty()) with_files.push_back(parts.empty() ? view.detection().hosts_dir : parts.front());
  if (config.pull_mode != PullMode::transfer) {
    found.add(Severity::note,
              {.cause = cause,
               .where = where,
               .effect = fmt::format(
                   "{} searches them in order: _default of the first comes before anything in the second. {}",
                   view.who(), who_splits(view)),
               .fix = conditional("the next upgrade is to change nothing", one_directory(view, with_files))});
    return;
  }
  found.add(
      files.empty() ? Severity::note : Severity::error,
      {.cause = cause,
       .where = where,
       .effect = fmt::format(
           "{} reads the list as the name of one directory and finds nothing there, without a message: no hosts.toml "
           "is read{}. {}",
           view.who(),
           files.empty() ? ""
                         : fmt::format(", _default included ({} not read)",
                                       files.size() == 1 ? some(files) + " stays" : some(files) + " stay"),
           who_splits(view)),
       .fix = one_directory(view, with_files)});
}

struct RootFault {
  std::string_view cause;
  std::string effect;
};

RootFault fault_of(const View& view, const ConfiguredRoot& root) {
  const auto nothing = fmt::format(
      "{} looks for {}/REGISTRY/hosts.toml and finds nothing: every registry is asked "
      "directly",
      view.who(), root.path == "/" ? "" : root.path);
  switch (root.fault) {
    case ConfiguredRoot::Fault::file:
      if (view.tree().exists(root.path))
        return {"is a file",
                fmt::format("{} fails every pull with \"not a directory\", whatever the registry", view.who())};
      return {"has the name of a file", nothing};
    case ConfiguredRoot::Fault::of_one_registry: return {"is the directory of one registry", nothing};
    case ConfiguredRoot::Fault::above: return {"is above the directory of the hosts.toml files", nothing};
    case ConfiguredRoot::Fault::none: break;
  }
  return {"", ""};
}

// A config_path that cannot be a directory of registries, or depends on where containerd was started.
void look_at_directory(const View& view, Findings& found) {
  const auto& config = view.config();
  if (!view.config_is_known() || config.cri_disabled || !config.config_path_where) return;
  for (const auto& root : view.configured_roots()) {
    const auto [cause, effect] = fault_of(view, root);
    if (!cause.empty())
      found.add({.cause = fmt::format("config_path = \"{}\" {}", root.written, cause),
                 .where = config.config_path_where,
                 .effect = effect,
                 .fix = config_path_fix(view, !root.right.starts_with('/') || root.right == "/"
                                                  ? "/etc/containerd/certs.d"
                                                  : std::string_view(root.right))});
    else if (!root.written.starts_with('/'))
      found.add(Severity::note,
                {.cause = fmt::format("config_path = \"{}\" is a relative path", root.written),
                 .where = config.config_path_where,
                 .effect = fmt::format("{} starts at its working directory, which is / for a service of systemd: it "
                                       "reads {}; started elsewhere it reads another directory",
                                       view.who(), root.path),
                 .fix = config_path_fix(view, root.path)});
  }
}

// The other containerd of the node that reads a directory; nullptr when none does.
const RuntimeProcess* other_reader(const View& view, std::string_view root) {
  for (const auto& runtime : view.facts().runtimes) {
    if (runtime.pid == view.detection().runtime.pid) continue;
    const auto version = parse_version(runtime.version);
    if (!version) continue;
    const auto config = effective_config(view.facts().tree, {.file = runtime.config_file}, *version);
    for (const auto& read : config.hosts_roots)
      if (view.facts().tree.real_path(read) == view.facts().tree.real_path(root)) return &runtime;
  }
  return nullptr;
}

// The directories below `root`, to where containerd looks.
Fix move_all(const View& view, const std::string& root, const std::vector<std::string>& names) {
  const auto& own = view.detection().hosts_dir;
  const auto& tree = view.tree();
  const bool taken =
      std::any_of(names.begin(), names.end(), [&](const auto& name) { return tree.exists(join_path(own, name)); });
  if (own.empty()) return fix_by_hand(ByHand::choice, "remove them");
  if (taken)
    return fix_by_hand(ByHand::choice, fmt::format("move what is still needed to {} (no restart is needed), or remove "
                                                   "them",
                                                   own));
  std::vector<FixStep> steps;
  if (!tree.exists(own)) steps.emplace_back(MakeDirectory{own});
  for (const auto& name : names) steps.emplace_back(MovePath{join_path(root, name), join_path(own, name)});
  return live_fix(std::move(steps)).or_else("remove them");
}

Fix copy_certificates(const View& view, const std::string& from, const std::string& name) {
  const auto& own = view.detection().hosts_dir;
  std::vector<FixStep> steps;
  if (!view.tree().exists(own)) steps.emplace_back(MakeDirectory{own});
  const auto directory = join_path(from, name);
  for (const auto& file : view.tree().list(directory))
    if (file.ends_with(".crt") && !pem_holds_certificate(view.tree().read(join_path(directory, file)).value_or("")))
      return fix_by_hand(ByHand::content, fmt::format("for pods that pull from there: copy the certificates to {}, but "
                                                      "{} holds none",
                                                      join_path(own, name), join_path(directory, file)));
  steps.emplace_back(CopyPath{directory, join_path(own, name)});
  return conditional("pods pull from there", live_fix(std::move(steps)));
}

void report_unread(const View& view, const std::string& root, const std::vector<std::string>& names, Findings& found) {
  const auto& config = view.config();
  Finding finding{.cause = fmt::format("{} has files for {}, but {} of {} reads {}", root, some(names), view.who(),
                                       view.detection().profile.title,
                                       view.roots().empty() ? "no directory" : listed(view.roots())),
                  .where = Location{root, 0, 0}};
  if (config.config_path_where) finding.also.push_back(*config.config_path_where);
  if (const auto* other = other_reader(view, root)) {
    finding.effect = fmt::format("only the containerd with pid {} ({}) uses them, which is not the kubelet's",
                                 other->pid, other->address);
    finding.fix = fix_by_hand(ByHand::nothing, "nothing is needed if they are meant for that one");
    return found.add(Severity::note, std::move(finding));
  }
  finding.effect = view.detection().profile.kubernetes
                       ? "they have no effect on pods"
                       : fmt::format("{} never reads them", view.detection().profile.title);
  if (view.era().style == Style::registries_yaml)
    finding.fix = words_then_restart(view, ByHand::content,
                                     fmt::format("declare the endpoints in {}", view.era().registries_file));
  else if (root == view.era().hosts_dir && filled(view.tree(), view.detection().hosts_dir).empty())
    finding.fix = config_path_fix(view, root);
  else
    finding.fix = move_all(view, root, names);
  found.add(std::move(finding));
}

void look_for_unread(const View& view, Findings& found) {
  if (!view.config_is_known() || view.config().cri_disabled || view.era().style == Style::patch) return;
  const auto& tree = view.tree();
  const auto known = [&](const std::string& root) {
    return std::any_of(view.roots().begin(), view.roots().end(),
                       [&](const auto& one) { return tree.real_path(one) == tree.real_path(root); });
  };
  std::vector<std::string> places{"/etc/containerd/certs.d"};
  if (view.era().hosts_dir.starts_with('/')) places.push_back(view.era().hosts_dir);
  for (const auto& root : places) {
    const auto names = filled(tree, root);
    if (!names.empty() && !known(root) &&
        (root == places.front() || tree.real_path(root) != tree.real_path(places.front())))
      report_unread(view, root, names, found);
  }
  // Docker's directory holds Docker's certificates on many nodes; hosts.toml files in it are meant for somebody.
  const std::string docker = "/etc/docker/certs.d";
  if (known(docker) || view.era().hosts_dir == docker) return;
  std::vector<std::string> hosts, certificates;
  for (const auto& name : filled(tree, docker)) {
    const bool here = tree.exists(join_path(view.detection().hosts_dir, name));
    if (tree.exists(docker + "/" + name + "/hosts.toml"))
      hosts.push_back(name);
    else if (!here)
      certificates.push_back(name);
  }
  if (!hosts.empty() && !view.facts().processes.contains("dockerd")) report_unread(view, docker, hosts, found);
  if (certificates.empty()) return;
  found.add(Severity::note,
            {.cause = fmt::format("{} has certificates for {}, but {} has nothing for {}", docker, some(certificates),
                                  view.detection().hosts_dir, certificates.size() == 1 ? "it" : "them"),
             .where = Location{docker + "/" + certificates.front(), 0, 0},
             .effect = fmt::format("only Docker uses them; {} verifies these registries with the system's CAs alone",
                                   view.who()),
             .fix = copy_certificates(view, docker, certificates.front())});
}

const std::array config_path_table{
    Rule{.id = "config-path-not-set", .severity = Severity::error, .look = look_for_unset},
    Rule{.id = "config-path-list", .severity = Severity::error, .look = look_for_list},
    Rule{.id = "config-path-no-directory", .severity = Severity::error, .look = look_at_directory},
    Rule{.id = "hosts-files-not-read", .severity = Severity::error, .look = look_for_unread},
};

}  // namespace

std::span<const Rule> config_path_rules() { return config_path_table; }

}  // namespace rf
