#include "diagnose/config_edits.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>

#include <fmt/format.h>

#include "base/text.h"
#include "containerd/config/config_files.h"
#include "containerd/toml/toml_statements.h"
#include "diagnose/mend.h"

namespace rf {
namespace {

// Whether the plugin has registry settings and nothing else: only these have the same form under the other name.
bool has_registry_only(const TomlNode& root, std::string_view plugin) {
  const auto* plugins = root.find("plugins");
  const auto* table = plugins != nullptr ? plugins->find(plugin) : nullptr;
  return table == nullptr || (table->is_table() && std::all_of(table->entries.begin(), table->entries.end(),
                                                               [](const auto& e) { return e.first == "registry"; }));
}

// A name that is written without quotes is told from the end of another one by the dot before it.
LineEdit rename_in_header(std::string_view text, const TomlStatement& statement, std::string_view from,
                          const std::string& to) {
  const auto written = quoted_on(text.substr(statement.begin, statement.key_end - statement.begin), from);
  const std::string_view dot = written.size() == from.size() ? "." : "";
  return substitute(statement.line, fmt::format("{}{}", dot, written), fmt::format("{}{}", dot, to));
}

}  // namespace

std::vector<LineEdit> rename_plugin(std::string_view text, std::string_view from, std::string_view to) {
  std::vector<LineEdit> edits;
  for (const auto& statement : toml_statements(text)) {
    if (statement.kind == TomlStatement::Kind::key_value || statement.key.size() < 2 || statement.key[0] != "plugins" ||
        statement.key[1] != from)
      continue;
    edits.push_back(rename_in_header(text, statement, from, toml_quote(to)));
  }
  return edits;
}

std::vector<LineEdit> rename_registry(std::string_view text, std::string_view from, std::string_view to) {
  constexpr std::string_view inside = ".registry";  // [plugins."NAME.registry"]
  std::vector<LineEdit> edits;
  for (const auto& statement : toml_statements(text)) {
    if (statement.kind == TomlStatement::Kind::key_value || statement.key.size() < 2 || statement.key[0] != "plugins")
      continue;
    const bool registry = statement.key.size() > 2 && statement.key[2] == "registry";
    if (registry && statement.key[1] == to) return {};
    if (statement.key[1] != from || !(registry || from.ends_with(inside))) continue;
    edits.push_back(
        rename_in_header(text, statement, from,
                         fmt::format("{}{}", toml_quote(to), from.ends_with(inside) ? inside : std::string_view())));
  }
  return edits;
}

LineEdit version_line(std::string_view text, int version) {
  const auto line = fmt::format("version = {}", version);
  for (const auto& statement : toml_statements(text)) {
    if (statement.kind != TomlStatement::Kind::key_value) break;
    if (statement.key.size() == 1 && lower(statement.key[0]) == "version")
      return substitute(statement.line, std::string(trim(line_of_text(text, statement.line))), line);
  }
  return insert_above(1, line);
}

std::vector<LineEdit> lower_root_key(std::string_view text, std::string_view written) {
  std::vector<LineEdit> edits;
  bool in_table = false;
  for (const auto& statement : toml_statements(text)) {
    const bool is_key = statement.kind == TomlStatement::Kind::key_value;
    in_table = in_table || !is_key;
    if (statement.key.empty() || (is_key && in_table)) continue;
    if (statement.key[0] == lower(written)) return {};  // which of the two is meant
    if (statement.key[0] == written) edits.push_back(substitute(statement.line, std::string(written), lower(written)));
  }
  return edits;
}

std::vector<LineEdit> setting_edits(std::string_view text, int line, std::string_view key) {
  constexpr std::array known{std::string_view("config_path"), std::string_view("mirrors"),
                             std::string_view("configs"),     std::string_view("auths"),
                             std::string_view("headers"),     std::string_view("endpoint")};
  const auto statements = toml_statements(text);
  const TomlStatement* table = nullptr;
  for (const auto& statement : statements) {
    const bool is_key = statement.kind == TomlStatement::Kind::key_value;
    if (statement.line < line) {
      if (!is_key) table = &statement;
      continue;
    }
    // In the plugin's own table, or below it: [plugins.NAME] or [plugins.NAME.mirrors...].
    const bool misplaced =
        is_key ? table != nullptr && table->key.size() == 2 : statement.key.size() > 2 && statement.key[2] == key;
    const bool exact = std::find(known.begin(), known.end(), key) != known.end();
    const auto right = !exact      ? std::string(nearest(key, {known.begin(), known.end()}))
                       : misplaced ? fmt::format("registry.{}", key)
                                   : "";
    if (right.empty()) return {};
    if (is_key) return {substitute(line, quoted_on(line_of_text(text, line), key), right)};
    std::vector<LineEdit> edits;
    for (const auto& header : statements)
      if (header.kind != TomlStatement::Kind::key_value &&
          std::find(header.key.begin(), header.key.end(), key) != header.key.end())
        edits.push_back(substitute(header.line, fmt::format(".{}", key), fmt::format(".{}", right)));
    return edits;
  }
  return {};
}

std::vector<QuotedHeader> quoted_header_lines(std::string_view text, std::string_view table, std::string_view name) {
  std::vector<QuotedHeader> headers;
  for (const auto& statement : toml_statements(text)) {
    if (statement.kind == TomlStatement::Kind::key_value) continue;
    const auto at = std::find(statement.key.begin(), statement.key.end(), table);
    if (at == statement.key.end() || at + 1 == statement.key.end() || *(at + 1) != name) continue;
    headers.push_back(
        {statement.line, quoted_on(text.substr(statement.begin, statement.key_end - statement.begin), name)});
  }
  return headers;
}

std::vector<LineEdit> version_edits(std::string_view text, std::string_view file, int version,
                                    const Version& containerd) {
  const auto root = parse_config(text, file, containerd);
  const auto* line = root ? root->find("version") : nullptr;
  if (line == nullptr || line->where.line == 0) return {};
  const auto from = version == 2 ? cri_plugin_v3 : cri_plugin_v2;
  const auto to = version == 2 ? cri_plugin_v2 : cri_plugin_v3;
  if (!has_registry_only(*root, from)) return {};
  auto edits = rename_plugin(text, from, to);
  edits.insert(edits.begin(), substitute(line->where.line, std::string(trim(line_of_text(text, line->where.line))),
                                         fmt::format("version = {}", version)));
  return edits;
}

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

int end_of_table(std::string_view text, int header) {
  for (const auto& statement : toml_statements(text))
    if (statement.line > header && statement.kind != TomlStatement::Kind::key_value) return statement.line - 1;
  return static_cast<int>(lines(text).size());
}

}  // namespace rf
