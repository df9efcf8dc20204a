// Registry settings under names and in files that do not count: plugin names, versions, drop-ins.
#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/rule.h"
#include "diagnose/view.h"

namespace rf {
namespace {

constexpr std::string_view which_name =
    "registry settings belong under plugins.\"io.containerd.grpc.v1.cri\" in a file with version = 2, for 1.x and 2.x "
    "alike, and under plugins.'io.containerd.cri.v1.images' in a file with version = 3, for 2.x only";

bool knows(const View& view) { return view.config_is_known() && !view.config().cri_disabled; }

std::vector<std::string> keys_of(const TomlNode& table) {
  std::vector<std::string> keys;
  for (const auto& [key, node] : table.entries) keys.push_back(key);
  return keys;
}

const TomlNode* plugin_table(const TomlNode& root, std::string_view plugin) {
  const auto* plugins = root.find("plugins");
  const auto* table = plugins != nullptr ? plugins->find(plugin) : nullptr;
  return table != nullptr && table->is_table() ? table : nullptr;
}

// --- settings under a name that does not count ---

// "config_path", "mirrors.\"docker.io\"", "configs.\"harbor.corp\".auth".
std::vector<std::string> settings_in(const TomlNode& registry) {
  std::vector<std::string> names;
  for (const auto& [key, node] : registry.entries) {
    if (!node.is_table()) names.push_back(key);
    for (const auto& [host, table] : node.entries) {
      const auto inner = keys_of(table);
      names.push_back(
          fmt::format("{}.\"{}\"{}", key, host, key == "configs" && inner.size() == 1 ? "." + inner.front() : ""));
    }
  }
  return names;
}

// The header of the settings on `where` with another plugin name, and its line.
std::string header_of(const View& view, const Location& where, std::string_view plugin, std::string_view wanted) {
  const auto all = lines(view.facts().tree.read(where.file).value_or(""));
  auto number = std::min(static_cast<std::size_t>(std::max(where.line, 0)), all.size());
  while (number > 0 && all[number - 1].find(plugin) == std::string_view::npos) --number;
  if (number == 0 || plugin == cri_plugin_v1)
    return fmt::format("[plugins.{}.registry] for [plugins.{}.registry]", toml_key(wanted), toml_key(plugin));
  return fmt::format("{} on line {}", replace_all(trim(all[number - 1]), plugin, wanted), number);
}

std::string rename_fix(const View& view, std::string_view plugin, int version, const Location& where) {
  const auto target = view.source_of(where.file);
  if (version == 0 && plugin == cri_plugin_v2)
    return fmt::format("write version = 2 as the first line of {}; then {}", target, view.restart());
  if (version == 0 && plugin == cri_plugin_v1 && view.containerd().major >= 2)
    return fmt::format("write version = 2 as the first line of {}, and {} there; then {}", target,
                       view.registry_table(2), view.restart());
  if (view.containerd().major < 2 && plugin == cri_plugin_v3)
    return fmt::format("write version = 2 as the first line of {}, and {}; then {}", target,
                       header_of(view, where, plugin, cri_plugin_v2), view.restart());
  return fmt::format("in {} write {}; then {}", target,
                     header_of(view, where, plugin, cri_plugin_name(version, view.containerd())), view.restart());
}

void look_at_names(const View& view, Findings& found) {
  if (!knows(view)) return;
  std::map<std::pair<std::string, std::string>, Finding> findings;  // by file and plugin
  for (const auto& ignored : view.config().ignored) {
    if (ignored.kind != IgnoredKind::wrong_plugin_name) continue;
    const auto& plugin = ignored.subject.plugin;
    const Location where{ignored.path, ignored.line, 0};
    auto& finding = findings[{ignored.path, plugin}];
    if (finding.where) {
      finding.also.push_back(where);
      continue;
    }
    const auto* root = view.root_of(ignored.path);
    const auto* table = root != nullptr ? plugin_table(*root, plugin) : nullptr;
    const auto* registry = table != nullptr ? table->find("registry") : nullptr;
    finding.where = where;
    finding.cause =
        fmt::format("{} ({})", ignored.reason,
                    listed(registry != nullptr ? settings_in(*registry) : std::vector<std::string>{"config_path"}));
    finding.effect =
        fmt::format("{} reads the file and ignores these settings{}: {}", view.who(),
                    view.containerd().major < 2 ? " silently" : ", with a warning in its log at most", which_name);
    finding.fix = rename_fix(view, plugin, view.version_of(ignored.path), where);
  }
  for (auto& [key, finding] : findings) found.add(std::move(finding));
}

void look_for_newer_drop_in(const View& view, Findings& found) {
  const auto& version = view.containerd();
  if (!knows(view) || version.major != 2 || version.minor >= 3) return;
  const TomlNode* deciding = nullptr;
  for (const auto& root : view.files().roots)
    if (const auto* line = root.find("version"); line != nullptr && line->integer >= 2) deciding = line;
  if (deciding == nullptr || deciding->integer < 3) return;
  for (const auto& file : view.files().files) {
    const auto* root = view.root_of(file);
    const auto* table = root != nullptr && view.version_of(file) == 2 ? plugin_table(*root, cri_plugin_v2) : nullptr;
    if (table == nullptr || table->entries.empty()) continue;
    const Location drop_in{deciding->where.file, deciding->where.line, 0};
    found.add(
        {.cause = fmt::format(
             "version = {} in {} is combined with version = 2 in {}, whose settings under \"{}\" ({}) are lost",
             deciding->integer, at(drop_in), file, cri_plugin_v2, listed(keys_of(*table))),
         .where = drop_in,
         .also = {{file, table->where.line, 0}},
         .effect = fmt::format(
             "{} treats all files as version {} and no longer translates the old names to the new ones: every setting "
             "of the CRI plugin in {} is back at its default",
             view.who(), deciding->integer, file),
         .fix = fmt::format("write {} in version 2 too: version = 2, and {}; then {}", drop_in.file,
                            view.registry_table(2), view.restart())});
  }
}

// --- drop-ins ---

void look_for_replaced(const View& view, Findings& found) {
  if (!knows(view) || view.containerd().major >= 2) return;
  const auto& name = view.files().cri_plugin;
  const TomlNode* earlier = nullptr;
  std::string earlier_file;
  for (const auto& file : view.files().files) {
    const auto* root = view.root_of(file);
    const auto* table = root != nullptr ? plugin_table(*root, name) : nullptr;
    if (table == nullptr) continue;
    if (earlier != nullptr) {
      std::vector<std::string> lost;
      for (const auto& key : keys_of(*earlier))
        if (table->find(key) == nullptr) lost.push_back(key);
      if (!lost.empty())
        found.add(
            {.cause = fmt::format("{} has a table of the CRI plugin, which replaces the whole table in {}: {} {} lost",
                                  file, earlier_file, listed(lost), lost.size() == 1 ? "is" : "are"),
             .where = Location{file, table->where.line, 0},
             .also = {{earlier_file, earlier->where.line, 0}},
             .effect = fmt::format(
                 "{} does not merge plugin tables of several files as 2.x does: it uses only the table of the last "
                 "file that has one, and everything else is at its default (no SystemdCgroup, no sandbox_image)",
                 view.who()),
             .fix = fmt::format("move the settings of {} into {}, and remove them from the drop-in; then {}", file,
                                earlier_file, view.restart())});
    }
    earlier = table;
    earlier_file = file;
  }
}

void look_for_not_imported(const View& view, Findings& found) {
  if (!knows(view) || !view.config().config_file.starts_with("/etc/containerd/")) return;
  for (const auto& ignored : view.config().ignored) {
    if (ignored.kind != IgnoredKind::not_imported) continue;
    const auto text = view.facts().tree.read(ignored.path);
    const auto root = parse_toml(text.value_or(""), ignored.path);
    bool registry = false;
    for (const auto name : {cri_plugin_v1, cri_plugin_v2, cri_plugin_v3})
      if (const auto* table = root ? plugin_table(*root, name) : nullptr)
        registry = registry || table->find("registry") != nullptr;
    const auto& config = view.config().config_file;
    const auto import = fmt::format("imports = [{}]", toml_quote(parent_path(ignored.path) + "/*.toml"));
    const bool replaces = view.containerd().major < 2;
    found.add(
        registry ? Severity::error : Severity::warning,
        {.cause =
             fmt::format("nothing reads {}: {}", ignored.path,
                         view.files().files.empty() ? config + " does not exist, and without it nothing is imported"
                                                    : "no file that containerd reads imports it"),
         .where = Location{ignored.path, 0, 0},
         .effect = fmt::format(
             "{} reads only {} and the files it imports; `config dump` of 2.2 and later shows an imports line anyway",
             view.who(), config),
         .fix = replaces
                    ? fmt::format("move its settings into {} (on 1.x a drop-in would replace the CRI "
                                  "plugin's whole table); then {}",
                                  config, view.restart())
                    : fmt::format("write {} before the first table of {}; then {}", import, config, view.restart())});
  }
}

void look_at_version_lines(const View& view, Findings& found) {
  if (!knows(view)) return;
  for (const auto& ignored : view.config().ignored) {
    if (ignored.kind != IgnoredKind::version_in_table) continue;
    const int version = view.version_of(ignored.path);
    found.add(version == 0 ? Severity::warning : Severity::note,
              {.cause = ignored.reason,
               .where = Location{ignored.path, ignored.line, 0},
               .effect = version == 0 ? fmt::format("{} treats the file as one without a version", view.who())
                                      : fmt::format("none is needed; the file's own line says version {}", version),
               .fix = version == 0 ? fmt::format("move it to the top of {}, before the first [table]; then {}",
                                                 view.source_of(ignored.path), view.restart())
                                   : "remove the line"});
  }
}

void look_at_root_keys(const View& view, Findings& found) {
  if (!knows(view)) return;
  for (const auto& ignored : view.config().ignored)
    if (ignored.kind == IgnoredKind::unknown_root_key)
      found.add({.cause = ignored.reason,
                 .where = Location{ignored.path, ignored.line, 0},
                 .effect = "the line has no effect",
                 .fix = fmt::format("write the key in lower case in {}; then {}", view.source_of(ignored.path),
                                    view.restart())});
}

const std::array config_names{
    Rule{.id = "wrong-plugin-name", .severity = Severity::error, .look = look_at_names},
    Rule{.id = "v3-drop-in-beside-v2", .severity = Severity::error, .look = look_for_newer_drop_in},
    Rule{.id = "drop-in-replaces-cri", .severity = Severity::error, .look = look_for_replaced},
    Rule{.id = "drop-in-not-imported", .severity = Severity::error, .look = look_for_not_imported},
    Rule{.id = "version-line-in-table", .severity = Severity::warning, .look = look_at_version_lines},
    Rule{.id = "root-key-case", .severity = Severity::error, .look = look_at_root_keys},
};

}  // namespace

std::span<const Rule> config_name_rules() { return config_names; }

}  // namespace rf
