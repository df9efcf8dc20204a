#include "report/explain.h"

#include <fmt/format.h>
#include <algorithm>

#include "base/names.h"
#include "base/secret.h"
#include "base/text.h"

namespace rf {
namespace {

// Of a header of an endpoint or of the registry table.
template <class AnyHeader>
std::vector<std::string> shown_values(const AnyHeader& header) {
  if (!is_secret(header.name, join(header.values, ", "))) return header.values;
  std::vector<std::string> masked;
  for (const auto& value : header.values) masked.push_back(Secret(value).masked());
  return masked;
}

template <class AnyHeader>
Value headers_value(const std::vector<AnyHeader>& headers) {
  auto all = Value::object({});
  for (const auto& header : headers) all.set(header.name, Value::strings(shown_values(header)));
  return all;
}

Value location_value(const std::optional<Location>& location) {
  if (!location) return {};
  return Value::object({{"file", location->file}, {"line", location->line}});
}

Value rewrites_value(const Rewrites& rewrites) {
  auto all = Value::object({});
  for (const auto& [pattern, replacement] : rewrites) all.set(pattern, replacement);
  return all;
}

std::optional<std::string> proxy_url(const Explanation& explanation, const ChainEndpoint& endpoint) {
  const auto proxy = proxy_of(explanation.proxy, endpoint.scheme, endpoint.host);
  return proxy ? std::optional(proxy->url) : std::nullopt;
}

Value endpoint_value(const Explanation& explanation, const ChainEndpoint& endpoint) {
  auto clients = Value::array();
  for (const auto& [certificate, key] : endpoint.client) {
    auto pair = Value::array();
    pair.push(certificate);
    pair.push(key);
    clients.push(std::move(pair));
  }
  return Value::object({{"scheme", endpoint.scheme},
                        {"host", endpoint.host},
                        {"path", endpoint.path},
                        {"rewrites", rewrites_value(endpoint.rewrites)},
                        {"capabilities", Value::strings(endpoint.capabilities)},
                        {"skip_verify", endpoint.skip_verify},
                        {"http_fallback", endpoint.http_fallback},
                        {"ca", Value::strings(endpoint.ca)},
                        {"client", std::move(clients)},
                        {"headers", headers_value(endpoint.headers)},
                        {"headers_sent_to_token_server", endpoint.headers_sent_to_token_server},
                        {"dial_timeout", endpoint.dial_timeout},
                        {"credentials", Value::or_null(endpoint.credentials)},
                        {"proxy", proxy_url(explanation, endpoint)},
                        {"source", location_value(endpoint.source)}});
}

Value condition_value(const std::optional<NodeCondition>& condition) {
  if (!condition) return {};
  return Value::object({{"kind", to_string(condition->kind)},
                        {"message", condition->error.message},
                        {"source", location_value(condition->error.where)},
                        {"hint", Value::or_null(condition->error.hint)}});
}

Value error_value(const std::optional<std::string>& error) {
  if (!error) return {};
  return Value::object({{"message", *error}});
}

// Text from a node on its way to a terminal.
std::string safe(std::string_view text) { return terminal_safe(text); }

bool lacks(const ChainEndpoint& endpoint, std::string_view capability) {
  return std::find(endpoint.capabilities.begin(), endpoint.capabilities.end(), capability) ==
         endpoint.capabilities.end();
}

std::vector<std::string> endpoint_notes(const ChainEndpoint& endpoint) {
  std::vector<std::string> notes;
  if (endpoint.path.starts_with("/v2/") && endpoint.path.ends_with("/v2"))
    notes.emplace_back("/v2 appears twice in its path: override_path = true takes the URL as written");
  if (is_hub_web_page(endpoint.host))
    notes.push_back(fmt::format("serves web pages, not images: Docker Hub's registry is {}", hub_api));
  for (const auto& [pattern, replacement] : endpoint.rewrites)
    notes.push_back(fmt::format("rewrites the repository: {} to {}", pattern, replacement));
  if (lacks(endpoint, "resolve") || lacks(endpoint, "pull"))
    notes.push_back(
        fmt::format("may only {}: not asked for tags, but still asked for content", join(endpoint.capabilities, ", ")));
  if (endpoint.http_fallback) notes.emplace_back("https first; plain http if the server does not speak TLS");
  if (endpoint.skip_verify && endpoint.scheme == "https") notes.emplace_back("its certificate is not verified");
  for (const auto& ca : endpoint.ca) notes.push_back("CA " + ca);
  for (const auto& [certificate, key] : endpoint.client)
    notes.push_back(fmt::format("client certificate {}", certificate));
  for (const auto& header : endpoint.headers)
    notes.push_back(fmt::format("header {}: {}{}", header.name, join(shown_values(header), ", "),
                                endpoint.headers_sent_to_token_server ? " (sent to its token server too)" : ""));
  if (endpoint.dial_timeout) notes.push_back("gives up connecting after " + *endpoint.dial_timeout);
  if (!endpoint.credentials.empty()) notes.push_back("credentials: " + endpoint.credentials);
  if (endpoint.scheme == "http" && !endpoint.credentials.empty())
    notes.emplace_back("these credentials are sent in clear text");
  return notes;
}

std::string reason_of(const Explanation& explanation, const ChainEndpoint& endpoint) {
  if (endpoint.source) return to_string(*endpoint.source);
  if (explanation.chain.hosts_dir) return "the registry itself: containerd appends it because no server is set";
  return "the registry itself: nothing is configured for it";
}

std::string where_from(const Explanation& explanation) {
  const auto& config = explanation.config;
  if (explanation.chain.hosts_dir) return safe(*explanation.chain.hosts_dir);
  if (!config.mirrors.empty() && config.config_path.empty())
    return "legacy mirror blocks of " + safe(config.config_file);
  if (config.hosts_roots.empty()) return "no directory: config_path is not set";
  return fmt::format("no directory for {} under {}", safe(explanation.chain.registry),
                     safe(join(config.hosts_roots, ", ")));
}

std::string condition_lines(const NodeCondition& condition, const TextStyle& style) {
  const auto& error = condition.error;
  const bool nothing = condition.kind == NodeCondition::Kind::serves_nothing;
  auto out = fmt::format("  {} {}{}\n", style.paint(Emphasis::bad, nothing ? "serves no images:" : "warning:"),
                         error.where ? safe(to_string(*error.where)) + ": " : "", safe(error.message));
  if (!nothing) out += "  until then it pulls by what it rendered when it was last started, which is shown here\n";
  if (!error.hint.empty()) out += "  hint: " + safe(error.hint) + "\n";
  return out + "\n";
}

std::string request_lines(const Explanation& explanation, const TextStyle& style) {
  std::string out = "\nrequests\n";
  const auto& requests = explanation.prediction.requests;
  for (std::size_t i = 0; i < requests.size();) {
    std::size_t same = 1;
    while (i + same < requests.size() && requests[i + same] == requests[i]) ++same;
    const auto& request = requests[i];
    i += same;
    if (!request.reached) continue;
    const bool good = request.assumed.starts_with('2');
    out += fmt::format("  {:<8}  {:<4}  {}  {}{}\n", request.step, request.method, safe(request.url),
                       style.paint(good ? Emphasis::good : Emphasis::warn, request.assumed),
                       same > 1 ? fmt::format("  ({} times)", same) : "");
  }
  return out;
}

}  // namespace

Value explain_value(const Explanation& explanation) {
  const auto& chain = explanation.chain;
  auto ignored = Value::array();
  for (const auto& item : chain.ignored)
    ignored.push(Value::object(
        {{"path", item.path}, {"line", item.line > 0 ? Value(item.line) : Value()}, {"reason", item.reason}}));
  auto endpoints = Value::array();
  for (const auto& endpoint : chain.endpoints) endpoints.push(endpoint_value(explanation, endpoint));
  auto requests = Value::array();
  for (const auto& request : explanation.prediction.requests)
    requests.push(Value::object({{"step", request.step},
                                 {"method", request.method},
                                 {"url", request.url},
                                 {"assumed", request.assumed},
                                 {"reached", request.reached}}));
  return Value::object({{"schema", "regfallback.explain/v1"},
                        {"node", Value::or_null(explanation.node)},
                        {"image", to_string(explanation.image)},
                        {"registry", chain.registry},
                        {"containerd", to_string(explanation.config.containerd)},
                        {"pull_mode", to_string(explanation.config.pull_mode)},
                        {"pull_mode_reason", Value::or_null(explanation.config.pull_mode_reason)},
                        {"condition", condition_value(explanation.condition)},
                        {"hosts_dir", chain.hosts_dir},
                        {"error", error_value(chain.error)},
                        {"ignored", std::move(ignored)},
                        {"endpoints", std::move(endpoints)},
                        {"registry_headers", headers_value(explanation.config.headers)},
                        {"requests", std::move(requests)},
                        {"verdict", explanation.prediction.verdict}});
}

std::string explain_text(const Explanation& explanation, const TextStyle& style) {
  const auto& chain = explanation.chain;
  auto out = style.paint(Emphasis::strong, safe(to_string(explanation.image)));
  if (!explanation.node.empty()) out += " on " + safe(explanation.node);
  out += fmt::format("\n  containerd {}, {} pull ({})\n  {}\n\n", to_string(explanation.config.containerd),
                     to_string(explanation.config.pull_mode), safe(explanation.config.pull_mode_reason),
                     where_from(explanation));
  if (explanation.condition) out += condition_lines(*explanation.condition, style);
  int number = 0;
  for (const auto& endpoint : chain.endpoints) {
    out += fmt::format("  {}. {}  {}\n", ++number, style.paint(Emphasis::accent, safe(endpoint.url())),
                       style.paint(Emphasis::dim, safe(reason_of(explanation, endpoint))));
    for (const auto& note : endpoint_notes(endpoint)) out += "     " + safe(note) + "\n";
    if (const auto proxy = proxy_of(explanation.proxy, endpoint.scheme, endpoint.host))
      out += fmt::format("     through the proxy {} ({} in the environment of containerd)\n", safe(proxy->url),
                         safe(proxy->variable));
  }
  if (chain.error) out += "  " + style.paint(Emphasis::bad, "no request is made: ") + safe(*chain.error) + "\n";
  for (const auto& header : explanation.config.headers)
    out += fmt::format("  Every request has the header {}: {}  {}\n", safe(header.name),
                       safe(join(shown_values(header), ", ")),
                       style.paint(Emphasis::dim, safe(to_string(Location{header.where.file, header.where.line, 0}))));
  if (!chain.endpoints.empty())
    out += "  A pod's pull secret is offered to every endpoint above that asks for credentials.\n";
  if (!chain.ignored.empty()) out += "\nignored\n";
  for (const auto& item : chain.ignored)
    out += fmt::format("  {}  {}\n", safe(to_string(Location{item.path, item.line, 0})), safe(item.reason));
  if (explanation.assumed == Explanation::Assumed::something) out += request_lines(explanation, style);
  return out + "\n" +
         style.paint(explanation.prediction.pulled ? Emphasis::good : Emphasis::bad,
                     safe(explanation.prediction.verdict)) +
         "\n";
}

}  // namespace rf
