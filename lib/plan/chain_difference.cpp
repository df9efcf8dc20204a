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
  return fmt::format("header {}: {}", header.name, is_secret_header(header.name) ? Secret(values).masked() : values);
}

// What one endpoint is asked like: two with the same text cannot be told apart by a registry.
std::string asked_like(const ChainEndpoint& endpoint) {
  std::vector<std::string> parts{fmt::format("{}://{}{}", endpoint.scheme, endpoint.host,
                                             clean_path(endpoint.path.empty() ? "/" : endpoint.path))};
  for (const auto& capability : endpoint.capabilities)
    if (capability == "pull" || capability == "resolve") parts.push_back(capability);
  if (endpoint.scheme == "https") {
    if (endpoint.skip_verify) parts.emplace_back("certificates not verified");
    if (endpoint.http_fallback) parts.emplace_back("plain http as fallback");
    for (const auto& ca : endpoint.ca) parts.push_back("ca " + ca);
    // One file for both is the same as one file twice.
    for (const auto& [certificate, key] : endpoint.client)
      parts.push_back(fmt::format("client {} {}", certificate, key.empty() ? certificate : key));
  }
  for (const auto& header : endpoint.headers)
    if (lower(header.name) != "authorization") parts.push_back(header_text(header));
  if (!endpoint.credentials.empty()) parts.emplace_back("with credentials");
  if (endpoint.dial_timeout) parts.push_back("dial timeout " + *endpoint.dial_timeout);
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
