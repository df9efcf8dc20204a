#include "diagnose/mend.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "containerd/k3s/registries_yaml.h"
#include "containerd/toml/toml_document.h"
#include "containerd/toml/toml_statements.h"

namespace rf {
namespace {

// The line of `source` that is the line of `file` which was made from it; 0 where it is not there, or more than once.
int source_line(const View& view, const std::string& source, const std::string& file, int line) {
  const auto text = view.facts().tree.read(file).value_or("");
  const auto from = view.facts().tree.read(source).value_or("");
  const auto wanted = line_of_text(text, line);
  if (line_of_text(from, line) == wanted) return line;
  int found = 0, number = 0;
  for (const auto each : lines(from)) {
    ++number;
    if (each != wanted) continue;
    if (found != 0) return 0;
    found = number;
  }
  return found;
}

// The edits with the line numbers of the file that `file` is made from; nothing where a line is not in it.
std::optional<std::vector<LineEdit>> moved_edits(const View& view, const std::string& source, const std::string& file,
                                                 std::vector<LineEdit> edits) {
  for (auto& edit : edits)
    for (auto* line : {&edit.line, &edit.last, &edit.target}) {
      if (*line == 0) continue;
      *line = source_line(view, source, file, *line);
      if (*line == 0) return std::nullopt;
    }
  return edits;
}

// A host's name as the header or `server` writes it, with its quotes.
std::string written_in_statement(std::string_view text, const TomlStatement& statement, std::string_view name) {
  return quoted_on(text.substr(statement.begin, statement.key_end - statement.begin), name);
}

std::vector<LineEdit> hosts_url_edits(std::string_view text, int line, const std::string& url) {
  const auto statements = toml_statements(text);
  const auto at = std::find_if(statements.begin(), statements.end(), [&](const auto& s) { return s.line == line; });
  if (at == statements.end()) return {};
  if (at->kind == TomlStatement::Kind::key_value) {
    const auto value = line_of_text(text, line);
    const auto equals = value.find('=');
    if (lower(at->key.back()) != "server" || equals == value.npos) return {};
    const auto begin = value.find_first_of("\"'", equals);
    const auto end = begin == value.npos ? value.npos : value.find(value[begin], begin + 1);
    if (end == value.npos) return {};
    return {substitute(line, std::string(value.substr(begin, end + 1 - begin)), toml_quote(url))};
  }
  if (at->key.size() < 2) return {};
  std::vector<LineEdit> edits;
  for (const auto& statement : statements)
    if (statement.kind == TomlStatement::Kind::table && statement.key.size() >= 2 && statement.key[0] == "host" &&
        statement.key[1] == at->key[1])
      if (auto written = written_in_statement(text, statement, at->key[1]); !written.empty())
        edits.push_back(substitute(statement.line, std::move(written), toml_quote(url)));
  return edits;
}

std::vector<LineEdit> legacy_url_edits(const View& view, const Chain& chain, const ChainEndpoint& endpoint,
                                       const std::string& url) {
  const auto written = toml_quote(written_url(view, chain, endpoint));
  const auto text = view.tree().read(endpoint.source->file).value_or("");
  const auto all = lines(text);
  for (auto i = static_cast<std::size_t>(std::max(endpoint.source->line, 1)); i <= all.size(); ++i)
    if (all[i - 1].find(written) != std::string_view::npos)
      return {substitute(static_cast<int>(i), written, toml_quote(url))};
  return {};
}

}  // namespace

std::string quoted_on(std::string_view line, std::string_view text) {
  for (const std::string_view quote : {"\"", "'"}) {
    const auto quoted = fmt::format("{0}{1}{0}", quote, text);
    if (line.find(quoted) != line.npos) return quoted;
  }
  return line.find(text) != line.npos ? std::string(text) : "";
}

std::string_view line_of_text(std::string_view text, int line) {
  const auto all = lines(text);
  return line >= 1 && static_cast<std::size_t>(line) <= all.size() ? all[static_cast<std::size_t>(line) - 1] : "";
}

Fix restart_fix(const View& view, std::vector<FixStep> steps) {
  steps.emplace_back(Restart{view.restart()});
  return fix_by(std::move(steps));
}

Fix words_then_restart(const View& view, ByHand reason, std::string_view words) {
  return fix_by_hand(reason, fmt::format("{}; then {}", words, view.restart()));
}

std::optional<std::string> editable_source(const View& view, const std::string& file) {
  if (file != view.detection().config_file) return file;
  if (view.era().style == Style::registries_yaml) {
    auto own = config_template(view.facts().tree, file, view.containerd());
    return own ? std::optional(std::move(own->file)) : std::nullopt;
  }
  if (view.era().config_managed) return std::nullopt;
  return view.source_of(file);
}

Fix managed_fix(const View& view, const std::string& file) {
  const auto& profile = view.detection().profile;
  return fix_by_hand(
      ByHand::elsewhere,
      view.era().style == Style::registries_yaml
          ? fmt::format("{} generates {} again at its next start: {}", profile.title, file, view.restart())
          : fmt::format("{} rewrites {}: 'regfallback render --for {}' prints what to give to it", profile.title, file,
                        profile.name));
}

Fix migrate_fix(const View& view) {
  const auto& file = view.config().config_file;
  const auto source = editable_source(view, file);
  if (view.era().style == Style::registries_yaml)
    return words_then_restart(view, ByHand::content,
                              fmt::format("declare them in {}, and remove them from {}", view.registries_file(),
                                          source.value_or("the template of config.toml")));
  if (source != file)
    return words_then_restart(view, ByHand::content,
                              fmt::format("remove them from {}, and declare the endpoints in an intent file for "
                                          "regfallback apply",
                                          source.value_or(file)));
  auto fix = fix_by({OurCommand::migrate});
  fix.text += ": it turns them into hosts.toml files with the same chains, and restarts containerd";
  return fix;
}

Fix config_fix(const View& view, const std::string& file, std::vector<LineEdit> edits) {
  const auto source = editable_source(view, file);
  if (!source) return managed_fix(view, file);
  auto moved = *source == file ? std::optional(std::move(edits)) : moved_edits(view, *source, file, std::move(edits));
  if (moved) return restart_fix(view, {EditLines{*source, *std::move(moved)}});
  return words_then_restart(view, ByHand::content, fmt::format("correct {}, from which {} is made", *source, file));
}

Fix config_path_fix(const View& view, std::string_view directory) {
  const auto& era = view.era();
  const auto& config = view.config();
  const std::string value(directory);
  const auto set = [&](const std::string& file, int file_version, int new_version) {
    const std::string plugin(cri_plugin_name(file_version, view.containerd()));
    return SetToml{.file = file,
                   .path = {"plugins", plugin, "registry", "config_path"},
                   .values = {value},
                   .new_version = new_version};
  };
  const int newest = view.containerd().major < 2 ? 2 : 3;
  if (!era.drop_in.empty()) {
    const bool exists = view.facts().tree.exists(era.drop_in);
    return restart_fix(view, {set(era.drop_in, newest, exists ? 0 : newest)});
  }
  if (era.config_managed) return managed_fix(view, config.config_file);
  const auto file = view.source_of(config.config_path_where ? config.config_path_where->file : config.config_file);
  const bool exists = view.facts().tree.exists(file);
  const int version = !exists ? newest : view.root_of(file) != nullptr ? view.version_of(file) : config.config_version;
  auto fix = restart_fix(view, {set(file, version, exists ? 0 : newest)});
  return std::move(fix).or_else("regfallback apply, which does it");
}

Fix hosts_fix(const View& view, const std::string& file, std::vector<LineEdit> edits) {
  if (view.is_rendered(file)) return hosts_fix_by_hand(view, file, ByHand::content, "correct what it is rendered from");
  return live_fix({EditLines{file, std::move(edits)}});
}

Fix hosts_fix_by_hand(const View& view, const std::string& file, ByHand reason, std::string_view words) {
  if (!view.is_rendered(file)) return fix_by_hand(reason, fmt::format("in {} {} (no restart is needed)", file, words));
  return words_then_restart(
      view, reason,
      fmt::format("{} renders {} from {}: {}", view.detection().profile.title, file, view.registries_file(), words));
}

Fix registries_fix(const View& view, std::vector<LineEdit> edits) {
  return restart_fix(view, {EditLines{view.registries_file(), std::move(edits)}});
}

std::string written_url(const View& view, const Chain& chain, const ChainEndpoint& endpoint) {
  if (!endpoint.source) return "";
  if (const auto* item = view.written_endpoint(chain, endpoint)) return item->text;
  if (is_legacy(view.config())) {
    auto mirror = view.config().mirrors.find(chain.registry);
    const auto index = static_cast<std::size_t>(&endpoint - chain.endpoints.data());
    if (mirror == view.config().mirrors.end() || index >= mirror->second.endpoints.size()) return "";
    return mirror->second.endpoints[index];
  }
  const auto text = view.tree().read(endpoint.source->file).value_or("");
  for (const auto& statement : toml_statements(text)) {
    if (statement.line != endpoint.source->line) continue;
    if (statement.kind != TomlStatement::Kind::key_value) return statement.key.size() >= 2 ? statement.key[1] : "";
    const auto root = parse_toml(line_of_text(text, statement.line), "");
    const auto* server = root ? root->find(statement.key) : nullptr;
    return server != nullptr ? server->text : "";
  }
  return "";
}

std::vector<LineEdit> url_edits(const View& view, const Chain& chain, const ChainEndpoint& endpoint,
                                const std::string& url) {
  if (!endpoint.source) return {};
  if (const auto* item = view.written_endpoint(chain, endpoint)) {
    const auto text = view.facts().tree.read(view.registries_file()).value_or("");
    auto written = quoted_on(line_of_text(text, item->line), item->text);
    return written.empty() ? std::vector<LineEdit>{}
                           : std::vector{substitute(item->line, std::move(written), yaml_quote(url))};
  }
  if (view.is_rendered(endpoint.source->file)) return {};
  if (is_legacy(view.config())) return legacy_url_edits(view, chain, endpoint, url);
  return hosts_url_edits(view.tree().read(endpoint.source->file).value_or(""), endpoint.source->line, url);
}

Fix url_fix(const View& view, const Chain& chain, const ChainEndpoint& endpoint, const std::string& url,
            std::vector<LineEdit> more) {
  auto edits = url_edits(view, chain, endpoint, url);
  std::erase_if(edits, [](const LineEdit& edit) { return edit.from == edit.text; });
  const auto& file = endpoint.source->file;
  if (edits.empty() && more.empty()) {
    const auto words = fmt::format("write {} for {}", url, endpoint.url());
    if (view.is_rendered(file) || is_legacy(view.config()))
      return words_then_restart(view, ByHand::content,
                                fmt::format("in {} {}", view.place(chain, endpoint).file, words));
    return hosts_fix_by_hand(view, file, ByHand::content, words);
  }
  edits.insert(edits.end(), more.begin(), more.end());
  if (view.is_rendered(file)) return registries_fix(view, std::move(edits));
  return is_legacy(view.config()) ? config_fix(view, file, std::move(edits)) : hosts_fix(view, file, std::move(edits));
}

}  // namespace rf
