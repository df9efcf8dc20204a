#include <algorithm>

#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"
#include "intent/intent.h"
#include "intent/names.h"

namespace rf {
namespace {

// Docker Hub's names for people, and the one that serves its API.
std::string api_host(const HostPort& name) {
  const bool usual_port = name.port == 0 || name.port == 443;
  return usual_port && is_hub_written(name.host) ? std::string(hub_api) : name.text();
}

Result<std::string> parse_path(std::string_view path, std::string_view text, std::string_view base,
                               bool scheme_written) {
  while (path.ends_with('/')) path.remove_suffix(1);
  if (path.empty()) return std::string("/v2");
  const auto segments = split(path.substr(1), '/');
  for (const auto segment : segments) {
    if (segment.empty() || segment == "." || segment == "..")
      return intent_error(fmt::format("{} has an empty, '.' or '..' part in its path", toml_quote(text)),
                          "write the path out");
    if (segment.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~-") != segment.npos)
      return intent_error(fmt::format("{} has a character in its path that no registry accepts", toml_quote(text)),
                          "allowed are letters, digits, '.', '_', '~', '-' and '/'");
  }
  if (segments.size() > 1 && segments.front() == "v2" && segments.back() == "v2")
    return intent_error(fmt::format("{} can never be reached: the path has /v2 at both ends", toml_quote(text)),
                        fmt::format("write {}{}", base, path.substr(0, path.size() - 3)));
  if (std::find(segments.begin(), segments.end(), "v2") != segments.end()) return std::string(path);
  if (!scheme_written) return "/v2" + std::string(path);
  return intent_error(
      fmt::format("{} has no /v2 in its path, so it is not the address of a registry's API", toml_quote(text)),
      fmt::format("for repositories below {0} write {1}/v2{0}; for a registry served at {0} write {1}{0}/v2", path,
                  base));
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text) {
  if (text.empty())
    return intent_error("an empty endpoint", "write a URL or a host: https://harbor.corp, ghcr.io/your-org");
  if (text == "*")
    return intent_error("\"*\" means every other registry and is not an endpoint", "write the host of a mirror");
  if (text == "none") return intent_error("\"none\" is not an endpoint", "only `upstream` can be none");
  Endpoint out;
  auto rest = text;
  const auto colon = text.find("://");
  if (colon != text.npos) {
    out.scheme = lower(text.substr(0, colon));
    rest = text.substr(colon + 3);
    if (out.scheme != "http" && out.scheme != "https")
      return intent_error(
          fmt::format("{} starts with {}://; registries speak http or https", toml_quote(text), out.scheme),
          fmt::format("write https://{}", rest));
  }
  if (text.find_first_of("?#") != text.npos)
    return intent_error(fmt::format("{} has a query or a fragment, which containerd drops", toml_quote(text)),
                        "end the URL before ? and #");
  if (rest.substr(0, rest.find('/')).find('@') != rest.npos)
    return intent_error("an endpoint with a user name or password in its URL, which containerd drops",
                        "write them under endpoints: HOST: auth: { username: NAME, password: { env: VARIABLE } }");
  const auto slash = rest.find('/');
  RF_TRY(const auto name, parse_host_port(rest.substr(0, slash)));
  out.host = api_host(name);
  if (colon == text.npos && is_loopback(name.bare_host()) && name.port != 443) out.scheme = "http";
  if (slash != rest.npos) {
    RF_TRY(out.path, parse_path(rest.substr(slash), text, out.scheme + "://" + name.text(), colon != text.npos));
  }
  return out;
}

std::vector<Endpoint> Registry::chain() const {
  auto all = mirrors;
  if (upstream != Upstream::none && name != "*") all.push_back(upstream_endpoint);
  all.insert(all.end(), fallback.begin(), fallback.end());
  return all;
}

const Registry* Intent::registry(std::string_view name) const {
  for (const auto& registry : registries)
    if (registry.name == name) return &registry;
  return nullptr;
}

}  // namespace rf
