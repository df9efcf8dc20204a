#include "containerd/pull/registry_family.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "containerd/toml/toml_document.h"

namespace rf {
namespace {

using Takes = RegistryFamily::Takes;

constexpr std::array<std::pair<std::string_view, Takes>, 3> takes_words{{
    {"basic", Takes::basic},
    {"static-bearer", Takes::static_bearer},
    {"token-service", Takes::token_service},
}};

Error bad_family(const TomlNode& node, std::string message) {
  return {.kind = ErrorKind::parse, .message = std::move(message), .where = node.where};
}

// "*" stands for one part of a name or more: *.pkg.dev, *.dkr.ecr.*.amazonaws.com.
bool host_matches(std::string_view pattern, std::string_view host) {
  const auto star = pattern.find('*');
  if (star == pattern.npos) return pattern == host;
  if (!host.starts_with(pattern.substr(0, star))) return false;
  const auto rest = pattern.substr(star + 1);
  for (auto at = star + 1; at <= host.size(); ++at)
    if (host_matches(rest, host.substr(at))) return true;
  return false;
}

Result<std::vector<std::string>> hosts_of(const TomlNode& list) {
  std::vector<std::string> hosts;
  for (const auto& item : list.items) {
    if (!item.is_string() || item.text.empty()) return bad_family(item, "a host is expected");
    hosts.push_back(item.text);
  }
  if (hosts.empty()) return bad_family(list, "at least one host is expected");
  return hosts;
}

Result<RegistryFamily> family_from(const TomlNode& root) {
  RegistryFamily family;
  bool told = false;
  for (const auto& [key, node] : root.entries) {
    if (key == "hosts") {
      RF_TRY(family.hosts, hosts_of(node));
    } else if (!node.is_string()) {
      return bad_family(node, fmt::format("a string is expected for `{}`", key));
    } else if (key == "title") {
      family.title = node.text;
    } else if (key == "public") {
      if (node.text != "static-bearer") return bad_family(node, "static-bearer is expected");
      family.public_by_bearer = true;
    } else if (key == "unknown_repository") {
      if (node.text != "refused" && node.text != "ignored") return bad_family(node, "refused or ignored is expected");
      family.refuses_unknown_repository = node.text == "refused";
    } else if (key == "credentials") {
      const auto& wanted = node.text;
      const auto known = std::find_if(takes_words.begin(), takes_words.end(),
                                      [&wanted](const auto& word) { return word.first == wanted; });
      if (known == takes_words.end()) return bad_family(node, "basic, static-bearer or token-service is expected");
      family.takes = known->second;
      told = true;
    } else {
      return bad_family(node, fmt::format("unknown key `{}`", key));
    }
  }
  if (family.title.empty() || family.hosts.empty() || !told)
    return bad_family(root, "`title`, `hosts` and `credentials` are needed");
  return family;
}

}  // namespace

Result<std::vector<RegistryFamily>> load_registry_families(std::span<const embedded::File> files) {
  std::vector<RegistryFamily> families;
  for (const auto& file : files) {
    RF_TRY(const auto root, parse_toml(file.content, file.path));
    RF_TRY(auto family, family_from(root));
    families.push_back(std::move(family));
  }
  return families;
}

const RegistryFamily* registry_family(std::string_view host) {
  static const auto families = load_registry_families(embedded::registries());
  if (!families) std::abort();  // the files are part of the program, and a test reads them
  for (const auto& family : *families)
    for (const auto& pattern : family.hosts)
      if (host_matches(pattern, host)) return &family;
  return nullptr;
}

}  // namespace rf
