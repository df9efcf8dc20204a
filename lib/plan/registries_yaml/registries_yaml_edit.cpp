#include "plan/registries_yaml/registries_yaml_edit.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

#include "base/text.h"
#include "containerd/chain/rewrite.h"
#include "plan/registries_yaml/registries_yaml_parts.h"
#include "plan/registries_yaml/registries_yaml_rewrites.h"
#include "plan/registries_yaml/yaml_lines.h"

namespace rf {
namespace {

constexpr std::string_view new_file_comment =
    "# Entries marked `# regfallback` follow the intent file of regfallback; all others are yours and stay as they "
    "are.";

bool marked(std::string_view line) { return trim(line).ends_with(registries_yaml_mark); }

std::string with_mark(std::string_view line) {
  if (marked(line)) return std::string(line);
  const auto end = line.find_last_not_of(" \t\r");
  return fmt::format("{}  {}", line.substr(0, end + 1), registries_yaml_mark);
}

Error entry_refusal(std::string_view file, std::size_t line, std::string message) {
  return {.kind = ErrorKind::refused,
          .message = std::move(message),
          .hint = "write this entry out in block form, or leave the registry out of the intent file",
          .where = Location{std::string(file), static_cast<int>(line) + 1, 0}};
}

// One merge: the lines, and beside them the meaning the file must have in the end.
struct Merge {
  YamlLines lines;
  RegistriesYaml expected;
  std::string file;
  OurMark mark = OurMark::yes;            // of what is written
  std::vector<std::string> dropped = {};  // lines that were ours and went away

  Result<YamlSpot> section(const std::string& name);
  Result<void> insert_entry(const std::string& section_name, std::vector<std::string> text);
  Result<void> insert_part(const std::vector<std::string>& entry,
                           const std::function<std::vector<std::string>(OurMark)>& part);
  void erase(std::size_t begin, std::size_t end);
  Result<void> set_all(const RegistriesYaml& desired);
  Result<void> remove_rewrites(const std::string& host);
  Result<void> set_mirror(const std::string& host, const std::vector<std::string>& endpoints);
  Result<void> set_endpoints(const YamlSpot& spot, const std::vector<std::string>& endpoints);
  Result<void> set_config(const std::string& host, const RegistriesYamlConfig& config);
  Result<void> remove_undesired(const RegistriesYaml& desired, const std::string& section_name);
  Result<void> remove_part(const std::vector<std::string>& path);
};

void Merge::erase(std::size_t begin, std::size_t end) {
  for (std::size_t i = begin; i < end; ++i) dropped.push_back(lines.line(i));
  lines.erase(begin, end);
}

// The section, made where it is missing and opened where it is an empty `{}`.
Result<YamlSpot> Merge::section(const std::string& name) {
  RF_TRY(auto spot, lines.find({name}));
  if (!spot) {
    lines.insert(lines.size(), {key_line(name, mark)});
    RF_TRY(spot, lines.find({name}));
    if (!spot) return entry_refusal(file, lines.size(), fmt::format("no `{}` can be added at the end", name));
    return *spot;
  }
  if (spot->form == YamlSpot::Form::flow && value_part(lines.line(spot->line), spot->column) == "{}") {
    const std::string& line = lines.line(spot->line);
    const auto at = line.find("{}");
    lines.set(spot->line, std::string(trim(line.substr(0, at))) + line.substr(at + 2));
    spot->form = YamlSpot::Form::nothing;
  }
  if (spot->form == YamlSpot::Form::flow || spot->form == YamlSpot::Form::scalar ||
      spot->form == YamlSpot::Form::inside)
    return entry_refusal(file, spot->line, fmt::format("`{}` is written in flow form", name));
  if (value_part(lines.line(spot->line), spot->column).starts_with('*'))
    return entry_refusal(file, spot->line, fmt::format("`{}` is an alias of another part of the file", name));
  return *spot;
}

Result<void> Merge::insert_entry(const std::string& section_name, std::vector<std::string> text) {
  RF_TRY(const auto spot, section(section_name));
  RF_TRY(const auto keys, lines.keys({section_name}));
  std::size_t indent = spot.column + 2;
  if (!keys.empty()) {
    RF_TRY(const auto first, lines.find({section_name, keys.front()}));
    if (!first || first->form == YamlSpot::Form::inside)
      return entry_refusal(file, spot.line, fmt::format("`{}` is not written with one key per line", section_name));
    indent = first->column;
  }
  for (auto& line : text) line.insert(0, indent, ' ');
  lines.insert(lines.end_of(spot), text);
  return {};
}

// Puts a part right below the key of an entry that has no such part; marked where the entry itself is not.
Result<void> Merge::insert_part(const std::vector<std::string>& entry,
                                const std::function<std::vector<std::string>(OurMark)>& part) {
  RF_TRY(const auto spot, lines.find(entry));
  if (!spot)
    return entry_refusal(file, 0, fmt::format("the entry of {} comes from another part of the file", entry.back()));
  const auto rest = value_part(lines.line(spot->line), spot->column);
  if (spot->form == YamlSpot::Form::inside || spot->form == YamlSpot::Form::flow ||
      spot->form == YamlSpot::Form::anchored || spot->form == YamlSpot::Form::scalar ||
      (spot->form == YamlSpot::Form::nothing && !rest.empty()))
    return entry_refusal(file, spot->line, fmt::format("the entry of {} cannot be changed in place", entry.back()));
  RF_TRY(const auto keys, lines.keys(entry));
  std::size_t indent = spot->column + 2;
  if (!keys.empty()) {
    auto path = entry;
    path.push_back(keys.front());
    RF_TRY(const auto first, lines.find(path));
    if (!first || first->form == YamlSpot::Form::inside)
      return entry_refusal(file, spot->line,
                           fmt::format("the entry of {} is not written with one key per line", entry.back()));
    indent = first->column;
  }
  auto text = part(marked(lines.line(spot->line)) ? OurMark::no : mark);
  for (auto& line : text) line.insert(0, indent, ' ');
  lines.insert(spot->line + 1, text);
  return {};
}

bool same_endpoints(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x == y || (!registries_yaml_url(x).empty() && registries_yaml_url(x) == registries_yaml_url(y));
  });
}

