// Registry settings under names and in files that do not count: plugin names, versions, drop-ins.
#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "containerd/toml/toml_statements.h"
#include "containerd/toml/toml_write.h"
#include "diagnose/config_edits.h"
#include "diagnose/hosts_edits.h"
#include "diagnose/mend.h"
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

bool has_table(std::string_view text, std::string_view plugin) {
  const auto statements = toml_statements(text);
  return std::any_of(statements.begin(), statements.end(), [&](const TomlStatement& statement) {
    return statement.kind != TomlStatement::Kind::key_value && statement.key.size() >= 2 &&
           statement.key[0] == "plugins" && statement.key[1] == plugin;
  });
}

// Settings under another name than the one that counts: under that name; in a root file without the version they were
// written for, that version too.
std::vector<LineEdit> name_edits(const View& view, const IgnoredSetting& ignored, std::string_view text) {
  const auto& plugin = ignored.subject.plugin;
  const int version = view.version_of(ignored.path);
  const bool one = view.containerd().major < 2;
  if (ignored.kind == IgnoredKind::overwritten_plugin_name) return rename_registry(text, plugin, cri_plugin_v2);
  if (version >= 2 || (one && ignored.path != view.config().config_file))
    return rename_registry(text, plugin, one ? view.files().cri_plugin : cri_plugin_name(version, view.containerd()));
  if (ignored.path != view.config().config_file || (!one && has_table(text, cri_plugin_v3)))
    return rename_registry(text, plugin, cri_plugin_v3);
  std::vector<LineEdit> edits{version_line(text, 2)};
  const auto names = rename_plugin(text, cri_plugin_v1, cri_plugin_v2);
  if (!names.empty() && has_table(text, cri_plugin_v2)) return {};  // which of the two is meant
  edits.insert(edits.end(), names.begin(), names.end());
  if (plugin == cri_plugin_v1 || plugin == cri_plugin_v2) return edits;
  const auto others = rename_registry(text, plugin, cri_plugin_v2);
  edits.insert(edits.end(), others.begin(), others.end());
  return others.empty() ? std::vector<LineEdit>{} : edits;
}

Fix plugin_name_fix(const View& view, const IgnoredSetting& ignored) {
  auto edits = name_edits(view, ignored, view.facts().tree.read(ignored.path).value_or(""));
  if (edits.empty())
    return words_then_restart(view, ByHand::choice,
                              fmt::format("in {} keep the settings under {} alone", ignored.path,
                                          view.registry_table(view.version_of(ignored.path))));
  return config_fix(view, ignored.path, std::move(edits));
}

// The file has a version line in letters that containerd does not take, of the version in which this name counts:
// root-key-case names it.
bool counts_with_its_version(const View& view, const IgnoredSetting& ignored) {
  const auto* root = view.root_of(ignored.path);
  if (root == nullptr || root->find("version") != nullptr) return false;
  return std::any_of(root->entries.begin(), root->entries.end(), [&](const auto& entry) {
    return lower(entry.first) == "version" &&
           cri_plugin_name(static_cast<int>(entry.second.integer), view.containerd()) == ignored.subject.plugin;
  });
}

void look_at_names(const View& view, Findings& found) {
  if (!knows(view)) return;
  std::map<std::pair<std::string, std::string>, Finding> findings;  // by file and plugin
  for (const auto& ignored : view.config().ignored) {
    if (ignored.kind != IgnoredKind::wrong_plugin_name && ignored.kind != IgnoredKind::overwritten_plugin_name)
      continue;
    if (counts_with_its_version(view, ignored)) continue;
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
    finding.fix = plugin_name_fix(view, ignored);
  }
  for (auto& [key, finding] : findings) found.add(std::move(finding));
}

Fix version_2_fix(const View& view, const std::string& file) {
  auto edits = version_edits(view.facts().tree.read(file).value_or(""), file, 2, view.containerd());
  if (!edits.empty()) return config_fix(view, file, std::move(edits));
  return words_then_restart(
      view, ByHand::content,
      fmt::format("write {} in version 2 too: version = 2, and {}", file, view.registry_table(2)));
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
         .fix = version_2_fix(view, drop_in.file)});
  }
}

// --- drop-ins ---

// A table with config_path alone: what drop-ins of guides hold.
const TomlNode* only_config_path(const TomlNode& table) {
  const auto* registry = table.entries.size() == 1 ? table.find("registry") : nullptr;
  const auto* path = registry != nullptr && registry->entries.size() == 1 ? registry->find("config_path") : nullptr;
  return path != nullptr && path->is_string() && registry->form == TomlNode::Form::header ? path : nullptr;
}

