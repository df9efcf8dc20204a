// Which directory containerd finds for a registry, and the ones that no image leads to.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"
#include "diagnose/distribution.h"
#include "diagnose/mend.h"
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

// Two directories that hold the same files.
bool same_content(const FileTree& tree, const std::string& a, const std::string& b) {
  const auto names = tree.list(a);
  return names == tree.list(b) && std::all_of(names.begin(), names.end(), [&](const std::string& name) {
           const auto one = tree.read(join_path(a, name)), other = tree.read(join_path(b, name));
           return one && other && *one == *other;
         });
}

// Of a directory that has no effect beside the one that has.
Fix remove_or_merge(const View& view, const std::string& unused, const std::string& used) {
  if (same_content(view.tree(), unused, used)) return live_fix({RemovePath{unused}});
  return fix_by_hand(ByHand::choice, fmt::format("keep one of the two: move what is still needed from {} to {}, and "
                                                 "remove {} (no restart is needed)",
                                                 unused, used, unused));
}

Fix move_or_merge(const View& view, const std::string& from, const std::string& to) {
  return view.tree().exists(to) ? remove_or_merge(view, from, to) : live_fix({MovePath{from, to}});
}

void look_for_hidden_default(const View& view, Findings& found) {
  each_hidden(view, [&](const Chain& chain, const std::string& first, const std::string& hidden) {
    if (base_name(hidden) != default_directory || base_name(first) == default_directory ||
        parent_path(first) != parent_path(hidden))
      return;
    const auto names = view.tree().list(first);
    found.add(names.empty() ? Severity::error : Severity::warning,
              {.cause = names.empty() ? fmt::format("{} is empty, and hides {} for {}", first, hidden, chain.registry)
                                      : fmt::format("{} has {} but no hosts.toml, and hides {} for {}", first,
                                                    listed(names), hidden, chain.registry),
               .where = Location{first, 0, 0},
               .also = {{hidden, 0, 0}},
               .effect = fmt::format("{} uses the first directory that exists, whatever is in it, and asks {} directly",
                                     view.who(), chain.registry),
               .fix = names.empty() ? live_fix({RemoveDirectory{first}}).or_else("write a hosts.toml into it")
                                    : fix_by_hand(ByHand::content,
                                                  fmt::format("write a hosts.toml into {} that names the endpoints of "
                                                              "{} too, and the certificates as ca",
                                                              first, hidden))});
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
               .fix = remove_or_merge(view, hidden, first)});
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
         .fix = move_or_merge(view, hidden, join_path(parent_path(first), base_name(hidden)))});
  });
}

void look_for_hub_names(const View& view, Findings& found) {
  for (const auto& chain : view.chains())
    for (const auto& ignored : chain.ignored) {
      if (ignored.kind != IgnoredKind::hub_alias || view.is_rendered(ignored.path + "/hosts.toml")) continue;
      const auto right = join_path(parent_path(ignored.path), hub_registry);
      found.add({.cause = fmt::format("{} matches no image: {}", ignored.path, ignored.reason),
                 .where = Location{ignored.path, 0, 0},
                 .effect = fmt::format("{} never looks there; for images of Docker Hub it uses {}", view.who(),
                                       chain.hosts_dir ? *chain.hosts_dir : "nothing configured"),
                 .fix = move_or_merge(view, ignored.path, right)});
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

// A name with a '/' makes a directory in one, which the next start leaves behind.
bool is_generated(const View& view, const std::string& directory) {
  if (view.is_rendered(directory + "/hosts.toml")) return true;
  const auto names = view.tree().list(directory);
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return view.is_rendered(fmt::format("{}/{}/hosts.toml", directory, name));
  });
}

void look_for_no_registry(const View& view, Findings& found) {
  for (const auto& directory : view.directories()) {
    const auto checked = check_registry_name(directory.registry);
    if (checked || is_docker_hub_alias(directory.registry)) continue;  // that one is a rule of its own
    if (is_generated(view, directory.path)) continue;                  // registries.yaml names it: a rule of its own
    const auto right = meant(directory.name);
    found.add({.cause = fmt::format("{} matches no image: {}", directory.path, checked.error().message),
               .where = Location{directory.path, 0, 0},
               .effect = fmt::format("{} never looks there", view.who()),
               .fix = right.empty() ? fix_by_hand(ByHand::choice,
                                                  fmt::format("{}; then rename the directory", checked.error().hint))
                                    : move_or_merge(view, directory.path, join_path(directory.root, right))});
  }
}

