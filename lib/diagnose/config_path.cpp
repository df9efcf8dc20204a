// Where containerd looks for hosts.toml files, and files that stand elsewhere.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"
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

// The one line that makes containerd read a directory, and where it goes.
std::string write_config_path(const View& view, std::string_view directory) {
  const auto& era = view.era();
  const auto line = fmt::format("config_path = {}", toml_quote(directory));
  if (!era.drop_in.empty())
    return fmt::format("in {} write {} under {}; {}", era.drop_in, line,
                       view.registry_table(view.containerd().major < 2 ? 2 : 3), view.restart());
  if (era.config_managed)
    return fmt::format("{} regenerates {}: 'regfallback render --for {}' prints the settings for it",
                       view.detection().profile.title, view.config().config_file, view.detection().profile.name);
  const auto file = view.source_of(view.config().config_path_where ? view.config().config_path_where->file
                                                                   : view.config().config_file);
  const bool exists = view.facts().tree.exists(view.config().config_file);
  const int version = exists ? view.config().config_version : view.containerd().major < 2 ? 2 : 3;
  return fmt::format("in {} write {}{} under {} ('regfallback apply' does it); then {}", file,
                     exists ? "" : fmt::format("version = {}, and ", version), line, view.registry_table(version),
                     view.restart());
}

void look_for_unset(const View& view, Findings& found) {
  const auto& config = view.config();
  if (!view.config_is_known() || config.cri_disabled || !config.config_path.empty() ||
      view.era().style == Style::registries_yaml)
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
         .fix = legacy ? fmt::format("containerd refuses both together; {}", view.migrate())
                       : write_config_path(view, root)});
  }
}

std::string who_splits(const View& view) {
  return fmt::format(
      "1.5 to 2.0 search the directories in order; 2.1 and later do so only if the CRI plugin pulls on its own. Here: "
      "{} pull, {}",
      to_string(view.config().pull_mode), view.config().pull_mode_reason);
}

void look_for_list(const View& view, Findings& found) {
  const auto& config = view.config();
  if (!view.config_is_known() || config.cri_disabled || config.config_path.find(':') == std::string::npos) return;
  std::vector<std::string> parts, files;
  for (const auto part : split(config.config_path, ':'))
    if (!part.empty()) parts.emplace_back(part);
  for (const auto& part : parts)
    for (const auto& name : filled(view.tree(), part)) files.push_back(join_path(part, name));
  const auto cause = config.config_path_where
                         ? fmt::format("config_path = \"{}\" lists {} directories", config.config_path, parts.size())
                         : fmt::format("config_path is not set, and the default of {} lists {} directories: \"{}\"",
                                       view.who(), parts.size(), config.config_path);
  const auto where = config.config_path_where.value_or(Location{config.config_file, 0, 0});
  const auto own = parts.empty() ? view.detection().hosts_dir : parts.front();
  if (config.pull_mode != PullMode::transfer) {
    found.add(Severity::note,
              {.cause = cause,
               .where = where,
               .effect = fmt::format(
                   "{} searches them in order: _default of the first comes before anything in the second. {}",
                   view.who(), who_splits(view)),
               .fix = fmt::format("nothing is needed now; to be safe after the next upgrade, {}",
                                  write_config_path(view, own))});
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
       .fix = write_config_path(view, own)});
}

// Named as a registry is; "certs.d" and "hosts.d" are names of hosts too.
bool is_for_one(const std::string& directory) {
  const auto name = base_name(directory);
  return !name.ends_with(".d") && check_registry_name(registry_of_directory(name)).ok();
}

// A config_path that cannot be a directory of registries.
void look_at_directory(const View& view, Findings& found) {
  const auto& config = view.config();
  if (!view.config_is_known() || config.cri_disabled || !config.config_path_where) return;
  for (const auto piece : split(config.config_path, ':')) {
    const std::string part(piece);
    if (part.empty()) continue;
    const auto* entry = part.starts_with('/') ? view.tree().stat(part) : nullptr;
    const bool file = entry != nullptr && entry->kind == FileEntry::Kind::file;
    const bool of_one = view.tree().exists(part + "/hosts.toml") && is_for_one(part);
    const bool named_file = part.ends_with(".toml");
    const std::string fault = !part.starts_with('/') ? "is not an absolute path"
                              : file || named_file   ? "names a file"
                              : of_one               ? "is the directory of one registry"
                                                     : "";
    if (fault.empty()) continue;
    const auto right = !part.starts_with('/')                     ? view.detection().hosts_dir
                       : of_one || !is_for_one(parent_path(part)) ? parent_path(part)
                                                                  : parent_path(parent_path(part));
    found.add(
        {.cause = fmt::format("config_path = \"{}\" {}", part, fault),
         .where = config.config_path_where,
         .effect =
             fmt::format("{} looks for {}/REGISTRY/hosts.toml and finds nothing: every registry is asked directly",
                         view.who(), part),
         .fix = write_config_path(view, right.starts_with('/') && right != "/" ? right : "/etc/containerd/certs.d")});
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

void report_unread(const View& view, const std::string& root, const std::vector<std::string>& names, Findings& found) {
  const auto& config = view.config();
  const auto& own = view.detection().hosts_dir;
  Finding finding{.cause = fmt::format("{} has files for {}, but {} of {} reads {}", root, some(names), view.who(),
                                       view.detection().profile.title,
                                       view.roots().empty() ? "no directory" : listed(view.roots())),
                  .where = Location{root, 0, 0}};
  if (config.config_path_where) finding.also.push_back(*config.config_path_where);
  if (const auto* other = other_reader(view, root)) {
    finding.effect = fmt::format("only the containerd with pid {} ({}) uses them, which is not the kubelet's",
                                 other->pid, other->address);
    finding.fix = "nothing is needed if they are meant for that one";
    return found.add(Severity::note, std::move(finding));
  }
  finding.effect = view.detection().profile.kubernetes
                       ? "they have no effect on pods"
                       : fmt::format("{} never reads them", view.detection().profile.title);
  if (view.era().style == Style::registries_yaml)
    finding.fix = fmt::format("declare the endpoints in {}, then {}", view.era().registries_file, view.restart());
  else
    finding.fix =
        own.empty() ? "remove them" : fmt::format("move them to {} (no restart is needed), or remove them", own);
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
             .fix = fmt::format(
                 "for pods that pull from there: cp -r {}/{} {}/ (no restart is needed where that directory is read)",
                 docker, certificates.front(), view.detection().hosts_dir)});
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
