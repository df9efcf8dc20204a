// Which directory containerd finds for a registry, and the ones that no image leads to.
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

// The directories passed over, with the one that is found first: calls `visit(chain, first, hidden)`.
template <class Visit>
void each_hidden(const View& view, Visit visit) {
  for (const auto& chain : view.chains())
    for (const auto& ignored : chain.ignored)
      if (ignored.kind == IgnoredKind::shadowed_directory && chain.hosts_dir)
        visit(chain, *chain.hosts_dir, ignored.path);
}

void look_for_hidden_default(const View& view, Findings& found) {
  each_hidden(view, [&](const Chain& chain, const std::string& first, const std::string& hidden) {
    if (base_name(hidden) != default_directory || base_name(first) == default_directory ||
        parent_path(first) != parent_path(hidden))
      return;
    const auto names = view.tree().list(first);
    found.add(
        names.empty() ? Severity::error : Severity::warning,
        {.cause = names.empty() ? fmt::format("{} is empty, and hides {} for {}", first, hidden, chain.registry)
                                : fmt::format("{} has {} but no hosts.toml, and hides {} for {}", first, listed(names),
                                              hidden, chain.registry),
         .where = Location{first, 0, 0},
         .also = {{hidden, 0, 0}},
         .effect = fmt::format("{} uses the first directory that exists, whatever is in it, and asks {} directly",
                               view.who(), chain.registry),
         .fix = names.empty()
                    ? fmt::format("rmdir {} (no restart is needed), or write a hosts.toml into it", first)
                    : fmt::format(
                          "write a hosts.toml into {} that names the endpoints of {} too, and the certificates as ca",
                          first, hidden)});
  });
}

void look_for_unknown_default(const View& view, Findings& found) {
  for (const auto& chain : view.chains())
    for (const auto& ignored : chain.ignored)
      if (ignored.kind == IgnoredKind::default_unknown)
        found.add(
            {.cause = fmt::format("{} exists, but {}", ignored.path, ignored.reason),
             .where = Location{ignored.path, 0, 0},
             .effect = fmt::format("{} asks registries without a directory of their own directly", view.who()),
             .fix = fmt::format("create a directory for each registry that is used ({}/docker.io, ...), or upgrade "
                                "containerd to 1.6.17, 1.7 or later",
                                parent_path(ignored.path))});
}

void look_for_two_names(const View& view, Findings& found) {
  each_hidden(view, [&](const Chain& chain, const std::string& first, const std::string& hidden) {
    if (base_name(hidden) == default_directory || parent_path(first) != parent_path(hidden)) return;
    found.add({.cause = fmt::format("{} and {} both exist for {}", base_name(first), base_name(hidden), chain.registry),
               .where = Location{hidden, 0, 0},
               .also = {{first, 0, 0}},
               .effect = fmt::format(
                   "{} looks for the name with underscores first and reads only that directory: {} has no effect",
                   view.who(), hidden),
               .fix = fmt::format(
                   "keep one of the two: move what is still needed from {} to {}, and remove {} (no restart is needed)",
                   hidden, first, hidden)});
  });
}

void look_for_two_roots(const View& view, Findings& found) {
  each_hidden(view, [&](const Chain& chain, const std::string& first, const std::string& hidden) {
    if (parent_path(first) == parent_path(hidden)) return;
    const bool by_default = base_name(first) == default_directory;
    if (base_name(hidden) == default_directory && !by_default)
      return;  // the registry's own directory is meant to count
    found.add(
        by_default && base_name(hidden) != default_directory ? Severity::error : Severity::warning,
        {.cause = fmt::format("{} in the first directory of config_path hides {} in a later one", first, hidden),
         .where = Location{hidden, 0, 0},
         .also = {{first, 0, 0}},
         .effect = fmt::format(
             "{} searches one directory completely, _default included, before the next: for {} the second one has no "
             "effect",
             view.who(), chain.registry == "*" ? "every other registry" : chain.registry),
         .fix = fmt::format("move {} below {} (no restart is needed)", hidden, parent_path(first))});
  });
}

void look_for_hub_names(const View& view, Findings& found) {
  for (const auto& chain : view.chains())
    for (const auto& ignored : chain.ignored) {
      if (ignored.kind != IgnoredKind::hub_alias) continue;
      const auto right = join_path(parent_path(ignored.path), hub_registry);
      found.add({.cause = fmt::format("{} matches no image: {}", ignored.path, ignored.reason),
                 .where = Location{ignored.path, 0, 0},
                 .effect = fmt::format("{} never looks there; for images of Docker Hub it uses {}", view.who(),
                                       chain.hosts_dir ? *chain.hosts_dir : "nothing configured"),
                 .fix = view.tree().exists(right) ? fmt::format("remove it, or move what is needed to {}", right)
                                                  : fmt::format("mv {} {}", ignored.path, right)});
    }
}

