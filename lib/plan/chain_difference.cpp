#include "plan/chain_difference.h"

#include <vector>

#include <fmt/format.h>

#include "base/secret.h"
#include "base/text.h"
#include "containerd/go/go_url.h"

namespace rf {
namespace {

std::string header_text(const Header& header) {
  const auto values = join(header.values, ", ");
  return fmt::format("header {}: {}", header.name, is_secret(header.name, values) ? Secret(values).masked() : values);
}

// What one endpoint is asked like: two with the same text cannot be told apart by a registry.
std::string asked_like(const ChainEndpoint& endpoint) {
  // All of them: a new one does not compile until it is told here, or known to change nothing.
  const auto& [scheme, host, path, capabilities, skip_verify, http_fallback, ca, client, headers,
               headers_sent_to_token_server, dial_timeout, credentials, source] = endpoint;
  std::vector<std::string> parts{fmt::format("{}://{}{}", scheme, host, clean_path(path.empty() ? "/" : path))};
  for (const auto& capability : capabilities)
    if (capability == "pull" || capability == "resolve") parts.push_back(capability);
  if (scheme == "https") {
    if (skip_verify) parts.emplace_back("certificates not verified");
    if (http_fallback) parts.emplace_back("plain http as fallback");
    for (const auto& file : ca) parts.push_back("ca " + file);
    // One file for both is the same as one file twice.
    for (const auto& [certificate, key] : client)
      parts.push_back(fmt::format("client {} {}", certificate, key.empty() ? certificate : key));
  }
  for (const auto& header : headers)
    if (lower(header.name) != "authorization") parts.push_back(header_text(header));
  if (!credentials.empty()) parts.emplace_back("with credentials");
  if (dial_timeout) parts.push_back("dial timeout " + *dial_timeout);
  return join(parts, ", ");
}

std::string shown(const Chain& chain) {
  if (chain.unread) return to_string(*chain.unread);
  if (chain.error) return "error: " + *chain.error;
  std::vector<std::string> endpoints;
  for (const auto& endpoint : chain.endpoints) endpoints.push_back("[" + asked_like(endpoint) + "]");
  return join(endpoints, " then ");
}

}  // namespace

std::string chain_difference(const Chain& before, const Chain& after) {
  const auto text_before = shown(before);
  const auto text_after = shown(after);
  return text_before == text_after ? std::string() : fmt::format("before {}; after {}", text_before, text_after);
}

}  // namespace rf
