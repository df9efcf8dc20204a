#include "plan/hosts_render.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"
#include "containerd/chain/hosts_toml_write.h"
#include "containerd/config/features.h"
#include "containerd/pull/registry_family.h"

namespace rf {
namespace {

std::string short_sum(std::string_view content) { return sha256_hex(content).substr(0, 8); }

class Renderer {
 public:
  Renderer(const Registry& registry, const Intent& intent, const ResolvedEndpoints& resolved, const Version& containerd)
      : registry_(registry), intent_(intent), resolved_(resolved), containerd_(containerd) {}

  Result<HostsFiles> run() {
    if (registry_.name == "*" && !has(Feature::default_dir))
      return unsupported("containerd {} has no default for all registries (1.6.17 and later have)",
                         "name the registries one by one");
    for (const auto& endpoint : registry_.chain()) {
      if (endpoint.override_path() && !endpoint.path.ends_with("/v2") && !has(Feature::override_path))
        return unsupported("containerd {} ignores override_path, so it cannot ask " + endpoint.url(),
                           "use an endpoint without a path on this node");
      RF_TRY(auto host, rendered(endpoint));
      out_.chain.push_back(std::move(host));
    }
    if (registry_.name == "*" && registry_.upstream == Registry::Upstream::standard)
      out_.chain.push_back(registry_itself());
    RF_CHECK(check_ipv6());
    return std::move(out_);
  }

 private:
  Error unsupported(const std::string& message, std::string hint) const {
    return {.kind = ErrorKind::unsupported,
            .message = fmt::format("{}: {}", registry_.name, replace_all(message, "{}", to_string(containerd_))),
            .hint = std::move(hint),
            .where = registry_.where};
  }
  bool has(Feature feature) const { return has_feature(containerd_, feature); }
  void warn(std::string text) {
    if (std::find(out_.warnings.begin(), out_.warnings.end(), text) == out_.warnings.end())
      out_.warnings.push_back(std::move(text));
  }
  // The TOML reader of 1.x ends a table's name at the first ']', also inside quotes, and drops the file. The last
  // endpoint is a value.
  Result<void> check_ipv6() const {
    if (has(Feature::toml_v2)) return {};
    for (std::size_t i = 0; i + 1 < out_.chain.size(); ++i)
      if (const auto& host = out_.chain[i].host; host.starts_with('['))
        return unsupported(
            "containerd {} cannot read a hosts.toml with the address " + host + " before other endpoints",
            "give the endpoint a host name");
    return {};
  }
  bool is_upstream(const Endpoint& endpoint) const {
    return registry_.upstream != Registry::Upstream::none && endpoint == registry_.upstream_endpoint;
  }

  Result<HostEntry> rendered(const Endpoint& endpoint) {
    HostEntry host;
    host.scheme = endpoint.scheme;
    host.host = endpoint.host;
    host.path = endpoint.path;
    host.capabilities = {"pull", "resolve"};
    if (is_upstream(endpoint))
      host.capabilities.emplace_back("push");  // for the clients that share these files, such as nerdctl
    if (const auto options = intent_.endpoints.find(endpoint.host); options != intent_.endpoints.end()) {
      RF_CHECK(add_options(options->second, host));
    }
    if (const auto secrets = resolved_.find(endpoint.host); secrets != resolved_.end())
      add_resolved(secrets->second, host);
    add_public_token(endpoint, host);
    return host;
  }

  Result<void> add_options(const EndpointOptions& options, HostEntry& host) {
    // All of them, here or resolved: what is new has to reach the file too.
    const auto& [name, username, password, ca_file, client_cert_file, client_key_file, insecure_skip_verify,
                 dial_timeout, capabilities, headers, where] = options;
    if (insecure_skip_verify) {
      host.skip_verify = true;
      warn(fmt::format("{}: certificates are not verified (insecure_skip_verify)", name));
    }
    if (!capabilities.empty()) host.capabilities = capabilities;
    if (!has(Feature::referrers) && std::erase(host.capabilities, "referrers") != 0) {
      warn(fmt::format("{}: containerd {} does not support the capability referrers; it is left out", name,
                       to_string(containerd_)));
      if (host.capabilities.empty())
        return unsupported(
            "without referrers, which containerd {} does not support, no capability of " + name + " is left",
            "add pull and resolve");
    }
    if (dial_timeout) add_dial_timeout(options, host);
    for (const auto& [header, value] : headers) host.headers.push_back({header, {value}});
    return {};
  }

  void add_dial_timeout(const EndpointOptions& options, HostEntry& host) {
    if (!has(Feature::dial_timeout)) {
      warn(fmt::format(
          "{}: containerd {} has no dial_timeout (2.0.7 and later have): a dead endpoint costs 30 s for each object",
          options.host, to_string(containerd_)));
    } else if (host.scheme == "http" && has(Feature::dial_timeout_is_tls)) {
      warn(fmt::format(
          "{}: dial_timeout is left out, because containerd {} would then ask this http endpoint over https first",
          options.host, to_string(containerd_)));
    } else {
      host.dial_timeout = options.dial_timeout;
    }
  }