// The name somebody may have meant; "" when none comes to mind.
std::string meant(std::string_view name) {
  if (name == "*" || name == "default" || name == "_defaults" || name == "_default_")
    return std::string(default_directory);
  const auto fits = [](std::string text) { return check_registry_name(text) ? text : std::string(); };
  const auto last = name.find_last_not_of('_');
  const auto core = name.substr(0, last == name.npos ? 0 : last + 1);
  const auto mark = core.rfind('_');
  if (mark != core.npos && core.find_first_not_of("0123456789", mark + 1) == core.npos) {
    auto host = std::string(core.substr(0, mark));
    while (host.ends_with('_')) host.pop_back();
    if (auto with_port = fits(fmt::format("{}:{}", host, core.substr(mark + 1))); !with_port.empty()) return with_port;
  }
  return lower(name) != name ? fits(lower(name)) : "";
}

void look_for_no_registry(const View& view, Findings& found) {
  for (const auto& directory : view.directories()) {
    const auto checked = check_registry_name(directory.registry);
    if (checked || is_docker_hub_alias(directory.registry)) continue;  // that one is a rule of its own
    const auto right = meant(directory.name);
    found.add({.cause = fmt::format("{} matches no image: {}", directory.path, checked.error().message),
               .where = Location{directory.path, 0, 0},
               .effect = fmt::format("{} never looks there", view.who()),
               .fix = right.empty()
                          ? fmt::format("{}; then rename the directory", checked.error().hint)
                          : fmt::format("mv {} {}/{} (no restart is needed)", directory.path, directory.root, right)});
  }
}

// "reg.io:443" is for images that write the port, and for no others.
void look_for_default_ports(const View& view, Findings& found) {
  for (const auto& directory : view.directories()) {
    const auto& name = directory.registry;
    if (!name.ends_with(":443") && !name.ends_with(":80")) continue;
    const auto bare = name.substr(0, name.rfind(':'));
    if (view.tree().exists(join_path(directory.root, bare))) continue;
    found.add(
        {.cause = fmt::format("{} applies only to images written as {}/NAME", directory.path, name),
         .where = Location{directory.path, 0, 0},
         .effect = fmt::format("{} compares names letter by letter: it does not apply to {}/NAME", view.who(), bare),
         .fix = fmt::format("if images are written without the port: mv {} {}/{} (no restart is needed)",
                            directory.path, directory.root, bare)});
  }
}

void look_at_mirror_names(const View& view, Findings& found) {
  const auto add = [&](const std::string& name, const Location& where, const std::string& then) {
    const auto checked = check_registry_name(name);
    if (checked) return;
    found.add(
        {.cause = fmt::format("mirrors names \"{}\", which matches no image: {}", name, checked.error().message),
         .where = where,
         .effect = fmt::format(
             "{} looks up mirrors by the part before the first / of an image, and never finds this one", view.who()),
         .fix = fmt::format("{}; then {}", checked.error().hint, then)});
  };
  if (view.era().style != Style::registries_yaml && view.config_is_known() && !view.config().cri_disabled)
    for (const auto& [name, mirror] : view.config().mirrors)
      add(name, {mirror.where.file, mirror.where.line, 0}, view.restart());
  const auto* mirrors = view.registries_yaml() != nullptr ? view.registries_yaml()->get("mirrors") : nullptr;
  if (mirrors == nullptr) return;
  for (const auto& [name, mirror] : mirrors->entries)
    add(name->text, {view.registries_file(), name->line, 0}, view.restart());
}

bool is_file(const FileTree& tree, const std::string& path) {
  const auto* entry = tree.stat(path);
  return entry != nullptr && entry->kind == FileEntry::Kind::file;
}

