#include "plan/registries_yaml/registries_yaml_parts.h"

#include <fmt/format.h>

#include "base/text.h"
#include "plan/registries_yaml/registries_yaml_edit.h"
#include "plan/registries_yaml/yaml_lines.h"

namespace rf {
namespace {

void indent_into(std::vector<std::string>& target, const std::vector<std::string>& lines) {
  for (const auto& line : lines) target.push_back("  " + line);
}

void add_value(std::vector<std::string>& target, std::string_view key, std::string_view value) {
  if (!value.empty()) target.push_back(fmt::format("  {}: {}", key, yaml_quote(value)));
}

// `- "http://m"  # comment` -> http://m; nothing for an item that is not one plain line.
std::optional<std::string> item_value(std::string_view line) {
  auto text = trim(line);
  if (!text.starts_with('-')) return std::nullopt;
  text = trim(text.substr(1));
  if (text.empty()) return std::nullopt;
  if (text.front() == '"' || text.front() == '\'') {
    const auto end = text.find(text.front(), 1);
    const auto inside = end == text.npos ? std::string_view{} : text.substr(1, end - 1);
    return inside.empty() || inside.find('\\') != inside.npos ? std::nullopt : std::optional(std::string(inside));
  }
  if (std::string_view("&*![{|>").find(text.front()) != std::string_view::npos) return std::nullopt;
  return std::string(trim(text.substr(0, text.find(" #"))));
}

bool same_endpoint(const std::string& a, const std::string& b) {
  return a == b || (!registries_yaml_url(a).empty() && registries_yaml_url(a) == registries_yaml_url(b));
}

struct Item {
  std::vector<std::string> comments;  // the full-line comments above it
  std::string line;
  std::string value;
  bool used = false;
};

}  // namespace

std::string key_line(std::string_view key, OurMark mark) {
  return mark == OurMark::yes ? fmt::format("{}:  {}", key, registries_yaml_mark) : fmt::format("{}:", key);
}

std::vector<std::string> endpoint_lines(const std::vector<std::string>& endpoints, OurMark mark) {
  std::vector<std::string> out{key_line("endpoint", mark)};
  for (const auto& endpoint : endpoints) out.push_back(fmt::format("  - {}", yaml_quote(endpoint)));
  return out;
}

std::vector<std::string> mirror_lines(const std::string& host, const std::vector<std::string>& endpoints,
                                      OurMark mark) {
  std::vector<std::string> out{key_line(yaml_quote(host), mark)};
  indent_into(out, endpoint_lines(endpoints, OurMark::no));
  return out;
}

std::vector<std::string> auth_lines(const RegistriesYamlAuth& auth, OurMark mark) {
  std::vector<std::string> out{key_line("auth", mark)};
  add_value(out, "username", auth.username);
  add_value(out, "password", auth.password.expose());
  add_value(out, "auth", auth.auth.expose());
  add_value(out, "identity_token", auth.identity_token.expose());
  return out;
}

std::vector<std::string> tls_lines(const RegistriesYamlTls& tls, OurMark mark) {
  std::vector<std::string> out{key_line("tls", mark)};
  add_value(out, "ca_file", tls.ca_file);
  add_value(out, "cert_file", tls.cert_file);
  add_value(out, "key_file", tls.key_file);
  if (tls.insecure_skip_verify)
    out.push_back("  insecure_skip_verify: true");
  else if (out.size() == 1)
    out.push_back("  insecure_skip_verify: false");  // an empty `tls:` would say nothing
  return out;
}

std::vector<std::string> config_lines(const std::string& host, const RegistriesYamlConfig& config, OurMark mark) {
  std::vector<std::string> out{key_line(yaml_quote(host), mark)};
  if (config.auth) indent_into(out, auth_lines(*config.auth, OurMark::no));
  if (config.tls) indent_into(out, tls_lines(*config.tls, OurMark::no));
  return out;
}

std::string flow_list(const std::vector<std::string>& items) {
  std::vector<std::string> quoted;
  for (const auto& item : items) quoted.push_back(yaml_quote(item));
  return fmt::format("[{}]", join(quoted, ", "));
}

Result<std::vector<std::string>> changed_items(const std::vector<std::string>& old,
                                               const std::vector<std::string>& wanted, std::size_t indent) {
  std::vector<Item> items;
  std::vector<std::string> comments;
  for (const auto& line : old) {
    if (is_blank_or_comment(line)) {
      comments.push_back(line);
      continue;
    }
    auto value = item_value(line);
    if (!value)
      return Error{.kind = ErrorKind::refused,
                   .message = fmt::format("an item of this list is not one plain line: {}", trim(line)),
                   .hint = "write every endpoint as `- \"URL\"` on a line of its own"};
    if (items.empty()) indent = indentation(line);
    items.push_back({std::move(comments), line, std::move(*value), false});
    comments.clear();
  }
  std::vector<std::string> out;
  for (const auto& endpoint : wanted) {
    Item* kept = nullptr;
    for (auto& item : items)
      if (!kept && !item.used && same_endpoint(item.value, endpoint)) kept = &item;
    if (kept) {
      kept->used = true;
      out.insert(out.end(), kept->comments.begin(), kept->comments.end());
      out.push_back(kept->line);
    } else {
      out.push_back(std::string(indent, ' ') + "- " + yaml_quote(endpoint));
    }
  }
  for (const auto& item : items)
    if (!item.used) out.insert(out.end(), item.comments.begin(), item.comments.end());
  return out;
}

}  // namespace rf