  void add_resolved(const ResolvedEndpoint& secrets, HostEntry& host) {
    // Every field is named: a new one does not compile until it is written, or said here.
    const auto& [username, password, ca, client_cert, client_key] = secrets;
    const auto& name = host.host;
    auto files = certificates_of(ca, client_cert, client_key);
    if (!files.ca.name.empty()) host.ca = {certificate(std::move(files.ca))};
    if (!files.client.name.empty()) {
      auto client = certificate(std::move(files.client));
      host.client.emplace_back(std::move(client), certificate(std::move(files.key)));
    }
    if (password.empty()) return;
    const auto* family = registry_family(name);
    const bool bearer = family != nullptr && family->takes == RegistryFamily::Takes::static_bearer;
    const Secret pair(bearer ? std::string(password.expose()) : fmt::format("{}:{}", username, password.expose()));
    host.headers.push_back({"Authorization", {(bearer ? "Bearer " : "Basic ") + base64_encode(pair.expose())}});
    if (host.scheme == "http")
      warn(fmt::format("{}: credentials are sent over plain http and can be read on the way", name));
    if (family != nullptr && family->takes == RegistryFamily::Takes::token_service &&
        !has(Feature::token_server_headers))
      warn(fmt::format(
          "{0}: its token service gets no credentials from hosts.toml with containerd {1} (2.1 and later send them); "
          "registry.configs.\"{0}\".auth in config.toml works there, or imagePullSecrets",
          name, to_string(containerd_)));
  }

  // Where an endpoint has a path, containerd asks the token service for the image's own repository too.
  void add_public_token(const Endpoint& endpoint, HostEntry& host) {
    const auto* family = registry_family(endpoint.host);
    const bool has_token = std::any_of(host.headers.begin(), host.headers.end(),
                                       [](const Header& header) { return header.name == "Authorization"; });
    if (!endpoint.override_path() || family == nullptr || !family->refuses_unknown_repository || has_token) return;
    const auto why = fmt::format("{} refuses containerd's token request for an endpoint with a path", family->title);
    if (!family->public_by_bearer) {
      warn(fmt::format("{}: {}; give it `auth`", endpoint_url(endpoint), why));
      return;
    }
    host.headers.push_back({"Authorization", {std::string(public_bearer)}});
    out_.notes.push_back(
        fmt::format("{}: {}; with the header Authorization: {} public images can be pulled; private images need `auth`",
                    endpoint_url(endpoint), why, public_bearer));
  }

  std::string certificate(CertificateFile file) {
    auto name = file.name;
    const bool known = std::any_of(out_.certificates.begin(), out_.certificates.end(),
                                   [&](const CertificateFile& f) { return f.name == name; });
    if (!known) out_.certificates.push_back(std::move(file));
    return name;
  }

  const Registry& registry_;
  const Intent& intent_;
  const ResolvedEndpoints& resolved_;
  const Version& containerd_;
  HostsFiles out_;
};

}  // namespace

EndpointCertificates certificates_of(const std::string& ca, const std::string& client_cert, const Secret& client_key) {
  EndpointCertificates files;
  if (!ca.empty()) files.ca = {"ca-" + short_sum(ca) + ".crt", ca};
  if (client_cert.empty()) return files;
  const auto stem = "client-" + short_sum(client_cert + std::string(client_key.expose()));
  files.client = {stem + ".cert", client_cert};
  files.key = {stem + ".key", client_key};
  return files;
}

Result<HostsFiles> hosts_files(const Registry& registry, const Intent& intent, const ResolvedEndpoints& resolved,
                               const Version& containerd) {
  return Renderer(registry, intent, resolved, containerd).run();
}

Content render_hosts_toml(const std::vector<HostEntry>& chain, std::string_view comment) {
  return write_hosts_toml(fmt::format("{}\n# {}\n", owner_line, comment), chain);
}

bool is_same(const HostEntry& host, const Endpoint& endpoint) {
  return host.scheme == endpoint.scheme && host.host == endpoint.host && host.path == endpoint.path;
}

std::string endpoint_url(const Endpoint& endpoint) {
  return fmt::format("{}://{}{}", endpoint.scheme, endpoint.host, endpoint.path == "/v2" ? "" : endpoint.path);
}

std::string describe(const Registry& registry) {
  const auto count = [](std::size_t n, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", n, n == 1 ? one : many);
  };
  std::vector<std::string> parts;
  const bool none = registry.upstream == Registry::Upstream::none;
  if (!registry.mirrors.empty())
    parts.push_back(count(registry.mirrors.size(), "mirror", "mirrors") + (none ? "" : " before the upstream"));
  if (!registry.fallback.empty())
    parts.push_back(count(registry.fallback.size(), "fallback", "fallbacks") + (none ? "" : " after the upstream"));
  if (none) parts.emplace_back("the upstream is never asked");
  if (parts.empty()) parts.push_back("only " + registry.upstream_endpoint.url());
  return fmt::format("registry {}: {}", registry.name, join(parts, ", "));
}

}  // namespace rf
