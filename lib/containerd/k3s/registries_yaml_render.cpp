// The translation of registries.yaml into hosts.toml files, as K3s and RKE2 do it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/names.h"
#include "base/text.h"
#include "containerd/go/go_url.h"
#include "containerd/k3s/registries_yaml.h"
#include "containerd/toml/toml_write.h"

namespace rf {
namespace {

// host, port: "localhost:5000" -> localhost, 5000; "[::1]:5000" -> ::1, 5000.
std::pair<std::string, std::string> host_and_port(std::string_view text) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == text.npos) return {std::string(text), ""};
    const auto rest = text.substr(end + 1);
    return {std::string(text.substr(1, end - 1)), std::string(rest.starts_with(':') ? rest.substr(1) : "")};
  }
  const auto colon = text.rfind(':');
  if (colon == text.npos) return {std::string(text), ""};
  return {std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

struct Address {
  std::string registry;  // whose `configs` apply: "docker.io" for Docker Hub's API host
  std::string host;
  std::string url;
  bool override_path = false;
};

// Nothing for an address the program skips.
std::optional<Address> normalise(std::string_view text, std::string_view embedded) {
  const auto parsed = parse_go_url(text.find("://") == text.npos ? "//" + std::string(text) : std::string(text));
  if (!parsed) return std::nullopt;
  const auto& url = *parsed;
  const auto api_host = api_host_of(url.host);
  Address address{std::string(registry_of_api_host(api_host)), std::string(api_host), {}, false};
  const auto port = host_and_port(url.host).second;
  const bool odd_local = is_localhost(url.host) && !port.empty() && port != "443" && url.host != embedded;
  const auto scheme = !url.scheme.empty() ? url.scheme : odd_local ? "http" : "https";
  const bool plain = url.path.empty() || url.path == "/" || url.path == "/v2";
  address.override_path = !plain;
  address.url = fmt::format("{}://{}{}", scheme, address.host, plain ? "/v2" : url.path);
  return address;
}

RegistriesYamlEndpoint endpoint_of(const Address& address, const std::map<std::string, RegistriesYamlConfig>& configs) {
  RegistriesYamlEndpoint endpoint{.url = address.url, .override_path = address.override_path};
  if (const auto config = configs.find(address.registry); config != configs.end()) {
    endpoint.tls = config->second.tls;
    endpoint.has_auth = config->second.auth.has_value();
  }
  return endpoint;
}

// The registry's own endpoint, with the configs entry under the very name the user wrote.
std::optional<RegistriesYamlEndpoint> own_endpoint(const std::string& host, const RegistriesYaml& registries,
                                                   std::string_view embedded) {
  RegistriesYamlEndpoint endpoint;
  if (host != "*") {
    const auto address = normalise(host, embedded);
    if (!address) return std::nullopt;
    endpoint.url = address->url;
  }
  if (const auto config = registries.configs.find(host); config != registries.configs.end()) {
    endpoint.tls = config->second.tls;
    endpoint.has_auth = config->second.auth.has_value();
  }
  return endpoint;
}

void add_endpoints(RegistriesYamlHost& host, const RegistriesYamlMirror& mirror, const RegistriesYaml& registries,
                   std::string_view embedded) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < mirror.endpoints.size(); ++i) {
    const auto address = normalise(mirror.endpoints[i], embedded);
    if (!address || !seen.insert(address->url).second) continue;
    auto endpoint = endpoint_of(*address, registries.configs);
    if (embedded.empty() || address->host != embedded) endpoint.rewrites = mirror.rewrites;
    const bool last = i + 1 == mirror.endpoints.size();
    // The registry's own endpoint in last place becomes the server; its rewrites are not written then.
    if (last && host.upstream && host.upstream->url == endpoint.url && !endpoint.override_path)
      host.upstream = std::move(endpoint);
    else
      host.endpoints.push_back(std::move(endpoint));
  }
}

// A host whose file would say nothing but containerd's own defaults gets none.
bool only_defaults(const RegistriesYamlHost& host) {
  if (!host.endpoints.empty()) return false;
  return !host.upstream || (!host.upstream->tls && !host.upstream->has_auth && host.upstream->rewrites.empty());
}

// The embedded registry is put first for every mirror, localhost registries excepted.
void inject_embedded(RegistriesYaml& registries, const RegistriesYamlSettings& settings) {
  if (settings.embedded_registry.empty()) return;
  registries.configs[settings.embedded_registry].tls = settings.embedded_tls;
  for (auto& [host, mirror] : registries.mirrors)
    if (!is_localhost(host)) mirror.endpoints.insert(mirror.endpoints.begin(), settings.embedded_registry);
}

}  // namespace

