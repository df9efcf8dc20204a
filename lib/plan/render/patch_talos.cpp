// Talos: registries are part of the machine configuration. Since v1.12 in documents of their own, before under
// machine.registries.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "plan/hosts_render.h"
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

Content documents(const PatchInput& input) {
  Content out = "# Talos v1.12 and later: talosctl -n NODE patch mc --patch @talos-registries.yaml\n";
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
      if (!found.ca_pem.empty()) out += fill("ca: {}\n", {yaml(found.ca_pem)});
      if (!found.client_cert_pem.empty())
        out +=
            fill("clientIdentity:\n  cert: {}\n  key: {}\n", {yaml(found.client_cert_pem), yaml(found.client_key_pem)});
      if (skip_verify) out += "insecureSkipVerify: true\n";
    }
    if (!found.password.empty())
      out += fill("{}apiVersion: v1alpha1\nkind: RegistryAuthConfig\nname: {}\nusername: {}\npassword: {}\n",
                  {separator, yaml(endpoint.host), yaml(found.username), yaml(found.password)});
  }
  return out;
}

// Here overridePath counts for all endpoints of a registry: with one path among them, all are written with theirs.
Content machine_config(const PatchInput& input) {
  Content out =
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
  Content configs;
  for (const auto& endpoint : endpoint_hosts(input.intent)) {
    const auto options = input.intent.endpoints.find(endpoint.host);
    const bool skip_verify = options != input.intent.endpoints.end() && options->second.insecure_skip_verify;
    const auto secrets = input.resolved.find(endpoint.host);
    const auto found = secrets == input.resolved.end() ? ResolvedEndpoint{} : secrets->second;
    Content tls;
    if (!found.ca_pem.empty()) tls += fill("          ca: {}\n", {yaml(base64(found.ca_pem))});
    if (!found.client_cert_pem.empty())
      tls += fill("          clientIdentity:\n            crt: {}\n            key: {}\n",
                  {yaml(base64(found.client_cert_pem)), yaml(base64(found.client_key_pem))});
    if (skip_verify) tls += "          insecureSkipVerify: true\n";
    if (tls.text().empty() && found.password.empty()) continue;
    configs += fmt::format("      {}:\n", yaml_quote(endpoint.host));
    if (!tls.text().empty()) configs += fill("        tls:\n{}", {tls});
    if (!found.password.empty())
      configs += fill("        auth:\n          username: {}\n          password: {}\n",
                      {yaml(found.username), yaml(found.password)});
  }
  if (!configs.text().empty()) out += fill("    config:\n{}", {configs});
  return out;
}

}  // namespace

Result<void> talos_patch(const PatchInput& input, Patch& patch) {
  warn_inexpressible(input, "the Talos machine configuration", Expressible::tls_and_auth, patch);
  for (const auto& registry : input.intent.registries)
    if (mirror_of(registry).endpoints.empty())
      return Error{.kind = ErrorKind::unsupported,
                   .message = fmt::format("{} has no endpoints to declare", registry.name),
                   .where = registry.where};
  patch.files.push_back({"talos-registries.yaml", documents(input), PatchFile::For::owner});
  patch.files.push_back({"talos-machine.yaml", machine_config(input), PatchFile::For::owner});
  patch.notes.emplace_back(
      "apply one of the two, by the version of Talos; mirrors take effect without a reboot, credentials may need one");
  return {};
}

}  // namespace rf