Fix move_settings(const View& view, const TomlNode& table, const std::string& from, const std::string& to) {
  const auto* path = only_config_path(table);
  const auto target = editable_source(view, to);
  if (path == nullptr || !target)
    return words_then_restart(
        view, ByHand::content,
        fmt::format("move the settings of {} into {}, and remove them from the drop-in", from, target.value_or(to)));
  const int header = table.find("registry")->where.line;
  return restart_fix(
      view, {SetToml{.file = *target,
                     .path = {"plugins", view.files().cri_plugin, "registry", "config_path"},
                     .values = {path->text}},
             EditLines{from, {remove_lines(header, header), remove_lines(path->where.line, path->where.line)}}});
}

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
             .fix = move_settings(view, *table, file, earlier_file)});
    }
    earlier = table;
    earlier_file = file;
  }
}

Fix import_fix(const View& view, const std::string& drop_in) {
  const auto& config = view.config().config_file;
  const auto pattern = parent_path(drop_in) + "/*.toml";
  const auto root = parse_config(view.facts().tree.read(drop_in).value_or(""), drop_in, view.containerd());
  const auto* line = root ? root->find("version") : nullptr;
  const int version = line != nullptr ? static_cast<int>(line->integer) : 0;
  const bool exists = view.facts().tree.exists(config);
  if (view.containerd().major < 2)
    return words_then_restart(view, ByHand::content,
                              fmt::format("move its settings into {} (on 1.x a drop-in would replace the CRI plugin's "
                                          "whole table)",
                                          config));
  if (!exists)
    return restart_fix(view, {WriteFile{config,
                                        {fmt::format("version = {}", version < 2 ? 3 : version),
                                         fmt::format("imports = {}", toml_list({pattern}))}}});
  const auto source = editable_source(view, config);
  if (!source) return managed_fix(view, config);
  if (version != 0 && version != view.version_of(config))
    return words_then_restart(
        view, ByHand::content,
        fmt::format("write {} in the version of {}, and in that imports = {}", drop_in, *source, toml_list({pattern})));
  std::vector<std::string> imports;
  if (const auto* list = view.root_of(config) != nullptr ? view.root_of(config)->find("imports") : nullptr)
    for (const auto& item : list->items) imports.push_back(item.text);
  if (imports.empty()) return config_fix(view, config, {insert_above(1, "imports = " + toml_list({pattern}))});
  imports.push_back(pattern);
  return restart_fix(
      view, {SetToml{.file = *source, .path = {"imports"}, .values = std::move(imports), .form = SetToml::Form::list}});
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
         .fix = import_fix(view, ignored.path)});
  }
}

// At the top it counts, and with it the names of its version.
Fix version_place_fix(const View& view, const IgnoredSetting& ignored, std::string_view text) {
  if (view.version_of(ignored.path) != 0)
    return config_fix(view, ignored.path, {remove_lines(ignored.line, ignored.line)});
  std::vector<LineEdit> edits{move_above(ignored.line, ignored.line, first_header_line(text))};
  const auto names = rename_plugin(text, cri_plugin_v1, cri_plugin_v2);
  if (!names.empty() && has_table(text, cri_plugin_v2))
    return words_then_restart(
        view, ByHand::choice,
        fmt::format("move it to the top of {}, and keep one table of the CRI plugin", ignored.path));
  edits.insert(edits.end(), names.begin(), names.end());
  return config_fix(view, ignored.path, std::move(edits));
}

void look_at_version_lines(const View& view, Findings& found) {
  if (!knows(view)) return;
  for (const auto& ignored : view.config().ignored) {
    if (ignored.kind != IgnoredKind::version_in_table) continue;
    const int version = view.version_of(ignored.path);
    const auto text = view.facts().tree.read(ignored.path).value_or("");
    found.add(version == 0 ? Severity::warning : Severity::note,
              {.cause = ignored.reason,
               .where = Location{ignored.path, ignored.line, 0},
               .effect = version == 0 ? fmt::format("{} treats the file as one without a version", view.who())
                                      : fmt::format("none is needed; the file's own line says version {}", version),
               .fix = version_place_fix(view, ignored, text)});
  }
}

void look_at_root_keys(const View& view, Findings& found) {
  if (!knows(view)) return;
  for (const auto& ignored : view.config().ignored) {
    if (ignored.kind != IgnoredKind::unknown_root_key) continue;
    auto edits = lower_root_key(view.facts().tree.read(ignored.path).value_or(""), ignored.subject.key);
    found.add({.cause = ignored.reason,
               .where = Location{ignored.path, ignored.line, 0},
               .effect = lower(ignored.subject.key) == "version"
                             ? fmt::format("the line has no effect: {} treats the file as one without a version, in "
                                           "which the registry settings of other versions do not count",
                                           view.who())
                             : "the line has no effect",
               .fix = edits.empty() ? words_then_restart(view, ByHand::choice,
                                                         fmt::format("write the key in lower case in {}", ignored.path))
                                    : config_fix(view, ignored.path, std::move(edits))});
  }
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
