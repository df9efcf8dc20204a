#include "plan/hosts_render.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "containerd/chain/chain.h"
#include "containerd/config/credentials.h"
#include "containerd/config/features.h"

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
    RF_CHECK(check_ipv6());
    return std::move(out_);
  }

 private:
  Error unsupported(const std::string& message, std::string hint) const {
    return {ErrorKind::unsupported,
            fmt::format("{}: {}", registry_.name, replace_all(message, "{}", to_string(containerd_))), std::move(hint),
            registry_.where};
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
    const bool last_is_value = registry_.name != "*" || registry_.upstream == Registry::Upstream::none;
    for (std::size_t i = 0; i < out_.chain.size() - (last_is_value ? 1 : 0); ++i)
      if (const auto& endpoint = out_.chain[i].endpoint; endpoint.host.starts_with('['))
        return unsupported(
            "containerd {} cannot read a hosts.toml with the address " + endpoint.host + " before other endpoints",
            "give the endpoint a host name");
    return {};
  }
  bool is_upstream(const Endpoint& endpoint) const {
    return registry_.upstream != Registry::Upstream::none && endpoint == registry_.upstream_endpoint;
  }

  Result<RenderedHost> rendered(const Endpoint& endpoint) {
    RenderedHost host;
    host.endpoint = endpoint;
    host.capabilities = {"pull", "resolve"};
    if (is_upstream(endpoint))
      host.capabilities.emplace_back("push");  // for the clients that share these files, such as nerdctl
    if (const auto options = intent_.endpoints.find(endpoint.host); options != intent_.endpoints.end()) {
      RF_CHECK(add_options(options->second, host));
    }
    if (const auto secrets = resolved_.find(endpoint.host); secrets != resolved_.end())
      add_resolved(secrets->second, host);
    return host;
  }

  Result<void> add_options(const EndpointOptions& options, RenderedHost& host) {
    host.skip_verify = options.insecure_skip_verify;
    if (host.skip_verify) warn(fmt::format("{}: certificates are not verified (insecure_skip_verify)", options.host));
    if (!options.capabilities.empty()) host.capabilities = options.capabilities;
    if (!has(Feature::referrers) && std::erase(host.capabilities, "referrers") != 0) {
      warn(fmt::format("{}: containerd {} does not know the capability referrers; it is left out", options.host,
                       to_string(containerd_)));
      if (host.capabilities.empty())
        return unsupported(
            "without referrers, which containerd {} does not know, no capability of " + options.host + " is left",
            "add pull and resolve");
    }
    if (options.dial_timeout) add_dial_timeout(options, host);
    for (const auto& [name, value] : options.headers) host.headers.push_back({name, Secret(value)});
    return {};
  }

  void add_dial_timeout(const EndpointOptions& options, RenderedHost& host) {
    if (!has(Feature::dial_timeout)) {
      warn(fmt::format(
          "{}: containerd {} has no dial_timeout (2.0.7 and later have): a dead endpoint costs 30 s for each object",
          options.host, to_string(containerd_)));
    } else if (host.endpoint.scheme == "http" && has(Feature::dial_timeout_is_tls)) {
      warn(
          fmt::format("{}: dial_timeout is left out, because containerd {} would ask this http endpoint by https first",
                      options.host, to_string(containerd_)));
    } else {
      host.dial_timeout = options.dial_timeout;
    }
  }

  void add_resolved(const ResolvedEndpoint& secrets, RenderedHost& host) {
    const auto& name = host.endpoint.host;
    if (!secrets.ca_pem.empty())
      host.ca.push_back(certificate("ca-" + short_sum(secrets.ca_pem) + ".crt", Secret(secrets.ca_pem), {}));
    if (!secrets.client_cert_pem.empty()) {
      const auto stem = "client-" + short_sum(secrets.client_cert_pem + std::string(secrets.client_key_pem.expose()));
      const auto cert = certificate(stem + ".cert", Secret(secrets.client_cert_pem), {});
      host.client.emplace_back(cert,
                               certificate(stem + ".key", secrets.client_key_pem, CertificateFile::Holds::private_key));
    }
    if (secrets.password.empty()) return;
    const Secret pair(fmt::format("{}:{}", secrets.username, secrets.password.expose()));
    host.headers.push_back({"Authorization", Secret("Basic " + base64_encode(pair.expose()))});
    if (host.endpoint.scheme == "http")
      warn(fmt::format("{}: credentials go over plain http, readable on the way", name));
    if (!has(Feature::token_server_headers) && uses_token_service(name))
      warn(fmt::format(
          "{0}: its token service gets no credentials from hosts.toml with containerd {1} (2.1 and later send them); "
          "registry.configs.\"{0}\".auth in config.toml works there, or imagePullSecrets",
          name, to_string(containerd_)));
  }

  std::string certificate(std::string name, Secret content, CertificateFile::Holds holds) {
    const bool known = std::any_of(out_.certificates.begin(), out_.certificates.end(),
                                   [&](const CertificateFile& f) { return f.name == name; });
    if (!known) out_.certificates.push_back({name, std::move(content), holds});
    return name;
  }

  const Registry& registry_;
  const Intent& intent_;
  const ResolvedEndpoints& resolved_;
  const Version& containerd_;
  HostsFiles out_;
};