// "reg.io:443" is for images that write the port, and for no others.
void look_for_default_ports(const View& view, Findings& found) {
  for (const auto& directory : view.directories()) {
    const auto& name = directory.registry;
    if (!name.ends_with(":443") && !name.ends_with(":80")) continue;
    const auto bare = name.substr(0, name.rfind(':'));
    if (view.tree().exists(join_path(directory.root, bare))) continue;
    const auto file = directory.path + "/hosts.toml";
    const bool rendered = view.is_rendered(file);
    found.add(
        {.cause = fmt::format("{} applies only to images written as {}/NAME",
                              rendered ? fmt::format("{} of {}", name, view.registries_file()) : directory.path, name),
         .where = rendered ? view.place(file, 0) : Location{directory.path, 0, 0},
         .effect = fmt::format("{} compares names letter by letter: it does not apply to {}/NAME", view.who(), bare),
         .fix = rendered
                    ? words_then_restart(view, ByHand::choice,
                                         fmt::format("if images are written without the port, write {} for {} in {}",
                                                     bare, name, view.registries_file()))
                    : conditional("images are written without the port",
                                  live_fix({MovePath{directory.path, join_path(directory.root, bare)}}))});
  }
}

// The registry that a key of `mirrors` was meant for; "" when none comes to mind.
std::string mirror_meant(std::string_view name) {
  if (name == default_directory || name == "default") return "*";
  const auto scheme = name.find("://");
  auto host = lower(scheme == name.npos ? name : name.substr(scheme + 3));
  if (const auto slash = host.find('/'); slash != host.npos && slash + 1 == host.size()) host.pop_back();
  if (is_hub(host)) return std::string(hub_registry);
  return check_registry_name(host) ? host : "";
}

struct NamedMirror {
  std::string name;
  Location where;
};

// The keys of `mirrors`, where they are written.
std::vector<NamedMirror> named_mirrors(const View& view) {
  std::vector<NamedMirror> mirrors;
  if (const auto registries = registries_of(view)) {
    for (const auto& [name, mirror] : registries->mirrors) mirrors.push_back({name, line_of(view, {"mirrors", name})});
  } else if (view.era().style != Style::registries_yaml && view.config_is_known() && !view.config().cri_disabled) {
    for (const auto& [name, mirror] : view.config().mirrors)
      mirrors.push_back({name, {mirror.where.file, mirror.where.line, 0}});
  }
  return mirrors;
}

// The list of endpoints is below the header that names the registry.
Fix rename_mirror(const View& view, const NamedMirror& mirror, const std::string& right) {
  const auto text = view.facts().tree.read(mirror.where.file).value_or("");
  for (int line = mirror.where.line; line > 0; --line) {
    const auto written = quoted_on(line_of_text(text, line), mirror.name);
    if (written.empty()) continue;
    std::vector<LineEdit> edits{substitute(line, written, toml_quote(right))};
    return mirror.where.file == view.registries_file() ? registries_fix(view, std::move(edits))
                                                       : config_fix(view, mirror.where.file, std::move(edits));
  }
  return words_then_restart(view, ByHand::content, fmt::format("write {} for {}", right, mirror.name));
}

void look_at_mirror_names(const View& view, Findings& found) {
  const auto mirrors = named_mirrors(view);
  for (const auto& mirror : mirrors) {
    const auto checked = check_registry_name(mirror.name);
    if (checked) continue;
    const auto right = mirror_meant(mirror.name);
    const bool taken =
        std::any_of(mirrors.begin(), mirrors.end(), [&](const NamedMirror& other) { return other.name == right; });
    found.add(
        {.cause = fmt::format("mirrors names \"{}\", which matches no image: {}", mirror.name, checked.error().message),
         .where = mirror.where,
         .effect = fmt::format(
             "{} looks up mirrors by the part before the first / of an image, and never finds this one", view.who()),
         .fix = right.empty() || taken ? words_then_restart(view, ByHand::choice, checked.error().hint)
                                       : rename_mirror(view, mirror, right)});
  }
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
                 .fix = live_fix({MovePath{path, path + ".hosts"}, MakeDirectory{path},
                                  MovePath{path + ".hosts", path + "/hosts.toml"}})});
    }
  for (const auto& directory : view.directories()) {
    const auto path = directory.path + "/hosts.toml";
    const auto* entry = view.tree().stat(path);
    if (entry == nullptr || entry->kind != FileEntry::Kind::directory) continue;
    found.add(
        {.cause = fmt::format("{} is a directory", path),
         .where = Location{path, 0, 0},
         .effect = fmt::format("{} fails every pull of {} with \"is a directory\"", view.who(), directory.registry),
         .fix = fix_by_hand(ByHand::content, "move it away and write the file (no restart is needed)")});
  }
}

