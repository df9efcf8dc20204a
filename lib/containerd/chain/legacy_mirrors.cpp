#include "containerd/chain/legacy_mirrors.h"

#include <fmt/format.h>

#include "base/names.h"
#include "containerd/chain/certificates.h"
#include "containerd/chain/hosts_dir.h"
#include "containerd/config/credentials.h"
#include "containerd/config/features.h"
#include "containerd/go/go_url.h"

namespace rf {
namespace {

std::string_view default_scheme(std::string_view host) { return is_localhost(host) ? "http" : "https"; }

Result<std::string> with_scheme(const std::string& endpoint) {
  if (endpoint.find("://") != std::string::npos) return endpoint;
  RF_TRY(const auto url, parse_go_url("dummy://" + endpoint));
  return fmt::format("{}://{}", default_scheme(url.host), endpoint);
}

const LegacyMirror* mirror_of(const EffectiveConfig& config, std::string_view registry) {
  auto found = config.mirrors.find(registry);
  if (found == config.mirrors.end()) found = config.mirrors.find("*");
  return found == config.mirrors.end() ? nullptr : &found->second;
}

// configs.<host>.tls: containerd's error when a file cannot be used.
std::optional<std::string> tls_error(const FileTree& tree, const RegistryTls& tls, const ChainOptions& options) {
  const auto failure_of = [&](const std::string& path) -> std::optional<std::string> {
    const auto failure = open_failure(tree, path);
    if (!failure || failure->kind == OpenFailure::Kind::denied ||
        options.missing_certificates != ChainOptions::Missing::fails)
      return std::nullopt;
    return failure->text;
  };
  if (!tls.cert_file.empty() && tls.key_file.empty())
    return fmt::format("cert file {} was specified, but no corresponding key file was specified",
                       go_quote(tls.cert_file));
  if (tls.cert_file.empty() && !tls.key_file.empty())
    return fmt::format("key file {} was specified, but no corresponding cert file was specified",
                       go_quote(tls.key_file));
  if (!tls.cert_file.empty()) {
    for (const auto& path : {tls.cert_file, tls.key_file})
      if (const auto failure = failure_of(path)) return "failed to load cert file: " + *failure;
    const auto certificate = tree.read(tls.cert_file);
    const auto key = tree.read(tls.key_file);
    if (certificate && key)
      if (const auto problem = key_pair_error(*certificate, *key)) return "failed to load cert file: " + *problem;
  }
  if (tls.ca_file.empty()) return std::nullopt;
  if (const auto failure = failure_of(tls.ca_file)) return "failed to load CA file: " + *failure;
  return std::nullopt;
}

}  // namespace

Result<std::vector<std::string>> registry_endpoints(const EffectiveConfig& config, std::string_view registry) {
  std::vector<std::string> endpoints;
  if (const auto* mirror = mirror_of(config, registry))
    for (const auto& written : mirror->endpoints) {
      RF_TRY(auto endpoint, with_scheme(written).doing("parse endpoint url"));
      endpoints.push_back(std::move(endpoint));
    }
  for (const auto& endpoint : endpoints) {
    RF_TRY(const auto url, parse_go_url(endpoint));
    if (url.host == registry) return endpoints;
  }
  const auto host = api_host_of(registry);
  endpoints.push_back(fmt::format("{}://{}", default_scheme(host), host));
  return endpoints;
}

void legacy_chain(const FileTree& tree, const EffectiveConfig& config, const ChainOptions& options, Chain& chain) {
  const auto urls = registry_endpoints(config, chain.registry);
  if (!urls) {
    chain.error = "get registry endpoints: parse endpoint url: " + urls.error().message;
    return;
  }
  const auto* mirror = mirror_of(config, chain.registry);
  const std::size_t written = mirror == nullptr ? 0 : mirror->endpoints.size();
  for (std::size_t i = 0; i < urls->size(); ++i) {
    const auto url = parse_go_url((*urls)[i]);
    if (!url) {
      chain.error =
          fmt::format("parse registry endpoint {} from mirrors: {}", go_quote((*urls)[i]), url.error().message);
      chain.endpoints.clear();
      return;
    }
    ChainEndpoint endpoint;
    endpoint.scheme = url->scheme;
    endpoint.host = url->host;
    endpoint.path = url->path.empty() ? "/v2" : url->path;
    if (mirror != nullptr && config.fork.rewrites) endpoint.rewrites = mirror->rewrites;  // the registry itself too
    endpoint.capabilities = {"pull", "resolve"};
    if (has_feature(config.containerd, Feature::referrers)) endpoint.capabilities.emplace_back("referrers");
    const auto tls = config.tls.find(url->host);
    if (tls != config.tls.end() && has_feature(config.containerd, Feature::registry_tls_configs)) {
      if (const auto error = tls_error(tree, tls->second, options)) {
        chain.error = fmt::format("get TLSConfig for registry {}: {}", go_quote((*urls)[i]), *error);
        chain.endpoints.clear();
        return;
      }
      endpoint.skip_verify = tls->second.insecure_skip_verify;
      if (!tls->second.ca_file.empty()) endpoint.ca = {tls->second.ca_file};
      if (!tls->second.cert_file.empty()) endpoint.client = {{tls->second.cert_file, tls->second.key_file}};
    } else if (is_localhost(url->host) && url->scheme == "http") {
      endpoint.skip_verify = true;
    }
    endpoint.credentials = configured_credentials(config, url->host);
    if (i < written) endpoint.source = mirror->where;
    chain.endpoints.push_back(std::move(endpoint));
  }
}

}  // namespace rf