std::string list(const std::vector<std::string>& items) {
  std::vector<std::string> quoted;
  quoted.reserve(items.size());
  for (const auto& item : items) quoted.push_back(toml_quote(item));
  return "[" + join(quoted, ", ") + "]";
}

// containerd appends /v2 to a path unless it ends in it already or override_path is set.
bool needs_override(const Endpoint& endpoint) { return !endpoint.path.ends_with("/v2"); }
std::string url(const Endpoint& endpoint) {
  return endpoint.scheme + "://" + endpoint.host + (endpoint.path == "/v2" ? "" : endpoint.path);
}

void write_fields(const RenderedHost& host, std::string_view indent, std::string& out) {
  const auto field = [&](std::string_view key, std::string_view value) {
    out += fmt::format("{}{} = {}\n", indent, key, value);
  };
  field("capabilities", list(host.capabilities));
  if (needs_override(host.endpoint)) field("override_path", "true");
  if (!host.ca.empty()) field("ca", list(host.ca));
  if (!host.client.empty()) {
    std::vector<std::string> pairs;
    for (const auto& [cert, key] : host.client) pairs.push_back(list({cert, key}));
    field("client", "[" + join(pairs, ", ") + "]");
  }
  if (host.skip_verify) field("skip_verify", "true");
  if (host.dial_timeout) field("dial_timeout", toml_quote(*host.dial_timeout));
}

void write_headers(const RenderedHost& host, std::string_view table, std::string_view indent, std::string& out) {
  if (host.headers.empty()) return;
  out += fmt::format("{}[{}]\n", indent, table);
  for (const auto& header : host.headers)
    out += fmt::format("{}  {} = {}\n", indent, toml_quote(header.name), toml_quote(header.value.expose()));
}

}  // namespace

Result<HostsFiles> hosts_files(const Registry& registry, const Intent& intent, const ResolvedEndpoints& resolved,
                               const Version& containerd) {
  return Renderer(registry, intent, resolved, containerd).run();
}

Secret render_hosts_toml(const std::vector<RenderedHost>& chain, LastHost last, std::string_view comment) {
  std::string out = fmt::format("{}\n# {}\n", owner_line, comment);
  auto tables = chain;
  if (last == LastHost::server) {
    const auto server = std::move(tables.back());
    tables.pop_back();
    out += fmt::format("\nserver = {}\n", toml_quote(url(server.endpoint)));
    write_fields(server, "", out);
    write_headers(server, "header", "", out);
  }
  if (tables.empty()) out += "\n[host]\n";  // containerd 1.x drops a file without a host table
  for (const auto& host : tables) {
    const auto table = fmt::format("host.{}", toml_quote(url(host.endpoint)));
    out += fmt::format("\n[{}]\n", table);
    write_fields(host, "  ", out);
    write_headers(host, table + ".header", "  ", out);
  }
  return Secret(std::move(out));
}

bool holds_secrets(const std::vector<RenderedHost>& chain) {
  return std::any_of(chain.begin(), chain.end(), [](const RenderedHost& host) {
    return std::any_of(host.headers.begin(), host.headers.end(),
                       [](const RenderedHeader& header) { return is_secret_name(header.name); });
  });
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