Result<void> Merge::set_all(const RegistriesYaml& desired) {
  for (const auto& [host, mirror] : desired.mirrors) RF_CHECK(set_mirror(host, mirror.endpoints));
  for (const auto& [host, config] : desired.configs) RF_CHECK(set_config(host, config));
  return {};
}

Result<void> Merge::remove_rewrites(const std::string& host) {
  RF_TRY(const auto spot, lines.find({"mirrors", host, "rewrite"}));
  if (!spot || spot->form == YamlSpot::Form::inside)
    return entry_refusal(file, spot ? spot->line : 0,
                         fmt::format("the rewrite of {} is not written as a key of its own", host));
  erase(spot->line, lines.end_of(*spot));
  expected.mirrors[host].rewrites.clear();
  return {};
}

Result<void> Merge::set_mirror(const std::string& host, const std::vector<std::string>& endpoints) {
  const auto known = expected.mirrors.find(host);
  if (known != expected.mirrors.end()) {
    const auto& rules = known->second.rewrites;
    if (same_endpoints(endpoints_without_rewrites(host, known->second), endpoints)) return {};
    // Their prefix is in none of the new endpoints. Rules that a URL cannot say stay: whoever asks for this must look.
    if (rewrite_prefix(rules)) RF_CHECK(remove_rewrites(host));
    if (same_endpoints(known->second.endpoints, endpoints)) return {};
  }
  expected.mirrors[host].endpoints = endpoints;
  RF_TRY(const auto entry, lines.find({"mirrors", host}));
  if (!entry) return insert_entry("mirrors", mirror_lines(host, endpoints, mark));
  RF_TRY(const auto list, lines.find({"mirrors", host, "endpoint"}));
  if (entry->form == YamlSpot::Form::flow || entry->form == YamlSpot::Form::inside)
    return entry_refusal(file, entry->line, fmt::format("the entry of {} is written in flow form", host));
  if (!list) return insert_part({"mirrors", host}, [&](OurMark own) { return endpoint_lines(endpoints, own); });
  const bool whole_entry = marked(lines.line(entry->line));
  RF_CHECK(set_endpoints(*list, endpoints));
  if (!whole_entry && mark == OurMark::yes) lines.set(list->line, with_mark(lines.line(list->line)));
  return {};
}

