#include "intent/rules.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/secret.h"
#include "base/text.h"

namespace rf {
namespace {

Error at(const Location& where, std::string message, std::string hint) {
  return {.kind = ErrorKind::intent, .message = std::move(message), .hint = std::move(hint), .where = where};
}

bool has_tls(const EndpointOptions& options) {
  return !options.ca_file.empty() || !options.client_cert_file.empty() || options.insecure_skip_verify;
}

void check_transport(const Intent& intent, std::vector<Error>& problems) {
  for (const auto& registry : intent.registries)
    for (const auto& endpoint : registry.chain()) {
      const auto options = intent.endpoints.find(endpoint.host);
      if (endpoint.scheme != "http" || options == intent.endpoints.end() || !has_tls(options->second)) continue;
      problems.push_back(at(endpoint.where,
                            fmt::format("{} is plain http, but endpoints: {}: tls is set (line {})", endpoint.url(),
                                        endpoint.host, options->second.where.line),
                            fmt::format("write https://{} here, or remove the tls settings", endpoint.host)));
    }
}

void check_unused(const Intent& intent, std::vector<Error>& warnings) {
  std::set<std::string, std::less<>> used;
  for (const auto& registry : intent.registries)
    for (const auto& endpoint : registry.chain()) used.insert(endpoint.host);
  const std::vector<std::string_view> hosts(used.begin(), used.end());
  for (const auto& [host, options] : intent.endpoints) {
    if (used.contains(host)) continue;
    const auto near = nearest(host, hosts);
    warnings.push_back(
        at(options.where, fmt::format("no registry uses the endpoint {}: these options have no effect", host),
           near.empty() ? "name it under registries, or remove it" : fmt::format("did you mean {}?", near)));
  }
}

void check_options(const EndpointOptions& options, unsigned mode_bits, IntentOrProblems& out) {
  const bool readable = (mode_bits & 077) != 0;
  if (const auto& password = options.password) {
    const bool docker = password->kind == SecretRef::Kind::docker_config;
    if (docker && !options.username.empty())
      out.problems.push_back(at(password->where, "docker-config brings its own user name", "remove `username`"));
    if (!docker && options.username.empty())
      out.problems.push_back(at(password->where, "a password without a user name", "add `username`"));
    if (password->kind == SecretRef::Kind::literal && readable)
      out.problems.push_back(at(
          password->where,
          fmt::format("a password in clear text, in a file with mode {:04o} that others can read", mode_bits & 07777),
          fmt::format("write {{ env: NAME }} or {{ file: PATH }}, or chmod 600 {}", out.intent.file)));
  }
  for (const auto& [name, value] : options.headers)
    if (readable && is_secret_name(name))
      out.problems.push_back(
          at(options.where,
             fmt::format("the header {} of {} looks like a secret, in a file with mode {:04o} that others can read",
                         toml_quote(name), options.host, mode_bits & 07777),
             fmt::format("chmod 600 {}", out.intent.file)));
  const auto& capabilities = options.capabilities;
  if (!capabilities.empty() && std::find(capabilities.begin(), capabilities.end(), "pull") == capabilities.end())
    out.warnings.push_back(at(
        options.where,
        fmt::format("{} lacks the capability pull, but containerd fetches content from every endpoint", options.host),
        "remove the endpoint from the chains instead"));
}

}  // namespace

std::vector<Error> registry_problems(const Registry& registry) {
  std::vector<Error> problems;
  const bool none = registry.upstream == Registry::Upstream::none;
  if (registry.name == "*" && registry.upstream == Registry::Upstream::given)
    problems.push_back(at(registry.where, "\"*\" cannot have an upstream of its own: it means many registries",
                          "write the endpoint under `fallback` with `upstream: none`, or under `mirrors`"));
  if (registry.name == "*" && registry.upstream == Registry::Upstream::standard && !registry.fallback.empty())
    problems.push_back(at(registry.where,
                          "\"*\" cannot have fallbacks: containerd asks each registry's own upstream last",
                          "move them to `mirrors`, or name the registries one by one"));
  const auto chain = registry.chain();
  if (chain.empty())
    problems.push_back(at(registry.where, fmt::format("no endpoint is left for {}", toml_quote(registry.name)),
                          none ? "name at least one mirror, or remove `upstream: none`"
                               : "name at least one mirror, or remove the registry"));
  for (std::size_t i = 0; i < chain.size(); ++i)
    if (const auto first = std::find(chain.begin(), chain.end(), chain[i]);
        first - chain.begin() < static_cast<std::ptrdiff_t>(i)) {
      const bool own = registry.upstream == Registry::Upstream::standard && *first == registry.upstream_endpoint;
      problems.push_back(at(chain[i].where.line != 0 ? chain[i].where : registry.where,
                            fmt::format("{} appears twice in the chain of {}", chain[i].url(), registry.name),
                            own || chain[i] == registry.upstream_endpoint
                                ? "the upstream is always in the chain; `upstream: none` removes it"
                                : "remove one"));
    }
  return problems;
}

void check_rules(IntentOrProblems& out, unsigned mode_bits) {
  for (const auto& registry : out.intent.registries)
    for (auto& problem : registry_problems(registry)) out.problems.push_back(std::move(problem));
  check_transport(out.intent, out.problems);
  check_unused(out.intent, out.warnings);
  for (const auto& [host, options] : out.intent.endpoints) check_options(options, mode_bits, out);
  std::set<std::string, std::less<>> seen;
  for (const auto& node : out.intent.nodes)
    if (!seen.insert(node.text).second)
      out.problems.push_back(at(node.where, fmt::format("the node {} is listed twice", node.text), "remove one"));
  std::stable_sort(out.problems.begin(), out.problems.end(), [](const Error& a, const Error& b) {
    const auto place = [](const Error& e) {
      return std::pair(e.where ? e.where->line : 0, e.where ? e.where->column : 0);
    };
    return place(a) < place(b);
  });
}

}  // namespace rf