bool is_nearly_hosts_toml(std::string_view name) {
  constexpr std::array names{std::string_view("host.toml"),  std::string_view("hosts"),
                             std::string_view("host"),       std::string_view("hosts.tml"),
                             std::string_view("hosts.yaml"), std::string_view("hosts.conf"),
                             std::string_view("config.toml")};
  return std::find(names.begin(), names.end(), name) != names.end() || lower(name) == "hosts.toml";
}

void look_into(const View& view, const RegistryDirectory& directory, Findings& found) {
  const auto file = directory.path + "/hosts.toml";
  const bool has_hosts = view.tree().exists(file);
  for (const auto& name : view.tree().list(directory.path)) {
    const auto path = join_path(directory.path, name);
    const auto* entry = view.tree().stat(path);
    if (entry == nullptr) continue;
    if (entry->kind == FileEntry::Kind::directory && name != "hosts.toml" && !view.is_rendered(path + "/hosts.toml"))
      found.add(has_hosts ? Severity::warning : Severity::error,
                {.cause = fmt::format("{} is a directory inside the directory of a registry", path),
                 .where = Location{path, 0, 0},
                 .effect = fmt::format("{} looks up registries by host, never by repository: its content has no effect",
                                       view.who()),
                 .fix = fix_by_hand(ByHand::choice,
                                    fmt::format("write the endpoints for the whole registry into {}; a prefix of a "
                                                "mirror goes into its URL, as /v2/PREFIX with override_path = true",
                                                file))});
    if (entry->kind == FileEntry::Kind::file && !has_hosts && is_nearly_hosts_toml(name))
      found.add({.cause = fmt::format("{} is not named hosts.toml", path),
                 .where = Location{path, 0, 0},
                 .effect = fmt::format("{} reads only hosts.toml and certificate files in a registry's directory",
                                       view.who()),
                 .fix = live_fix({MovePath{path, file}})});
  }
}

// What containerd reads as its configuration is in its place, wherever that is.
bool is_configuration(const View& view, const std::string& path) {
  const auto& files = view.files().files;
  return path == view.detection().config_file || std::find(files.begin(), files.end(), path) != files.end();
}

Fix place_fix(const View& view, const std::string& root, const std::string& path, const std::string& name) {
  const auto registry = name == "hosts.toml" ? std::string(default_directory) : name.substr(0, name.size() - 5);
  const auto directory = join_path(root, registry);
  if (!check_registry_name(registry_of_directory(registry)) || view.tree().exists(directory + "/hosts.toml"))
    return fix_by_hand(ByHand::choice, fmt::format("move it to {}/REGISTRY/hosts.toml of the registry it is for, or "
                                                   "remove it (no restart is needed)",
                                                   root));
  auto fix = live_fix({MakeDirectory{directory}, MovePath{path, directory + "/hosts.toml"}});
  if (registry == default_directory) fix.text += ", which is for every registry without a directory of its own";
  return fix;
}

void look_for_misplaced(const View& view, Findings& found) {
  for (const auto& root : view.roots())
    for (const auto& name : view.tree().list(root)) {
      const auto path = join_path(root, name);
      if (!name.ends_with(".toml") || !is_file(view.tree(), path) || is_configuration(view, path)) continue;
      found.add({.cause = fmt::format("{} is next to the directories of registries, not in one of them", path),
                 .where = Location{path, 0, 0},
                 .effect = fmt::format("{} reads {}/REGISTRY/hosts.toml and never this file", view.who(), root),
                 .fix = place_fix(view, root, path, name)});
    }
  for (const auto& directory : view.directories()) look_into(view, directory, found);
}

const std::array directories{
    Rule{.id = "empty-directory-hides-default", .severity = Severity::error, .look = look_for_hidden_default},
    Rule{.id = "default-directory-unknown",
         .severity = Severity::error,
         .by_hand = ByHand::choice,
         .look = look_for_unknown_default},
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