// Lines of items that stay are kept as the user wrote them, comments above them included; comments of items that go
// stay too.
Result<void> Merge::set_endpoints(const YamlSpot& spot, const std::vector<std::string>& endpoints) {
  const std::string& key_line = lines.line(spot.line);
  if (spot.form == YamlSpot::Form::flow) {
    const auto text = value_part(key_line, spot.column);
    const auto at = static_cast<std::size_t>(text.data() - key_line.data());
    if (!text.ends_with(']'))
      return entry_refusal(file, spot.line, "this list goes on over several lines in flow form");
    lines.set(spot.line, key_line.substr(0, at) + flow_list(endpoints) + key_line.substr(at + text.size()));
    return {};
  }
  if (spot.form == YamlSpot::Form::scalar || spot.form == YamlSpot::Form::anchored ||
      spot.form == YamlSpot::Form::inside)
    return entry_refusal(file, spot.line, "this list is anchored or an alias: others would change with it");
  const auto end = lines.end_of(spot);
  std::vector<std::string> old;
  for (std::size_t i = spot.line + 1; i < end; ++i) old.push_back(lines.line(i));
  RF_TRY(auto changed,
         changed_items(old, endpoints, spot.column + 2).doing(fmt::format("changing {}:{}", file, spot.line + 1)));
  lines.erase(spot.line + 1, end);
  lines.insert(spot.line + 1, changed);
  return {};
}

Result<void> Merge::set_config(const std::string& host, const RegistriesYamlConfig& config) {
  auto known = expected.configs.find(host);
  if (known == expected.configs.end()) {
    RF_TRY(const auto entry, lines.find({"configs", host}));
    expected.configs[host] = config;
    if (!entry) return insert_entry("configs", config_lines(host, config, mark));
    known = expected.configs.find(host);
  }
  for (const auto* name : {"auth", "tls"}) {
    const bool auth = std::string_view(name) == "auth";
    const bool wanted = auth ? config.auth.has_value() : config.tls.has_value();
    const bool same = auth ? known->second.auth == config.auth : known->second.tls == config.tls;
    RF_TRY(const auto spot, lines.find({"configs", host, name}));
    if (!wanted || (same && spot)) continue;
    (auth ? void(known->second.auth = config.auth) : void(known->second.tls = config.tls));
    if (spot) {
      if (spot->form == YamlSpot::Form::anchored || spot->form == YamlSpot::Form::inside)
        return entry_refusal(file, spot->line, fmt::format("`{}` is anchored, an alias or part of a flow form", name));
      erase(spot->line, lines.end_of(*spot));
    }
    RF_CHECK(insert_part({"configs", host}, [&](OurMark own) {
      return auth ? auth_lines(*config.auth, own) : tls_lines(*config.tls, own);
    }));
  }
  return {};
}

Result<void> Merge::remove_part(const std::vector<std::string>& path) {
  RF_TRY(const auto spot, lines.find(path));
  if (!spot || spot->form == YamlSpot::Form::inside || !marked(lines.line(spot->line))) return {};
  erase(spot->line, lines.end_of(*spot));
  if (path[0] == "mirrors") expected.mirrors[path[1]].endpoints.clear();
  if (path[2] == "auth") expected.configs[path[1]].auth.reset();
  if (path[2] == "tls") expected.configs[path[1]].tls.reset();
  return {};
}

