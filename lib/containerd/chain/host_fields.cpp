#include "containerd/chain/host_fields.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "base/secret.h"
#include "base/text.h"
#include "containerd/go/go_duration.h"
#include "containerd/go/go_url.h"

namespace rf {
namespace {

// As Go's %v prints what go-toml makes of a value.
std::string go_value(const TomlNode& node) {
  std::vector<std::string> parts;
  switch (node.kind) {
    case TomlNode::Kind::boolean: return node.boolean ? "true" : "false";
    case TomlNode::Kind::integer: return std::to_string(node.integer);
    case TomlNode::Kind::array:
      for (const auto& item : node.items) parts.push_back(go_value(item));
      return "[" + join(parts, " ") + "]";
    case TomlNode::Kind::table:
      for (const auto& [key, value] : node.entries) parts.push_back(key + ":" + go_value(value));
      return "map[" + join(parts, " ") + "]";
    default: return node.text;
  }
}

}  // namespace

std::string_view go_type(const TomlNode& node) {
  switch (node.kind) {
    case TomlNode::Kind::table: return "map[string]interface {}";
    case TomlNode::Kind::array: return "[]interface {}";
    case TomlNode::Kind::string: return "string";
    case TomlNode::Kind::integer: return "int64";
    case TomlNode::Kind::real: return "float64";
    case TomlNode::Kind::boolean: return "bool";
    case TomlNode::Kind::date: return "time.Time";
  }
  return "";
}

Error dropped_hosts_file(std::string message, int line) {
  return Error{.kind = ErrorKind::parse,
               .message = std::move(message),
               .hint = {},
               .where = line > 0 ? std::optional<Location>({{}, line, 0}) : std::nullopt};
}

bool HostFieldReader::names(std::string_view written, std::string_view key) const {
  return names_key(written, key, containerd_);
}

const TomlNode* HostFieldReader::find(const TomlNode& table, std::string_view key) const {
  const TomlNode* found = nullptr;
  for (const auto& [name, node] : table.entries)
    if (names(name, key) && (found == nullptr || node.where.line > found->where.line)) found = &node;
  return found;
}

Error HostFieldReader::mismatch(const TomlNode& node, std::string_view go_field, std::string_view wanted,
                                const Location& where) const {
  if (has(Feature::toml_v2))
    return dropped_hosts_file(
        fmt::format("toml: cannot decode TOML {} into struct field config.hostFileConfig.{} of type {}",
                    kind_name(node.kind), go_field, wanted),
        where.line);
  const auto plain = wanted.starts_with('*') ? wanted.substr(1) : wanted;
  return dropped_hosts_file(fmt::format("({}, {}): Can't convert {}({}) to {}", where.line, where.column,
                                        go_value(node), go_type(node), plain),
                            where.line);
}

Result<std::string> HostFieldReader::string(const TomlNode& table, std::string_view key,
                                            std::string_view go_field) const {
  const auto* found = find(table, key);
  if (found == nullptr) return std::string();
  if (!found->is_string()) return mismatch(*found, go_field, "string", found->where);
  return found->text;
}

Result<bool> HostFieldReader::boolean(const TomlNode& table, std::string_view key, std::string_view go_field,
                                      std::string_view wanted) const {
  const auto* found = find(table, key);
  if (found == nullptr) return false;
  if (found->kind != TomlNode::Kind::boolean) return mismatch(*found, go_field, wanted, found->where);
  return found->boolean;
}

std::string HostFieldReader::absolute(std::string_view path) const {
  return path.starts_with('/') ? std::string(path) : clean_path(std::string(directory_) + "/" + std::string(path));
}

Result<void> HostFieldReader::read_url(std::string_view server, const TomlNode& table, HostEntry& entry) const {
  bool override_path = false;
  if (has(Feature::override_path)) {
    RF_TRY(override_path, boolean(table, "override_path", "OverridePath", "bool"));
  }
  if (server.empty()) return {};
  const auto text = server.starts_with("http") ? std::string(server) : "https://" + std::string(server);
  const auto url = parse_go_url(text);
  if (!url)
    return dropped_hosts_file(fmt::format("unable to parse server {}: {}", masked_url(text), url.error().message));
  entry.scheme = url->scheme;
  entry.host = url->host;
  if (!url->path.empty()) {
    entry.path = clean_path(url->path);
    if (!entry.path.ends_with("/v2") && !override_path) entry.path += "/v2";
  } else if (!override_path) {
    entry.path = "/v2";
  }
  return {};
}

std::optional<std::string> HostFieldReader::unknown_capability(const TomlNode& table) const {
  const auto* found = find(table, "capabilities");
  if (found == nullptr) return std::nullopt;
  const auto known = all_capabilities(containerd_);
  for (const auto& item : found->items)
    if (std::find(known.begin(), known.end(), lower(item.text)) == known.end()) return item.text;
  return std::nullopt;
}

Result<void> HostFieldReader::read_capabilities(const TomlNode& table, HostEntry& entry) const {
  const auto* found = find(table, "capabilities");
  if (const auto unknown = unknown_capability(table)) {
    auto error = dropped_hosts_file(fmt::format("unknown capability {}", *unknown), found->where.line);
    error.kind = ErrorKind::unsupported;
    return error;
  }
  std::vector<std::string> wanted;
  if (found != nullptr)
    for (const auto& item : found->items) wanted.push_back(lower(item.text));
  for (const auto& capability : all_capabilities(containerd_))
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), capability) != wanted.end())
      entry.capabilities.push_back(capability);
  return {};
}

