#include "containerd/chain/hosts_toml_write.h"

#include <set>
#include <string>

#include "base/text.h"
#include "containerd/go/go_url.h"
#include "containerd/toml/toml_write.h"

namespace rf {
namespace {

// The URL of an entry that no other of the file has.
std::string spelled(const HostEntry& entry, std::set<std::string>& used) {
  const auto base = entry.scheme + "://" + entry.host;
  const auto path = escape_path(replace_all(entry.path, "%", "%25"));
  std::string url = path == "/v2" ? base : base + path;
  if (used.insert(url).second) return url;
  url = base + path;
  while (!used.insert(url).second) url += "/";
  return url;
}

Content header_value(const Header& header) {
  const auto quoted = [&](const std::string& value) {
    return (is_secret(header.name, value) ? Content(Secret(value)) : Content(value)).as(toml_quote);
  };
  if (header.values.size() == 1) return quoted(header.values.front());
  Content list = "[";
  for (const auto& value : header.values) {
    if (&value != &header.values.front()) list += ", ";
    list += quoted(value);
  }
  list += "]";
  return list;
}

// Pairs of files, or files that hold both: containerd takes either.
std::string client_list(const std::vector<std::pair<std::string, std::string>>& client) {
  std::vector<std::string> items;
  for (const auto& [certificate, key] : client)
    items.push_back(key.empty() ? toml_quote(certificate) : toml_list({certificate, key}));
  return "[" + join(items, ", ") + "]";
}

// `table` is that of the host: "", "host.\"URL\".".
Content fields(const HostEntry& entry, std::string_view table, std::string_view indent) {
  // All of them: a new field is written here too.
  const auto& [scheme, host, path, rewrites, capabilities, ca, client, skip_verify, headers, dial_timeout, line] =
      entry;
  Content out;
  const auto field = [&](std::string_view key, std::string_view value) {
    out += fill("{}{} = {}\n", {indent, key, value});
  };
  if (!host.empty() && !capabilities.empty()) field("capabilities", toml_list(capabilities));
  // containerd appends /v2 to a path unless it ends in it already.
  if (!host.empty() && !path.ends_with("/v2")) field("override_path", "true");
  if (ca) field("ca", toml_list(*ca));
  if (!client.empty()) field("client", client_list(client));
  if (skip_verify) field("skip_verify", *skip_verify ? "true" : "false");
  if (dial_timeout) field("dial_timeout", toml_quote(*dial_timeout));
  if (!headers.empty()) out += fill("{}[{}header]\n", {indent, table});
  for (const auto& header : headers)
    out += fill("{}  {} = {}\n", {indent, toml_quote(header.name), header_value(header)});
  if (!rewrites.empty()) out += fill("{}[{}rewrite]\n", {indent, table});
  for (const auto& [pattern, replacement] : rewrites)
    out += fill("{}  {} = {}\n", {indent, toml_quote(pattern), toml_quote(replacement)});
  return out;
}

}  // namespace

HostEntry registry_itself() { return {}; }

Content write_hosts_toml(std::string_view head, const std::vector<HostEntry>& entries) {
  Content out = head;
  const auto& last = entries.back();
  Content root;
  if (std::set<std::string> alone; !last.host.empty())
    root += fill("server = {}\n", {toml_quote(spelled(last, alone))});
  root += fields(last, "", "");
  if (!root.text().empty()) out += fill("\n{}", {root});
  if (entries.size() == 1) out += "\n[host]\n";  // containerd 1.x drops a file without a host table
  std::set<std::string> used;
  for (auto entry = entries.begin(); entry + 1 != entries.end(); ++entry) {
    const auto table = "host." + toml_quote(spelled(*entry, used));
    out += fill("\n[{}]\n", {table});
    out += fields(*entry, table + ".", "  ");
  }
  return out;
}

}  // namespace rf