void look_for_files(const View& view, Findings& found) {
  for (const auto& root : view.roots())
    for (const auto& name : view.tree().list(root)) {
      const auto path = join_path(root, name);
      const auto registry = registry_of_directory(name);
      if (!is_file(view.tree(), path) || name.ends_with(".toml") || !check_registry_name(registry)) continue;
      found.add({.cause = fmt::format("{} is a file, but the directory of {} must be there", path,
                                      registry == "*" ? "every other registry" : registry),
                 .where = Location{path, 0, 0},
                 .effect = fmt::format("{} fails every pull of {} with \"not a directory\"", view.who(),
                                       registry == "*" ? "a registry without a directory" : registry),
                 .fix = fmt::format(
                     "mv {0} {0}.hosts && mkdir {0} && mv {0}.hosts {0}/hosts.toml (no restart is needed)", path)});
    }
  for (const auto& directory : view.directories()) {
    const auto path = directory.path + "/hosts.toml";
    const auto* entry = view.tree().stat(path);
    if (entry == nullptr || entry->kind != FileEntry::Kind::directory) continue;
    found.add(
        {.cause = fmt::format("{} is a directory", path),
         .where = Location{path, 0, 0},
         .effect = fmt::format("{} fails every pull of {} with \"is a directory\"", view.who(), directory.registry),
         .fix = fmt::format("move it away and write the file (no restart is needed)")});
  }
}

void look_into(const View& view, const RegistryDirectory& directory, Findings& found) {
  const bool has_hosts = view.tree().exists(directory.path + "/hosts.toml");
  for (const auto& name : view.tree().list(directory.path)) {
    const auto path = join_path(directory.path, name);
    const auto* entry = view.tree().stat(path);
    if (entry == nullptr) continue;
    if (entry->kind == FileEntry::Kind::directory && name != "hosts.toml")
      found.add(has_hosts ? Severity::warning : Severity::error,
                {.cause = fmt::format("{} is a directory inside the directory of a registry", path),
                 .where = Location{path, 0, 0},
                 .effect = fmt::format("{} looks up registries by host, never by repository: its content has no effect",
                                       view.who()),
                 .fix = fmt::format("write the endpoints for the whole registry into {}/hosts.toml; a prefix of a "
                                    "mirror goes into its URL, as /v2/PREFIX with "
                                    "override_path = true",
                                    directory.path)});
    const bool near = name == "host.toml" || name == "hosts" || name == "host" || name == "hosts.tml" ||
                      name == "hosts.yaml" || name == "hosts.conf" || name == "config.toml" ||
                      lower(name) == "hosts.toml";
    if (entry->kind == FileEntry::Kind::file && !has_hosts && near)
      found.add({.cause = fmt::format("{} is not named hosts.toml", path),
                 .where = Location{path, 0, 0},
                 .effect = fmt::format("{} reads only hosts.toml and certificate files in a registry's directory",
                                       view.who()),
                 .fix = fmt::format("mv {} {}/hosts.toml (no restart is needed)", path, directory.path)});
  }
}

void look_for_misplaced(const View& view, Findings& found) {
  for (const auto& root : view.roots())
    for (const auto& name : view.tree().list(root)) {
      const auto path = join_path(root, name);
      if (!name.ends_with(".toml") || !is_file(view.tree(), path)) continue;
      const auto registry = name == "hosts.toml" ? std::string(default_directory) : name.substr(0, name.size() - 5);
      found.add({.cause = fmt::format("{} is next to the directories of registries, not in one of them", path),
                 .where = Location{path, 0, 0},
                 .effect = fmt::format("{} reads {}/REGISTRY/hosts.toml and never this file", view.who(), root),
                 .fix = fmt::format("mkdir -p {0}/{1} && mv {2} {0}/{1}/hosts.toml ({3}; no restart is needed)", root,
                                    registry, path,
                                    registry == default_directory ? "for every registry without a directory of its own"
                                                                  : "for that registry")});
    }
  for (const auto& directory : view.directories()) look_into(view, directory, found);
}

const std::array directories{
    Rule{.id = "empty-directory-hides-default", .severity = Severity::error, .look = look_for_hidden_default},
    Rule{.id = "default-directory-unknown", .severity = Severity::error, .look = look_for_unknown_default},
    Rule{.id = "two-directories-for-one-registry", .severity = Severity::error, .look = look_for_two_names},
    Rule{.id = "first-root-hides-second", .severity = Severity::error, .look = look_for_two_roots},
    Rule{.id = "docker-hub-directory-name", .severity = Severity::error, .look = look_for_hub_names},
    Rule{.id = "directory-matches-no-registry", .severity = Severity::error, .look = look_for_no_registry},
    Rule{.id = "directory-with-default-port", .severity = Severity::note, .look = look_for_default_ports},
    Rule{.id = "mirror-of-no-registry", .severity = Severity::error, .look = look_at_mirror_names},
    Rule{.id = "file-in-place-of-directory", .severity = Severity::error, .look = look_for_files},
    Rule{.id = "hosts-toml-misplaced", .severity = Severity::error, .look = look_for_misplaced},
};

}  // namespace

std::span<const Rule> directory_rules() { return directories; }

}  // namespace rf