Result<void> HostFieldReader::read_ca(const TomlNode& table, HostEntry& entry) const {
  const auto* found = find(table, "ca");
  if (found == nullptr) return {};
  if (found->is_string()) {
    entry.ca = {absolute(found->text)};
    return {};
  }
  if (found->kind != TomlNode::Kind::array)
    return dropped_hosts_file(fmt::format("invalid type {} for \"ca\"", go_value(*found)), found->where.line);
  entry.ca.emplace();
  for (const auto& item : found->items) {
    if (!item.is_string())
      return dropped_hosts_file(fmt::format("unable to cast {} to string", go_value(item)), found->where.line);
    entry.ca->push_back(absolute(item.text));
  }
  return {};
}

Result<void> HostFieldReader::read_client(const TomlNode& table, HostEntry& entry) const {
  const auto* found = find(table, "client");
  if (found == nullptr) return {};
  const int line = found->where.line;
  if (found->is_string()) {
    entry.client.emplace_back(absolute(found->text), "");
    return {};
  }
  if (found->kind != TomlNode::Kind::array)
    return dropped_hosts_file(fmt::format("invalid type {} for \"client\"", go_value(*found)), line);
  for (const auto& item : found->items) {
    if (item.is_string()) {
      entry.client.emplace_back(absolute(item.text), "");
      continue;
    }
    if (item.kind != TomlNode::Kind::array)
      return dropped_hosts_file(fmt::format("invalid type {} for \"client\"", go_type(item)), line);
    for (const auto& part : item.items)
      if (!part.is_string())
        return dropped_hosts_file(fmt::format("unable to cast {} to string", go_value(part)), line);
    if (item.items.size() != 2)
      return dropped_hosts_file(fmt::format("invalid pair {} for \"client\"", go_value(item)), line);
    entry.client.emplace_back(absolute(item.items[0].text), absolute(item.items[1].text));
  }
  return {};
}

Result<void> HostFieldReader::read_headers(const TomlNode& table, HostEntry& entry) const {
  const auto* found = find(table, "header");
  if (found == nullptr) return {};
  for (const auto& [name, value] : found->entries) {
    Header header{name, {}};
    if (value.is_string()) {
      header.values.push_back(value.text);
    } else if (value.kind == TomlNode::Kind::array) {
      for (const auto& item : value.items) {
        if (!item.is_string())
          return dropped_hosts_file(fmt::format("unable to cast {} to string", go_value(item)), value.where.line);
        header.values.push_back(item.text);
      }
    } else {
      return dropped_hosts_file(fmt::format("invalid type {} for header {}", go_value(value), go_quote(name)),
                                value.where.line);
    }
    entry.headers.push_back(std::move(header));
  }
  return {};
}

void HostFieldReader::read_rewrites(const TomlNode& table, HostEntry& entry) const {
  const auto* found = find(table, "rewrite");
  if (found == nullptr) return;
  for (const auto& [pattern, replacement] : found->entries)
    if (replacement.is_string()) entry.rewrites.emplace(pattern, replacement.text);
}

Result<void> HostFieldReader::read_dial_timeout(const TomlNode& table, HostEntry& entry) const {
  if (!has(Feature::dial_timeout)) return {};
  RF_TRY(const auto text, string(table, "dial_timeout", "DialTimeout"));
  if (text.empty()) return {};
  const auto duration = parse_go_duration(text);
  if (!duration) return dropped_hosts_file(duration.error().message, find(table, "dial_timeout")->where.line);
  entry.dial_timeout = print_go_duration(*duration);
  return {};
}

Result<void> HostFieldReader::check_types(const TomlNode& table) const {
  if (const auto* found = find(table, "capabilities")) {
    if (found->kind != TomlNode::Kind::array) return mismatch(*found, "Capabilities", "[]string", found->where);
    for (const auto& item : found->items)
      if (!item.is_string()) return mismatch(item, "Capabilities", "string", found->where);
  }
  const bool pointer_shown = containerd_ < Version{2, 4, 0, "alpha"};
  RF_CHECK(boolean(table, "skip_verify", "SkipVerify", pointer_shown ? "*bool" : "bool"));
  if (has(Feature::override_path)) RF_CHECK(boolean(table, "override_path", "OverridePath", "bool"));
  if (has(Feature::dial_timeout)) RF_CHECK(string(table, "dial_timeout", "DialTimeout"));
  for (const auto& [name, node] : table.entries)
    if (names(name, "header") && !node.is_table())
      return mismatch(node, "Header", "map[string]interface {}", node.where);
  return {};
}

Result<HostEntry> HostFieldReader::entry(std::string_view server, const TomlNode& table) const {
  RF_CHECK(check_types(table));
  HostEntry entry;
  RF_CHECK(read_url(server, table, entry));
  if (const auto* skip = find(table, "skip_verify")) entry.skip_verify = skip->boolean;
  RF_CHECK(read_capabilities(table, entry));
  RF_CHECK(read_ca(table, entry));
  RF_CHECK(read_client(table, entry));
  RF_CHECK(read_headers(table, entry));
  RF_CHECK(read_dial_timeout(table, entry));
  read_rewrites(table, entry);
  return entry;
}

}  // namespace rf
