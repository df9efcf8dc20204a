// config.toml files with which containerd does not start, or its CRI plugin does not load.
#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "containerd/toml/toml_statements.h"
#include "diagnose/rule.h"
#include "diagnose/view.h"

namespace rf {
namespace {

bool says(const std::optional<Error>& error, std::string_view part) {
  return error && error->message.find(part) != std::string::npos;
}

bool is_duplicate(const std::optional<Error>& error) {
  constexpr std::array marks{std::string_view("duplicated tables"), std::string_view("defined twice"),
                             std::string_view("already exists"), std::string_view("is already defined")};
  return std::any_of(marks.begin(), marks.end(), [&](auto mark) { return says(error, mark); });
}
bool is_drop_in_version(const std::optional<Error>& error) { return says(error, "higher than root config version"); }

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

// The line of the first statement about the same key as the one on `second`; 0 when it is not found.
int first_line_of(std::string_view text, int second) {
  std::map<std::vector<std::string>, int> first;
  std::vector<std::string> table;
  for (const auto& statement : toml_statements(text)) {
    const bool is_key = statement.kind == TomlStatement::Kind::key_value;
    auto key = is_key ? table : std::vector<std::string>{};
    key.insert(key.end(), statement.key.begin(), statement.key.end());
    if (!is_key) table = statement.key;
    const auto known = first.emplace(std::move(key), statement.line).first;
    if (statement.line == second) return known->second == second ? 0 : known->second;
  }
  return 0;
}

// What to do about a block that stands twice: lines that repeat earlier ones to the end of the block can go.
std::string way_out(std::string_view text, int first, int second) {
  const auto all = lines(text);
  const auto line = [&](int number) { return trim(all[static_cast<std::size_t>(number - 1)]); };
  const int count = static_cast<int>(all.size());
  if (!line(second).starts_with('[') && line(first) != line(second))
    return fmt::format("keep one of the lines {} and {}", first, second);
  int same = 0;
  while (second + same <= count && first + same < second && line(first + same) == line(second + same)) ++same;
  const bool to_the_end = second + same > count || line(second + same).starts_with('[');
  while (same > 1 && line(second + same - 1).empty()) --same;
  if (!to_the_end)
    return fmt::format("move the keys below line {} to the table on line {}, and remove line {}", second, first,
                       second);
  return same == 1 ? fmt::format("remove line {}, which repeats line {}", second, first)
                   : fmt::format("remove lines {} to {}, which repeat lines {} to {}", second, second + same - 1, first,
                                 first + same - 1);
}

void look_for_duplicates(const View& view, Findings& found) {
  const auto& error = view.config().load_error;
  if (!is_duplicate(error) || !error->where) return;
  const auto& where = *error->where;
  const auto text = view.facts().tree.read(where.file).value_or("");
  const int first = first_line_of(text, where.line);
  Finding finding{.where = where, .effect = does_not_start(view)};
  finding.cause = first == 0 ? fmt::format("a table or key is written twice in {}; the second time on line {}",
                                           where.file, where.line)
                             : fmt::format("the same table or key is written twice in {}, on lines {} and {}",
                                           where.file, first, where.line);
  if (first != 0) finding.also.push_back({where.file, first, 0});
  finding.fix = fmt::format("in {} {}; then {}", view.source_of(where.file),
                            first == 0 ? "keep one of the two" : way_out(text, first, where.line), view.restart());
  found.add(std::move(finding));
}

void look_at_drop_in_version(const View& view, Findings& found) {
  const auto& error = view.config().load_error;
  if (!is_drop_in_version(error) || !error->where) return;
  const int version = view.config().config_version;
  found.add({.cause = fmt::format("{} has a higher version than {}, which has {}", at(*error->where),
                                  view.config().config_file, version),
             .where = error->where,
             .effect = does_not_start(view),
             .fix = fmt::format("write the drop-in in version {} (its registry settings under {}), or migrate the root "
                                "file: containerd config migrate; then {}",
                                version, view.registry_table(version), view.restart())});
}

void look_at_loading(const View& view, Findings& found) {
  const auto& error = view.config().load_error;
  if (!error || is_duplicate(error) || is_drop_in_version(error)) return;
  auto fix = error->message.find("plugin URI \"cri\"") != std::string::npos
                 ? "write \"io.containerd.grpc.v1.cri\" for \"cri\": a file with version = 2 needs full names"
             : error->message.find("required plugin") != std::string::npos ? "fix what keeps that plugin from loading"
             : error->message.find("config version") != std::string::npos
                 ? fmt::format("write version = {}, and the settings under the plugin names of that version",
                               newest_config_version(view.containerd()))
                 : "repair that line";
  const auto where = error->where.value_or(Location{view.config().config_file, 0, 0});
  found.add({.cause = fmt::format("{} is not a configuration that {} accepts", at(where), view.who()),
             .where = where,
             .effect = does_not_start(view),
             .fix = fmt::format("{} in {}; `containerd -c {} config dump` must print it without an error; then {}", fix,
                                view.source_of(where.file), view.config().config_file, view.restart())});
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
       .fix =
           fmt::format("remove it from disabled_plugins in {} (disabled_plugins = [] if it is the only one); then {}",
                       view.source_of(config.cri_error->where ? config.cri_error->where->file : config.config_file),
                       view.restart())});
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
                  .fix = view.migrate()};
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
                  .fix = view.migrate()};
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
               .fix = fmt::format("{}; then {}", config.cri_error->hint, view.restart())});
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
    Rule{.id = "cri-plugin-failed", .severity = Severity::error, .look = look_at_cri},
};

}  // namespace

std::span<const Rule> config_load_rules() { return config_load; }

}  // namespace rf
