#include "diagnose/hosts_edits.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "containerd/chain/hosts_toml.h"
#include "containerd/config/features.h"
#include "containerd/toml/toml_document.h"
#include "containerd/toml/toml_statements.h"
#include "containerd/toml/toml_write.h"
#include "diagnose/mend.h"

namespace rf {
namespace {

constexpr std::string_view usual_capabilities = "[\"pull\", \"resolve\"]";

bool is_header_statement(const TomlStatement& statement) { return statement.kind != TomlStatement::Kind::key_value; }

const TomlStatement* statement_on(const std::vector<TomlStatement>& statements, int line) {
  const auto found = std::find_if(statements.begin(), statements.end(), [&](const auto& s) { return s.line == line; });
  return found == statements.end() ? nullptr : &*found;
}

// A key and its value where both are written on one line.
struct WrittenValue {
  std::string key;     // in small letters, without its table
  std::string before;  // the line up to the value
  std::string raw;     // the value as written
  TomlNode node;
};
std::optional<WrittenValue> value_on(std::string_view text, int line) {
  const auto body = trim(line_of_text(text, line));
  const auto root = parse_toml(body, "");
  if (!root || root->entries.size() != 1) return std::nullopt;
  const TomlNode* node = &root->entries.begin()->second;
  std::string key = root->entries.begin()->first;
  while (node->is_table() && node->form == TomlNode::Form::implied && node->entries.size() == 1) {
    key = node->entries.begin()->first;
    node = &node->entries.begin()->second;
  }
  return WrittenValue{lower(key), std::string(body.substr(0, node->begin)),
                      std::string(body.substr(node->begin, node->end - node->begin)), *node};
}

// A value of the wrong type, where the right one is meant without a doubt.
std::string right_form(const WrittenValue& value) {
  const auto& key = value.key;
  const auto& node = value.node;
  const bool flag = key == "skip_verify" || key == "override_path";
  if (flag && node.is_string() && (lower(node.text) == "true" || lower(node.text) == "false")) return lower(node.text);
  if (flag && node.kind == TomlNode::Kind::integer && (node.integer == 0 || node.integer == 1))
    return node.integer == 1 ? "true" : "false";
  if (key == "capabilities" && node.is_string())
    return node.text == "pull" ? std::string(usual_capabilities) : toml_list({node.text});
  if (key == "dial_timeout" && node.kind == TomlNode::Kind::integer) return fmt::format("\"{}s\"", node.integer);
  return "";
}

std::vector<LineEdit> value_edits(std::string_view text, int line) {
  const auto value = value_on(text, line);
  const auto right = value ? right_form(*value) : "";
  if (right.empty()) return {};
  return {substitute(line, value->before + value->raw, value->before + right)};
}

// The list without a capability that is not known, or with the one that was most likely meant.
std::vector<LineEdit> capability_edits(std::string_view text, const IgnoredSetting& fault, const Version& containerd) {
  const auto value = value_on(text, fault.line);
  if (!value || value->key != "capabilities") return {};
  const auto known = all_capabilities(containerd);
  const std::vector<std::string_view> names(known.begin(), known.end());
  std::vector<std::string> right;
  const auto add = [&](std::string_view name) {
    if (!name.empty() && std::find(right.begin(), right.end(), name) == right.end()) right.emplace_back(name);
  };
  for (const auto& item : value->node.items) add(nearest(lower(item.text), names));
  return {substitute(fault.line, value->raw, right.empty() ? std::string(usual_capabilities) : toml_list(right))};
}

// [hosts."URL"] for [host."URL"], or no table at all.
std::vector<LineEdit> host_table_edits(std::string_view text) {
  std::vector<LineEdit> edits;
  for (const auto& statement : toml_statements(text)) {
    if (!is_header_statement(statement) || statement.key.empty() || nearest(statement.key[0], {"host"}) != "host")
      continue;
    const auto header = std::string(text.substr(statement.begin, statement.key_end - statement.begin));
    const auto at = header.find(statement.key[0]);
    if (at != header.npos)
      edits.push_back(
          substitute(statement.line, header,
                     fmt::format("{}host{}", header.substr(0, at), header.substr(at + statement.key[0].size()))));
  }
  return edits.empty() ? std::vector{append_line("[host]")} : edits;
}

bool has_root_key(std::string_view text, std::string_view key) { return host_key_line(text, 0, key) != 0; }

// Another name for what is meant, with the same kind of value.
std::string_view name_meant(std::string_view key) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> names{{
      {"insecure_skip_verify", "skip_verify"},
      {"ca_file", "ca"},
      {"headers", "header"},
      {"timeout", "dial_timeout"},
  }};
  for (const auto& [written, right] : names)
    if (key == written) return right;
  return nearest(key, {"capabilities", "ca", "client", "skip_verify", "header", "override_path", "dial_timeout",
                       "server", "host"});
}

}  // namespace

