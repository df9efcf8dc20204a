#include "report/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"

namespace rf {
namespace {

// The registry a directory below config_path is for: "docker.io", "anubis_32000_" and "anubis:32000", "_default".
std::string registry_of(std::string name) {
  if (name == "_default") return "*";
  if (name.size() > 2 && name.back() == '_') {
    const auto before = name.rfind('_', name.size() - 2);
    const auto digits = before == std::string::npos ? std::string() : name.substr(before + 1, name.size() - before - 2);
    if (!digits.empty() && digits.find_first_not_of("0123456789") == std::string::npos) return name.substr(0, before) + ":" + digits;
  }
  return name;
}

std::string short_url(const ChainEndpoint& endpoint) {
  return endpoint.path == "/v2" ? endpoint.scheme + "://" + endpoint.host : endpoint.url();
}

}  // namespace

Value error_value(const std::optional<Error>& error) {
  if (!error) return {};
  Value where;
  if (error->where) {
    where = Value::object({{"file", error->where->file}, {"line", error->where->line}, {"column", error->where->column}});
  }
  return Value::object({{"kind", to_string(error->kind)},
                        {"message", error->message},
                        {"hint", Value::or_null(error->hint)},
                        {"where", where},
                        {"while", Value::strings(error->trace)}});
}

Value chain_value(const Chain& chain) {
  Value endpoints = Value::array();
  for (const auto& endpoint : chain.endpoints) endpoints.push(endpoint.url());
  return Value::object({{"registry", chain.registry}, {"endpoints", endpoints}, {"error", chain.error}});
}

Value receipt_value(const ReceiptSummary& receipt) {
  Value files = Value::array();
  for (const auto& file : receipt.files) {
    files.push(Value::object({{"path", file.path}, {"before_sha256", file.before == "-" ? Value() : Value(file.before)},
                              {"after_sha256", file.after == "-" ? Value() : Value(file.after)}}));
  }
  return Value::object({{"sequence", receipt.sequence},
                        {"id", receipt.id},
                        {"time", Value::or_null(receipt.time)},
                        {"result", receipt.result},
                        {"version", Value::or_null(receipt.tool_version)},
                        {"reason", Value::or_null(receipt.reason)},
                        {"files", files}});
}

std::string chain_text(const Chain& chain) {
  if (chain.error) return "fails: " + *chain.error;
  std::vector<std::string> urls;
  for (const auto& endpoint : chain.endpoints) urls.push_back(short_url(endpoint));
  return urls.empty() ? "nothing" : join(urls, " -> ");
}

std::vector<Chain> configured_chains(const Facts& facts, const Detection& detection) {
  std::set<std::string> names;
  for (const auto& root : detection.config.hosts_roots) {
    for (const auto& name : facts.tree.list(root)) {
      const auto* entry = facts.tree.stat(join_path(root, name));
      const bool directory = entry && entry->kind == FileEntry::Kind::directory;
      if (directory && name != "_backup") names.insert(registry_of(name));
    }
  }
  for (const auto& [name, mirror] : detection.config.mirrors) names.insert(name);
  const bool others = names.erase("*") > 0;
  std::vector<Chain> chains;
  for (const auto& name : names) chains.push_back(resolve_chain(facts.tree, detection.config, name));
  if (others) {
    // A registry nobody can have configured shows what all others get.
    auto chain = resolve_chain(facts.tree, detection.config, "any-other-registry.invalid");
    chain.registry = "*";
    chains.push_back(std::move(chain));
  }
  return chains;
}

}  // namespace rf