std::string registries_yaml_url(std::string_view endpoint) {
  const auto address = normalise(endpoint, "");
  return address ? address->url : "";
}

bool is_without_host(std::string_view url) { return url.find(":///") != url.npos; }

RegistriesYamlHosts render_hosts(const RegistriesYaml& given, const RegistriesYamlSettings& settings) {
  RegistriesYaml registries = given;
  inject_embedded(registries, settings);
  RegistriesYamlHosts hosts;
  for (const auto& [host, config] : registries.configs)
    if (auto own = own_endpoint(host, registries, settings.embedded_registry))
      hosts[directory_of_registry(host)] = {std::move(own), {}};
  for (const auto& [host, mirror] : registries.mirrors) {
    RegistriesYamlHost rendered;
    // A directory made for `configs` counts under the host's own name only: "*" starts anew.
    if (const auto known = hosts.find(host); known != hosts.end()) {
      rendered = known->second;
    } else if (settings.disable_default_endpoint) {
      rendered.upstream.reset();
    } else if (host == "*") {
      rendered.upstream = RegistriesYamlEndpoint{.url = ""};
    } else {
      rendered.upstream = own_endpoint(host, registries, settings.embedded_registry);
      if (!rendered.upstream) continue;
    }
    add_endpoints(rendered, mirror, registries, settings.embedded_registry);
    hosts[directory_of_registry(host)] = std::move(rendered);
  }
  std::erase_if(hosts, [](const auto& host) { return only_defaults(host.second); });
  return hosts;
}

RegistriesYamlEra registries_yaml_era(const std::optional<Version>& version) {
  if (!version) return RegistriesYamlEra::current;
  // The first release of each branch that was maintained at the time.
  using Firsts = std::array<Version, 4>;
  const Firsts hosts{Version{1, 26, 13}, {1, 27, 10}, {1, 28, 6}, {1, 29, 1}};
  const Firsts wildcard{Version{1, 26, 15}, {1, 27, 12}, {1, 28, 8}, {1, 29, 3}};
  const Firsts current{Version{1, 27, 13}, {1, 28, 9}, {1, 29, 4}, {1, 30, 0}};
  const auto has = [&](const Firsts& firsts) {
    for (const auto& first : firsts)
      if (first.major == version->major && first.minor == version->minor) return *version >= first;
    return *version >= firsts.back();
  };
  if (has(current)) return RegistriesYamlEra::current;
  if (has(wildcard)) return RegistriesYamlEra::wildcard;
  return has(hosts) ? RegistriesYamlEra::first_hosts : RegistriesYamlEra::config_toml;
}

namespace {

std::string tls_lines(const std::optional<RegistriesYamlTls>& tls, std::string_view indent) {
  std::string out;
  if (!tls) return out;
  if (!tls->ca_file.empty()) out += fmt::format("{}ca = {}\n", indent, toml_list({tls->ca_file}));
  if (!tls->cert_file.empty() || !tls->key_file.empty())
    out += fmt::format("{}client = [{}]\n", indent, toml_list({tls->cert_file, tls->key_file}));
  if (tls->insecure_skip_verify) out += fmt::format("{}skip_verify = true\n", indent);
  return out;
}

}  // namespace

std::string rendered_hosts_toml(const RegistriesYamlHost& host, std::string_view program, RegistriesYamlEra era) {
  std::string out = generated_header(program) + "\n";
  if (host.upstream) {
    if (host.upstream->url)
      out += fmt::format("server = {}\ncapabilities = [\"pull\", \"resolve\", \"push\"]\n",
                         toml_quote(*host.upstream->url));
    out += tls_lines(host.upstream->tls, "");
  }
  if (era == RegistriesYamlEra::current) out += "\n[host]\n";
  for (const auto& endpoint : host.endpoints) {
    const auto url = toml_quote(endpoint.url.value_or(""));
    out += fmt::format("\n[host.{}]\n  capabilities = [\"pull\", \"resolve\"]\n", url);
    if (endpoint.override_path) out += "  override_path = true\n";
    out += tls_lines(endpoint.tls, "  ");
    if (endpoint.rewrites.empty()) continue;
    out += fmt::format("  [host.{}.rewrite]\n", url);
    for (const auto& [from, to] : endpoint.rewrites)
      out += fmt::format("    {} = {}\n", toml_quote(from), toml_quote(to));
  }
  return out;
}

}  // namespace rf
