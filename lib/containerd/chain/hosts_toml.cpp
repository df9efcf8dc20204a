#include "containerd/chain/hosts_toml.h"

#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <set>

#include "base/secret.h"
#include "base/text.h"
#include "containerd/chain/host_fields.h"
#include "containerd/config/features.h"
#include "containerd/toml/go_toml_v1.h"
#include "containerd/toml/toml_document.h"
#include "containerd/toml/toml_statements.h"

namespace rf {
namespace {

// A host in the order containerd lists it.
struct Listed {
  std::string name;
  int line = 0;
};

// 2.x: one entry for every run of [host."X"...] headers of the same X; nothing else is listed.
std::vector<Listed> listed_by_headers(const std::vector<TomlStatement>& statements) {
  std::vector<Listed> hosts;
  std::map<std::string, int, std::less<>> first_line;
  std::string last;
  for (const auto& statement : statements) {
    if (statement.kind != TomlStatement::Kind::table || statement.key.size() < 2 || statement.key[0] != "host" ||
        statement.key[1] == last)
      continue;
    last = statement.key[1];
    hosts.push_back({last, first_line.try_emplace(last, statement.line).first->second});
  }
  return hosts;
}

// 1.x: every key below `host` by the line it is first seen on, however it is written; but an inline table has line 0
// for go-toml 1 and so comes before all others. Several of those come in another order at every pull; here they are in
// that of the file.
std::vector<Listed> listed_by_line(const std::vector<TomlStatement>& statements, const TomlNode& hosts) {
  std::vector<Listed> in_line;
  std::vector<Listed> listed;
  std::set<std::string, std::less<>> seen;
  const auto add = [&](std::vector<Listed>& to, const std::string& name, int line) {
    if (seen.insert(name).second) to.push_back({name, line});
  };
  std::vector<std::string> table;
  for (const auto& statement : statements) {
    const bool is_key = statement.kind == TomlStatement::Kind::key_value;
    auto key = is_key ? table : std::vector<std::string>{};
    key.insert(key.end(), statement.key.begin(), statement.key.end());
    if (!is_key) table = statement.key;
    if (key.size() >= 2 && key[0] == "host") add(is_key && key.size() == 2 ? in_line : listed, key[1], statement.line);
    if (key.size() == 1 && key[0] == "host" && is_key) {
      std::vector<std::pair<std::pair<int, int>, std::string>> inside;  // host = { ... }
      for (const auto& [name, node] : hosts.entries) inside.push_back({{node.where.line, node.where.column}, name});
      std::sort(inside.begin(), inside.end());
      for (const auto& [at, name] : inside) add(in_line, name, at.first);
    }
  }
  in_line.insert(in_line.end(), listed.begin(), listed.end());
  return in_line;
}

// What containerd's TOML reader does not take although the text is TOML.
std::optional<HostsFault> reader_fault(std::string_view text, const std::vector<TomlStatement>& statements, bool v2) {
  if (v2 && text.starts_with("\xEF\xBB\xBF"))
    return HostsFault{IgnoredKind::byte_order_mark,
                      dropped_hosts_file("toml: the file begins with a byte order mark", 1)};
  if (const auto* bracket = v2 ? nullptr : bracket_in_header(statements))
    return HostsFault{IgnoredKind::bracket_in_header,
                      dropped_hosts_file(fmt::format("failed to parse TOML: {}", bracket_refusal), bracket->line)};
  return std::nullopt;
}

Result<TomlNode> parse_document(std::string_view text, bool v2) {
  auto parsed = v2 ? parse_toml(text, "") : parse_go_toml_v1(text, "");
  if (parsed || parsed.error().kind == ErrorKind::unreadable) return parsed;
  const auto& error = parsed.error();
  return dropped_hosts_file(fmt::format("{}: {}", v2 ? "toml" : "failed to parse TOML", error.message),
                            error.where ? error.where->line : 0);
}

// Go decodes a second spelling of a table over the first.
void decode_over(TomlNode& table, const TomlNode& later) {
  for (const auto& [key, node] : later.entries) {
    auto& slot = table.entries[key];
    if (slot.is_table() && node.is_table())
      decode_over(slot, node);
    else
      slot = node;
  }
}

// The table of hosts as Go sees it. go-toml 1 looks for a key spelled exactly `host`; 2 decodes every spelling into the
// same map. Nothing when there is none; a node that is no table when it cannot be decoded.
std::optional<TomlNode> hosts_of(const TomlNode& root, const std::vector<TomlStatement>& statements,
                                 const HostFieldReader& reader) {
  if (!reader.has(Feature::toml_v2)) {
    if (const auto* exact = root.find("host")) return *exact;
    const bool opened = std::any_of(statements.begin(), statements.end(), [](const auto& statement) {
      return statement.kind == TomlStatement::Kind::table && !statement.key.empty() && statement.key[0] == "host";
    });
    return opened ? std::optional(TomlNode{}) : std::nullopt;  // tables without keys vanish in with_keys_from_the_root
  }
  std::optional<TomlNode> hosts;
  for (const auto& [name, node] : root.entries) {
    if (!reader.names(name, "host")) continue;
    if (!hosts || !node.is_table())
      hosts = node;
    else if (hosts->is_table())
      decode_over(*hosts, node);
  }
  return hosts;
}

struct KnownKey {
  std::string_view name;
  std::optional<Feature> since;
};
const std::vector<KnownKey>& known_keys() {
  static const std::vector<KnownKey> keys{{"capabilities", {}},
                                          {"ca", {}},
                                          {"client", {}},
                                          {"skip_verify", {}},
                                          {"header", {}},
                                          {"override_path", Feature::override_path},
                                          {"dial_timeout", Feature::dial_timeout}};
  return keys;
}

// 1.x sorts the entries of `host` by their lines and takes each for a table: its whole process ends where one of
// several is none.
Result<void> check_sorting(const TomlNode& hosts) {
  if (hosts.entries.size() < 2) return {};
  for (const auto& [name, node] : hosts.entries)
    if (!node.is_table())
      return Error{
          .kind = ErrorKind::runtime,
          .message = fmt::format(
              "containerd crashes: panic: interface conversion: interface {{}} is {}, not *toml.Tree", go_type(node)),
          .hint = fmt::format(
              "{} is written below [host] but is not a host; write keys such as server before the first header", name),
          .where = node.where};
  return {};
}

enum class Level { root, host };
void note_ignored_keys(const TomlNode& table, Level level, const HostFieldReader& reader, HostsFile& file) {
  std::vector<std::string_view> names;
  for (const auto& key : known_keys()) names.push_back(key.name);
  if (level == Level::root) names.insert(names.end(), {"server", "host"});
  for (const auto& [name, node] : table.entries) {
    const std::string_view written = name;
    const auto known = std::find_if(known_keys().begin(), known_keys().end(),
                                    [&](const auto& key) { return reader.names(written, key.name); });
    const int line = node.where.line;
    if (known != known_keys().end()) {
      if (known->since && !reader.has(*known->since))
        file.ignored.push_back(
            {line, fmt::format("this containerd does not support {}", name), IgnoredKind::key_too_new, {.key = name}});
      continue;
    }
    if (level == Level::root && (reader.names(name, "server") || reader.names(name, "host"))) continue;
    if (level == Level::host && lower(name) == "server") {
      file.ignored.push_back(
          {line,
           "server is written after a [host] table and so belongs to that host, which has no such key; write it before "
           "the first header",
           IgnoredKind::server_after_host});
      continue;
    }
    const auto near = nearest(name, names);
    file.ignored.push_back(
        {line,
         fmt::format("unknown key {}{}", name, near.empty() ? "" : fmt::format("; did you mean {}?", near)),
         IgnoredKind::unknown_host_key,
         {.key = name}});
  }
}

void note_unlisted_hosts(const TomlNode& hosts, const std::vector<Listed>& listed, HostsFile& file) {
  for (const auto& [name, node] : hosts.entries) {
    const auto& key = name;  // clang 14 captures no structured binding
    const bool found = std::any_of(listed.begin(), listed.end(), [&](const Listed& host) { return host.name == key; });
    if (!found)
      file.ignored.push_back(
          {node.where.line,
           fmt::format("{} is not tried: containerd 2 lists only hosts with a table header [host.\"URL\"]",
                       masked_url(name)),
           IgnoredKind::inline_host,
           {.url = masked_url(name)}});
  }
}

// Of one entry: a capability that is not known, or a value.
HostsFault entry_fault(Error error, const TomlNode& table, const HostFieldReader& reader) {
  if (error.kind != ErrorKind::unsupported) return {IgnoredKind::wrong_value, std::move(error)};
  return {IgnoredKind::unknown_capability, std::move(error), reader.unknown_capability(table).value_or("")};
}

std::optional<HostsFault> read_hosts(const TomlNode& hosts, const std::vector<Listed>& listed,
                                     const HostFieldReader& reader, HostsFile& file) {
  for (const auto& [name, node] : hosts.entries) {
    if (!node.is_table())
      return HostsFault{IgnoredKind::wrong_value,
                        dropped_hosts_file(fmt::format("host {} is not a table", masked_url(name)), node.where.line)};
    if (auto checked = reader.check_types(node); !checked)
      return HostsFault{IgnoredKind::wrong_value, std::move(checked).error()};
  }
  static const TomlNode none;
  for (const auto& each : listed) {
    const auto* table = hosts.find(each.name);
    auto entry = reader.entry(each.name, table == nullptr ? none : *table);
    if (!entry) {
      if (!entry.error().where) entry.error().where = Location{{}, each.line, 0};
      return entry_fault(std::move(entry).error(), table == nullptr ? none : *table, reader);
    }
    entry->line = each.line;
    file.entries.push_back(*std::move(entry));
  }
  for (const auto& [name, node] : hosts.entries) note_ignored_keys(node, Level::host, reader, file);
  note_unlisted_hosts(hosts, listed, file);
  return std::nullopt;
}

}  // namespace

std::vector<std::string> all_capabilities(const Version& containerd) {
  std::vector<std::string> all{"pull", "resolve", "push"};
  if (has_feature(containerd, Feature::referrers)) all.emplace_back("referrers");
  return all;
}

std::variant<HostsFile, HostsFault> read_hosts_toml(std::string_view file_text, std::string_view directory,
                                                    const Version& containerd) {
  const HostFieldReader reader(directory, containerd);
  const bool v2 = reader.has(Feature::toml_v2);
  const auto text = v2 ? std::string(file_text) : with_literal_header_keys(file_text);
  const auto statements = v2 ? toml_statements(text) : statements_of_go_toml_v1(text);
  if (auto fault = reader_fault(text, statements, v2)) return *std::move(fault);
  auto root = parse_document(text, v2);
  if (!root) return HostsFault{IgnoredKind::not_toml, std::move(root).error()};
  const auto hosts = hosts_of(*root, statements, reader);
  if (!hosts && !reader.has(Feature::no_host_table))
    return HostsFault{IgnoredKind::no_host_table, dropped_hosts_file("invalid `host` tree")};
  if (hosts && !hosts->is_table())
    return HostsFault{v2 ? IgnoredKind::wrong_value : IgnoredKind::no_host_table,
                      dropped_hosts_file(v2 ? "toml: host is not a table" : "invalid `host` tree", hosts->where.line)};
  HostsFile file;
  if (hosts) {
    if (auto sorted = v2 ? Result<void>{} : check_sorting(*hosts); !sorted)
      return HostsFault{IgnoredKind::crash, std::move(sorted).error()};
    const auto listed = v2 ? listed_by_headers(statements) : listed_by_line(statements, *hosts);
    if (auto fault = read_hosts(*hosts, listed, reader, file)) return *std::move(fault);
  }
  const auto server = reader.string(*root, "server", "Server");
  if (!server) return HostsFault{IgnoredKind::wrong_value, server.error()};
  auto last = reader.entry(*server, *root);
  if (!last) return entry_fault(std::move(last).error(), *root, reader);
  if (const auto* written = reader.find(*root, "server")) last->line = written->where.line;
  note_ignored_keys(*root, Level::root, reader, file);
  if (const auto* capabilities = reader.find(*root, "capabilities"); capabilities != nullptr && last->host.empty())
    file.ignored.push_back({capabilities->where.line, "without server, the registry itself keeps every capability",
                            IgnoredKind::root_capabilities});
  std::sort(file.ignored.begin(), file.ignored.end());
  file.entries.push_back(*std::move(last));
  return file;
}

Result<HostsFile> parse_hosts_toml(std::string_view text, std::string_view directory, const Version& containerd) {
  auto read = read_hosts_toml(text, directory, containerd);
  if (auto* fault = std::get_if<HostsFault>(&read)) return std::move(fault->error);
  return std::get<HostsFile>(std::move(read));
}

}  // namespace rf
