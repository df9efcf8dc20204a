// Talos: registries are part of the machine configuration. Since v1.12 in documents of their own, before under
// machine.registries.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "plan/render/patch_parts.h"

namespace rf {
namespace {

// With skipFallback the last endpoint becomes the server, and nothing else is tried: exactly the declared chain.
// Without it Talos ends at the registry's own upstream.
struct TalosMirror {
  std::vector<Endpoint> endpoints;
  bool skip_fallback = false;
};

TalosMirror mirror_of(const Registry& registry) {
  const bool own_upstream = registry.name == "*" && registry.upstream == Registry::Upstream::standard;
  if (own_upstream || ends_at_standard_upstream(registry)) return {chain_before_default(registry), false};
  return {registry.chain(), true};
}

bool overrides(const Endpoint& endpoint) { return endpoint.path != "/v2"; }

std::string documents(const PatchInput& input) {
  std::string out = "# Talos v1.12 and later: talosctl -n NODE patch mc --patch @talos-registries.yaml\n";
  std::string separator;
  for (const auto& registry : input.intent.registries) {
    const auto mirror = mirror_of(registry);
    out += fmt::format("{}apiVersion: v1alpha1\nkind: RegistryMirrorConfig\nname: {}\nendpoints:\n", separator,
                       yaml_quote(registry.name));
    separator = "---\n";
    for (const auto& endpoint : mirror.endpoints) {
      out += fmt::format("  - url: {}\n", yaml_quote(endpoint_url(endpoint)));
      if (overrides(endpoint)) out += "    overridePath: true\n";
    }
    if (mirror.skip_fallback) out += "skipFallback: true\n";
  }
  for (const auto& endpoint : endpoint_hosts(input.intent)) {
    const auto options = input.intent.endpoints.find(endpoint.host);
    const bool skip_verify = options != input.intent.endpoints.end() && options->second.insecure_skip_verify;
    const auto secrets = input.resolved.find(endpoint.host);
    const auto found = secrets == input.resolved.end() ? ResolvedEndpoint{} : secrets->second;
    if (skip_verify || !found.ca_pem.empty() || !found.client_cert_pem.empty()) {
      out += fmt::format("{}apiVersion: v1alpha1\nkind: RegistryTLSConfig\nname: {}\n", separator,
                         yaml_quote(endpoint.host));
      if (!found.ca_pem.empty()) out += fmt::format("ca: {}\n", yaml_quote(found.ca_pem));
      if (!found.client_cert_pem.empty())
        out += fmt::format("clientIdentity:\n  cert: {}\n  key: {}\n", yaml_quote(found.client_cert_pem),
                           yaml_quote(found.client_key_pem.expose()));
      if (skip_verify) out += "insecureSkipVerify: true\n";
    }
    if (!found.password.empty())
      out += fmt::format("{}apiVersion: v1alpha1\nkind: RegistryAuthConfig\nname: {}\nusername: {}\npassword: {}\n",
                         separator, yaml_quote(endpoint.host), yaml_quote(found.username),
                         yaml_quote(found.password.expose()));
  }
  return out;
}

// Here overridePath counts for all endpoints of a registry: with one path among them, all are written with theirs.
std::string machine_config(const PatchInput& input) {
  std::string out =
      "# Talos before v1.12: talosctl -n NODE patch mc --patch @talos-machine.yaml\nmachine:\n  registries:\n    "
      "mirrors:\n";
  for (const auto& registry : input.intent.registries) {
    const auto mirror = mirror_of(registry);
    const bool override_path = std::any_of(mirror.endpoints.begin(), mirror.endpoints.end(), overrides);
    out += fmt::format("      {}:\n        endpoints:\n", yaml_quote(registry.name));
    for (const auto& endpoint : mirror.endpoints)
      out += fmt::format("          - {}\n", yaml_quote(override_path ? endpoint.url() : endpoint_url(endpoint)));
    if (override_path) out += "        overridePath: true\n";
    if (mirror.skip_fallback) out += "        skipFallback: true\n";
  }
  std::string configs;
  for (const auto& endpoint : endpoint_hosts(input.intent)) {
    const auto options = input.intent.endpoints.find(endpoint.host);
    const bool skip_verify = options != input.intent.endpoints.end() && options->second.insecure_skip_verify;
    const auto secrets = input.resolved.find(endpoint.host);
    const auto found = secrets == input.resolved.end() ? ResolvedEndpoint{} : secrets->second;
    std::string tls;
    if (!found.ca_pem.empty()) tls += fmt::format("          ca: {}\n", yaml_quote(base64_encode(found.ca_pem)));
    if (!found.client_cert_pem.empty())
      tls += fmt::format("          clientIdentity:\n            crt: {}\n            key: {}\n",
                         yaml_quote(base64_encode(found.client_cert_pem)),
                         yaml_quote(base64_encode(found.client_key_pem.expose())));
    if (skip_verify) tls += "          insecureSkipVerify: true\n";
    if (tls.empty() && found.password.empty()) continue;
    configs += fmt::format("      {}:\n", yaml_quote(endpoint.host));
    if (!tls.empty()) configs += "        tls:\n" + tls;
    if (!found.password.empty())
      configs += fmt::format("        auth:\n          username: {}\n          password: {}\n",
                             yaml_quote(found.username), yaml_quote(found.password.expose()));
  }
  return configs.empty() ? out : out + "    config:\n" + configs;
}

}  // namespace

Result<> talos_patch(const PatchInput& input, Patch& patch) {
  warn_inexpressible(input, "the Talos machine configuration", Expressible::tls_and_auth, patch);
  for (const auto& registry : input.intent.registries)
    if (mirror_of(registry).endpoints.empty())
      return Error{.kind = ErrorKind::unsupported,
                   .message = fmt::format("{} has no endpoints to declare", registry.name),
                   .where = registry.where};
  patch.files.push_back({"talos-registries.yaml", Secret(documents(input)), 0600});
  patch.files.push_back({"talos-machine.yaml", Secret(machine_config(input)), 0600});
  patch.notes.emplace_back(
      "apply one of the two, by the version of Talos; mirrors take effect without a reboot, credentials may need one");
  return {};
}

}  // namespace rf
