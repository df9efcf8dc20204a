// config.toml files with which containerd does not start, or its CRI plugin does not load.
#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "containerd/config/config_files.h"
#include "containerd/config/load_failure.h"
#include "containerd/toml/toml_statements.h"
#include "diagnose/config_edits.h"
#include "diagnose/mend.h"
#include "diagnose/rule.h"
#include "diagnose/view.h"

namespace rf {
namespace {

std::string_view text_at(const View& view, const Location& where) {
  return view.facts().tree.read(where.file).value_or("");
}

bool is_duplicate(const View& view, const std::optional<Error>& error) {
  return error && error->where &&
         config_repeat(view.containerd(), text_at(view, *error->where), error->where->line).has_value();
}

// A drop-in may not have a higher version than the file that imports it.
bool is_drop_in_version(const View& view, const std::optional<Error>& error) {
  if (!error || !error->where || error->where->file == view.config().config_file) return false;
  const auto root = parse_config(text_at(view, *error->where), error->where->file, view.containerd());
  const auto* version = root ? root->find("version") : nullptr;
  return version != nullptr && version->where.line == error->where->line &&
         version->integer > view.config().config_version;
}

std::string does_not_start(const View& view) {
  const auto refusal =
      fmt::format("{} does not start with this file: {}", view.who(), view.config().load_error->message);
  if (view.is_copy() || view.detection().runtime.pid == 0) return refusal;
  return refusal + "; the running one keeps what it read before, and its next start fails";
}

std::string does_not_load(const View& view, const Error& error) {
  const auto& plugins = view.detection().runtime.plugins;
  const bool runs_well = !plugins.empty() && std::all_of(plugins.begin(), plugins.end(), [](const auto& plugin) {
    return plugin.second == PluginState::ok;
  });
  return fmt::format(
      "{} starts, but its CRI plugin does not load: {}; systemd says active, and every pull fails with \"unknown "
      "service "
      "runtime.v1.ImageService\"{}",
      view.who(), error.message, runs_well ? " after its next start (until then it keeps what it read before)" : "");
}

// A table that is written again says something else than the first one: its keys go there, unless they are there too.
Fix join_tables(const View& view, const std::string& file, std::string_view text, int first, int second) {
  const int last = end_of_table(text, second);
  std::set<std::string> keys;
  for (const auto& statement : toml_statements(text)) {
    const bool in_first = statement.line > first && statement.line <= end_of_table(text, first);
    if (!in_first && (statement.line <= second || statement.line > last)) continue;
    if (!keys.insert(join(statement.key, ".")).second)
      return words_then_restart(view, ByHand::choice,
                                fmt::format("in {} make one table of those on lines {} and {}", file, first, second));
  }
  std::vector<LineEdit> edits{remove_lines(second, second)};
  if (last > second) edits.push_back(move_above(second + 1, last, first + 1));
  return config_fix(view, file, std::move(edits));
}

// A block that is written twice: lines that repeat earlier ones to the end of the block can go.
Fix duplicate_fix(const View& view, const std::string& file, std::string_view text, int first, int second) {
  const auto line = [&](int number) { return trim(line_of_text(text, number)); };
  const int count = static_cast<int>(lines(text).size());
  if (first == 0 || (!line(second).starts_with('[') && line(first) != line(second)))
    return words_then_restart(view, ByHand::choice,
                              first == 0 ? fmt::format("in {} keep one of the two", file)
                                         : fmt::format("in {} keep one of the lines {} and {}", file, first, second));
  int same = 0;
  while (second + same <= count && first + same < second && line(first + same) == line(second + same)) ++same;
  const bool to_the_end = second + same > count || line(second + same).starts_with('[');
  while (same > 1 && line(second + same - 1).empty()) --same;
  if (line(second).starts_with('[') && !to_the_end) return join_tables(view, file, text, first, second);
  return config_fix(view, file, {remove_lines(second, second + (to_the_end ? same : 1) - 1)});
}

void look_for_duplicates(const View& view, Findings& found) {
  const auto& error = view.config().load_error;
  if (!is_duplicate(view, error)) return;
  const auto& where = *error->where;
  const auto text = text_at(view, where);
  const int first = first_line_of(text, where.line);
  Finding finding{.where = where, .effect = does_not_start(view)};
  finding.cause = first == 0 ? fmt::format("a table or key is written twice in {}; the second time on line {}",
                                           where.file, where.line)
                             : fmt::format("the same table or key is written twice in {}, on lines {} and {}",
                                           where.file, first, where.line);
  if (first != 0) finding.also.push_back({where.file, first, 0});
  finding.fix = duplicate_fix(view, where.file, text, first, where.line);
  found.add(std::move(finding));
}

void look_at_drop_in_version(const View& view, Findings& found) {
  const auto& error = view.config().load_error;
  if (!is_drop_in_version(view, error)) return;
  const int version = view.config().config_version;
  auto edits = version_edits(text_at(view, *error->where), error->where->file, version, view.containerd());
  found.add({.cause = fmt::format("{} has a higher version than {}, which has {}", at(*error->where),
                                  view.config().config_file, version),
             .where = error->where,
             .effect = does_not_start(view),
             .fix = edits.empty()
                        ? words_then_restart(view, ByHand::content,
                                             fmt::format("write the drop-in in version {} (its registry settings under "
                                                         "{}), or migrate the root file: containerd config migrate",
                                                         version, view.registry_table(version)))
                        : config_fix(view, error->where->file, std::move(edits))});
}

bool is_cri(std::string_view plugin) {
  return plugin == cri_plugin_v1 || plugin == cri_plugin_v2 || plugin == cri_plugin_v3 || plugin == cri_runtime_plugin;
}

// disabled_plugins without those of the CRI, in the file that lists `listed` there.
Fix enable_cri(const View& view, const Location& listed) {
  const auto source = editable_source(view, listed.file);
  if (!source) return managed_fix(view, listed.file);
  const auto root = parse_config(view.facts().tree.read(*source).value_or(""), *source, view.containerd());
  const auto* list = root ? root->find("disabled_plugins") : nullptr;
  if (list == nullptr)
    return words_then_restart(view, ByHand::content, fmt::format("remove it from disabled_plugins in {}", *source));
  std::vector<std::string> rest;
  for (const auto& item : list->items)
    if (!is_cri(item.text)) rest.push_back(item.text);
  return restart_fix(
      view,
      {SetToml{.file = *source, .path = {"disabled_plugins"}, .values = std::move(rest), .form = SetToml::Form::list}});
}

// Where the line at fault tells what was meant.
Fix loading_fix(const View& view, const Location& where) {
  const auto text = text_at(view, where);
  const auto& files = view.files();
  const auto listed = [&](const std::vector<ListedPlugin>& plugins) {
    return std::any_of(plugins.begin(), plugins.end(),
                       [&](const ListedPlugin& plugin) { return plugin.where == where; });
  };
  if (listed(files.disabled)) return enable_cri(view, where).or_else("write its full name, io.containerd.grpc.v1.cri");
  const auto statements = toml_statements(text);
  const auto at_fault =
      std::find_if(statements.begin(), statements.end(), [&](const auto& s) { return s.line == where.line; });
  std::vector<LineEdit> edits;
  if (at_fault != statements.end() && at_fault->key.size() == 1 && lower(at_fault->key[0]) == "version")
    edits = version_edits(text, where.file, newest_config_version(view.containerd()), view.containerd());
  if (at_fault != statements.end() && at_fault->key.size() >= 2 && at_fault->key[1] == cri_plugin_v1)
    edits = rename_plugin(text, cri_plugin_v1, cri_plugin_v2);
  if (!edits.empty()) return config_fix(view, where.file, std::move(edits));
  return words_then_restart(
      view, ByHand::content,
      fmt::format("{} in {}; `containerd -c {} config dump` must print it without an error",
                  listed(files.required) ? "fix what keeps that plugin from loading" : "repair that line",
                  editable_source(view, where.file).value_or(where.file), view.config().config_file));
}

void look_at_loading(const View& view, Findings& found) {
  const auto& error = view.config().load_error;
  if (!error || is_duplicate(view, error) || is_drop_in_version(view, error)) return;
  const auto where = error->where.value_or(Location{view.config().config_file, 0, 0});
  found.add({.cause = fmt::format("{} is not a configuration that {} accepts", at(where), view.who()),
             .where = where,
             .effect = does_not_start(view),
             .fix = loading_fix(view, where)});
}

void look_at_disabled_cri(const View& view, Findings& found) {
  const auto& config = view.config();
  if (!config.cri_disabled || !config.cri_error) return;
  found.add(
      {.cause = config.cri_error->message,
       .where = config.cri_error->where,
       .effect = fmt::format(
           "{} does not serve Kubernetes: the kubelet and crictl get \"unknown service runtime.v1.RuntimeService\", "
           "and no registry setting of the CRI plugin has an effect",
           view.who()),
       .fix = enable_cri(view, config.cri_error->where.value_or(Location{config.config_file, 0, 0}))});
}

std::string named(const std::map<std::string, LegacyMirror, std::less<>>& mirrors) {
  std::vector<std::string> names;
  for (const auto& [name, mirror] : mirrors)
    names.push_back(fmt::format("registry.mirrors.\"{}\" (line {})", name, mirror.where.line));
  return listed(names);
}

std::string config_path_of(const View& view) {
  const auto& config = view.config();
  if (config.config_path_where)
    return fmt::format("config_path = \"{}\" ({})", config.config_path, at(*config.config_path_where));
  return fmt::format("config_path, which is \"{}\" by default on {}", config.config_path, view.who());
}

void look_for_mirrors(const View& view, Findings& found) {
  const auto& config = view.config();
  if (!config.cri_error || config.cri_disabled || config.config_path.empty() || config.mirrors.empty()) return;
  Finding finding{.cause = fmt::format("{} and {} are both set", named(config.mirrors), config_path_of(view)),
                  .where = config.cri_error->where,
                  .effect = does_not_load(view, *config.cri_error),
                  .fix = migrate_fix(view)};
  if (config.config_path_where) finding.also.push_back(*config.config_path_where);
  found.add(std::move(finding));
}

void look_for_tls(const View& view, Findings& found) {
  const auto& config = view.config();
  if (!config.cri_error || config.cri_disabled || config.config_path.empty() || !config.mirrors.empty() ||
      config.tls.empty())
    return;
  std::vector<std::string> names;
  for (const auto& [host, tls] : config.tls)
    names.push_back(fmt::format("registry.configs.\"{}\".tls (line {})", host, tls.where.line));
  Finding finding{.cause = fmt::format("{} and {} are both set", listed(names), config_path_of(view)),
                  .where = config.cri_error->where,
                  .effect = does_not_load(view, *config.cri_error),
                  .fix = migrate_fix(view)};
  if (config.config_path_where) finding.also.push_back(*config.config_path_where);
  found.add(std::move(finding));
}

void look_at_cri(const View& view, Findings& found) {
  const auto& config = view.config();
  const bool told =
      config.cri_disabled || (!config.config_path.empty() && (!config.mirrors.empty() || !config.tls.empty()));
  if (config.cri_error && !told) {
    found.add({.cause = config.cri_error->message,
               .where = config.cri_error->where,
               .effect = does_not_load(view, *config.cri_error),
               .fix = words_then_restart(view, ByHand::content, config.cri_error->hint)});
    return;
  }
  if (config.cri_error || config.load_error || view.is_copy()) return;
  for (const auto& [name, state] : view.detection().runtime.plugins)
    if (state == PluginState::error)
      found.add(
          {.cause = fmt::format(
               "the plugin {} of the running containerd is in the state \"error\", which its files do not explain",
               name),
           .where = Location{config.config_file, 0, 0},
           .effect = fmt::format("{} runs, but pulls and pods fail until the plugin loads", view.who()),
           .fix = fmt::format("`ctr -a {} plugins ls -d id=={}` shows why; after the repair {}",
                              view.detection().runtime.address, name.substr(name.rfind('.') + 1), view.restart())});
}

const std::array config_load{
    Rule{.id = "duplicate-tables", .severity = Severity::error, .look = look_for_duplicates},
    Rule{.id = "drop-in-version", .severity = Severity::error, .look = look_at_drop_in_version},
    Rule{.id = "config-does-not-load", .severity = Severity::error, .look = look_at_loading},
    Rule{.id = "cri-disabled", .severity = Severity::error, .look = look_at_disabled_cri},
    Rule{.id = "mirrors-beside-config-path", .severity = Severity::error, .look = look_for_mirrors},
    Rule{.id = "tls-beside-config-path", .severity = Severity::error, .look = look_for_tls},
    Rule{.id = "cri-plugin-failed", .severity = Severity::error, .by_hand = ByHand::content, .look = look_at_cri},
};

}  // namespace

std::span<const Rule> config_load_rules() { return config_load; }

}  // namespace rf
