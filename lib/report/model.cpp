#include "report/model.h"

#include <fmt/format.h>

#include "base/text.h"
#include "containerd/chain/hosts_dir.h"

namespace rf {

std::string short_url(const ChainEndpoint& endpoint) {
  const bool bare = endpoint.path == "/v2" && !is_unnamed(endpoint.host);
  return bare ? endpoint.scheme + "://" + endpoint.host : shown_url(endpoint);
}

Value error_value(const std::optional<Error>& error) {
  if (!error) return {};
  Value where;
  if (error->where) {
    where =
        Value::object({{"file", error->where->file}, {"line", error->where->line}, {"column", error->where->column}});
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
    files.push(Value::object({{"path", file.path},
                              {"before_sha256", file.before == "-" ? Value() : Value(file.before)},
                              {"after_sha256", file.after == "-" ? Value() : Value(file.after)}}));
  }
  return Value::object({{"sequence", receipt.sequence},
                        {"id", receipt.id},
                        {"time", Value::or_null(receipt.time)},
                        {"result", to_string(receipt.result)},
                        {"version", Value::or_null(receipt.tool_version)},
                        {"reason", Value::or_null(receipt.reason)},
                        {"run", Value::or_null(receipt.run)},
                        {"by", Value::or_null(receipt.by)},
                        {"undoes", Value::strings(receipt.undoes)},
                        {"files", files}});
}

std::string chain_text(const Chain& chain) {
  if (chain.error) return "fails: " + *chain.error;
  if (chain.unread) return to_string(*chain.unread->where) + ": " + chain.unread->message;
  std::vector<std::string> urls;
  for (const auto& endpoint : chain.endpoints)
    urls.push_back(endpoint.host == unnamed_registry ? "the registry itself" : short_url(endpoint));
  return urls.empty() ? "nothing" : join(urls, " -> ");
}

std::vector<Chain> configured_chains(const Facts& facts, const Detection& detection) {
  std::vector<Chain> chains;
  std::optional<Chain> others;
  for (const auto& name : configured_registries(facts.tree, detection.config)) {
    auto chain = resolve_chain(facts.tree, detection.config, name == "*" ? unnamed_registry : std::string_view(name));
    chain.registry = name;
    if (name == "*")
      others = std::move(chain);
    else
      chains.push_back(std::move(chain));
  }
  if (others) chains.push_back(*std::move(others));
  return chains;
}

}  // namespace rf