int first_header_line(std::string_view text) {
  const auto statements = toml_statements(text);
  const auto found = std::find_if(statements.begin(), statements.end(), is_header_statement);
  return found == statements.end() ? 0 : found->line;
}

std::vector<LineEdit> capabilities_edits(std::string_view text, int line) {
  const auto value = value_on(text, line);
  if (!value || value->key != "capabilities") return {};
  return {substitute(line, value->before + value->raw, fmt::format("{}{}", value->before, usual_capabilities))};
}

std::vector<LineEdit> dropped_file_edits(std::string_view text, const IgnoredSetting& fault,
                                         const Version& containerd) {
  switch (fault.kind) {
    case IgnoredKind::no_host_table: return host_table_edits(text);
    case IgnoredKind::byte_order_mark: return {LineEdit{.op = LineEdit::Op::strip_mark}};
    case IgnoredKind::unknown_capability: return capability_edits(text, fault, containerd);
    case IgnoredKind::wrong_value: return value_edits(text, fault.line);
    case IgnoredKind::crash:
      if (const auto value = value_on(text, fault.line); value && value->key == "server")
        return server_edits(text, fault.line);
      return {};
    default: return {};
  }
}

std::vector<LineEdit> server_edits(std::string_view text, int line) {
  const int header = first_header_line(text);
  if (header == 0 || has_root_key(text, "server")) return {remove_lines(line, line)};
  return {move_above(line, line, header)};
}

std::vector<LineEdit> inline_host_edits(std::string_view text, int line) {
  const auto root = parse_toml(text, "");
  const auto* hosts = root ? root->find("host") : nullptr;
  if (hosts == nullptr) return {};
  for (const auto& [name, host] : hosts->entries) {
    if (host.where.line != line || !host.is_table()) continue;
    std::vector<LineEdit> edits;
    std::vector<LineEdit> keys{append_line(fmt::format("[host.{}]", toml_quote(name)))};
    if (host.form == TomlNode::Form::inline_table) edits.push_back(remove_lines(line, line));
    for (const auto& [key, value] : host.entries) {
      if (value.form == TomlNode::Form::implied || value.form == TomlNode::Form::header) return {};
      if (host.form != TomlNode::Form::inline_table) edits.push_back(remove_lines(value.where.line, value.where.line));
      keys.push_back(
          append_line(fmt::format("{} = {}", toml_key(key), text.substr(value.begin, value.end - value.begin))));
    }
    edits.insert(edits.end(), keys.begin(), keys.end());
    return edits;
  }
  return {};
}

std::vector<LineEdit> unknown_key_edits(std::string_view text, const IgnoredSetting& setting,
                                        const Version& containerd) {
  const auto statements = toml_statements(text);
  const auto* statement = statement_on(statements, setting.line);
  if (statement == nullptr || setting.subject.key == "rewrite") return {};
  const auto& key = setting.subject.key;
  const auto right = name_meant(lower(key));
  const bool header = is_header_statement(*statement);
  if (lower(key) == "tls_verify") {
    const auto value = value_on(text, setting.line);
    if (!value || value->node.kind != TomlNode::Kind::boolean) return {};
    if (value->node.boolean) return {remove_lines(setting.line, setting.line)};
    return {substitute(setting.line, std::string(trim(line_of_text(text, setting.line))), "skip_verify = true")};
  }
  if (right == "dial_timeout" && !has_feature(containerd, Feature::dial_timeout)) return {};
  if (right == "server") return {};  // its place is another one
  if (right.empty()) return header ? std::vector<LineEdit>{} : std::vector{remove_lines(setting.line, setting.line)};
  if (!header) return {substitute(setting.line, quoted_on(line_of_text(text, setting.line), key), std::string(right))};
  // Every header with the key at this place of its path.
  const auto at = std::find(statement->key.begin(), statement->key.end(), key) - statement->key.begin();
  std::vector<LineEdit> edits;
  for (const auto& other : statements)
    if (is_header_statement(other) && other.key.size() > static_cast<std::size_t>(at) &&
        other.key[static_cast<std::size_t>(at)] == key)
      edits.push_back(substitute(other.line, at == 0 ? "[" + key : "." + key,
                                 at == 0 ? fmt::format("[{}", right) : fmt::format(".{}", right)));
  return edits;
}

}  // namespace rf