Result<void> Merge::remove_undesired(const RegistriesYaml& desired, const std::string& section_name) {
  const bool mirrors = section_name == "mirrors";
  RF_TRY(const auto hosts, lines.keys({section_name}));
  for (const auto& host : hosts) {
    const auto config = desired.configs.find(host);
    const bool wanted = mirrors ? desired.mirrors.contains(host) : config != desired.configs.end();
    RF_TRY(const auto spot, lines.find({section_name, host}));
    if (!spot || spot->form == YamlSpot::Form::inside)
      continue;  // reached through a merge key, or in flow form: never ours
    const bool whole = marked(lines.line(spot->line));
    if (whole && !wanted) {
      erase(spot->line, lines.end_of(*spot));
      mirrors ? expected.mirrors.erase(host) : expected.configs.erase(host);
      continue;
    }
    if (mirrors && !wanted) RF_CHECK(remove_part({section_name, host, "endpoint"}));
    for (const auto* name : {"auth", "tls"}) {
      const bool auth = std::string_view(name) == "auth";
      if (mirrors || (wanted && (auth ? config->second.auth.has_value() : config->second.tls.has_value()))) continue;
      RF_TRY(const auto part, lines.find({section_name, host, name}));
      if (part && part->form != YamlSpot::Form::inside && whole)
        lines.set(part->line, with_mark(lines.line(part->line)));
      RF_CHECK(remove_part({section_name, host, name}));
    }
  }
  RF_TRY(const auto left, lines.keys({section_name}));
  RF_TRY(const auto spot, lines.find({section_name}));
  if (left.empty() && spot && spot->form != YamlSpot::Form::inside && marked(lines.line(spot->line)))
    erase(spot->line, spot->line + 1);
  return {};
}

// The safety net: whatever the edit did, this must hold.
Result<void> check(const Merge& merge, std::string_view before, const std::string& after) {
  const auto wrong = [&](std::string what) {
    return Error{.kind = ErrorKind::refused,
                 .message = fmt::format("this file cannot be changed safely: {}", what),
                 .hint = "write it in block form, one key or item per line, without anchors in the entries that change",
                 .where = Location{merge.file}};
  };
  auto read = parse_registries_yaml(after, merge.file);
  if (!read) return wrong("the result would not be readable");
  const auto same = [](const auto& a, const auto& b) {
    return a.first == b.first && a.second.rewrites == b.second.rewrites &&
           same_endpoints(a.second.endpoints, b.second.endpoints);
  };
  if (!std::equal(read->mirrors.begin(), read->mirrors.end(), merge.expected.mirrors.begin(),
                  merge.expected.mirrors.end(), same))
    return wrong("other mirrors would change with it");
  if (read->configs != merge.expected.configs) return wrong("other configs would change with it");
  std::multiset<std::string_view> kept;
  for (const auto line : lines(after)) kept.insert(line);
  for (const auto& line : merge.dropped) kept.insert(line);
  for (const auto line : lines(before))
    if (is_comment_line(line) && !kept.contains(line)) return wrong("a comment would be lost");
  return {};
}

bool holds_nothing(const YamlLines& document) {
  for (std::size_t i = 0; i < document.size(); ++i) {
    const auto line = trim(document.line(i));
    if (!line.empty() && line != new_file_comment) return false;
  }
  return true;
}

}  // namespace

Result<std::string> merge_registries_yaml(std::string_view text, const RegistriesYaml& desired, std::string_view file,
                                          Undesired undesired) {
  RF_TRY(auto known, parse_registries_yaml(text, file));
  const bool fresh = trim(text).empty();
  if (fresh && desired.mirrors.empty() && desired.configs.empty()) return std::string(text);
  RF_TRY(auto document, YamlLines::read(fresh ? std::string(new_file_comment) + "\n" : std::string(text), file));
  Merge merge{.lines = std::move(document), .expected = std::move(known), .file = std::string(file)};
  if (undesired == Undesired::remove) {
    RF_CHECK(merge.remove_undesired(desired, "mirrors"));
    RF_CHECK(merge.remove_undesired(desired, "configs"));
  }
  RF_CHECK(merge.set_all(desired));
  auto after = merge.lines.text();
  RF_CHECK(check(merge, text, after));
  return holds_nothing(merge.lines) ? std::string() : after;
}

Result<std::string> add_to_registries_yaml(std::string_view text, const RegistriesYaml& added, std::string_view file) {
  RF_TRY(auto known, parse_registries_yaml(text, file));
  RF_TRY(auto document, YamlLines::read(text, file));
  Merge merge{
      .lines = std::move(document), .expected = std::move(known), .file = std::string(file), .mark = OurMark::no};
  RF_CHECK(merge.set_all(added));
  auto after = merge.lines.text();
  RF_CHECK(check(merge, text, after));
  return after;
}

}  // namespace rf
