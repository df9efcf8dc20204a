// Forms for the tools that make clusters: a KIND cluster configuration and Kubespray's variables.
#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"
#include "intent/names.h"
#include "plan/hosts_render.h"
#include "plan/render/patch_parts.h"

namespace rf {
namespace {

const Version reads_certs_d_by_default{2, 2, 0};

std::string verdict(const PatchInput& input) {
  if (!input.target.containerd)
    return "node images before v0.31.0 (containerd before 2.2) need the containerdConfigPatches; later ones read "
           "certs.d without it, and it does no harm";
  const auto version = to_string(*input.target.containerd);
  if (*input.target.containerd >= reads_certs_d_by_default)
    return fmt::format("a node image with containerd {} reads certs.d without the patch; only the mount is needed",
                       version);
  return fmt::format("a node image with containerd {} does not read certs.d without the patch", version);
}

std::string url_of(const HostEntry& host) {
  return endpoint_url({.scheme = host.scheme, .host = host.host, .path = host.path, .where = {}});
}

}  // namespace

Result<void> kind_patch(const PatchInput& input, Patch& patch) {
  RF_TRY(const auto tree, hosts_tree(input, "certs.d", patch));
  std::string out = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n";
  const bool needed = !input.target.containerd || *input.target.containerd < reads_certs_d_by_default;
  // The node's config.toml is of version 2, and KIND skips a patch of another version.
  if (needed)
    out +=
        "containerdConfigPatches:\n  - |-\n    [plugins.\"io.containerd.grpc.v1.cri\".registry]\n      config_path = "
        "\"/etc/containerd/certs.d\"\n";
  out +=
      "nodes:\n  - role: control-plane\n    extraMounts:\n      - hostPath: ./certs.d\n        containerPath: "
      "/etc/containerd/certs.d\n";
  patch.files.push_back({"kind-cluster.yaml", std::move(out)});
  patch.files.insert(patch.files.end(), tree.begin(), tree.end());
  patch.notes.push_back(verdict(input));
  patch.notes.emplace_back(
      "kind create cluster --config kind-cluster.yaml, in this directory; repeat the mount for every further node");
  for (const auto& endpoint : endpoint_hosts(input.intent))
    if (const auto name = parse_host_port(endpoint.host); name && is_loopback(name->bare_host()))
      patch.warnings.push_back(fmt::format(
          "{}: inside a node container that is the node itself; name the registry's container on the network `kind`",
          endpoint.host));
  return {};
}

Result<void> kubespray_patch(const PatchInput& input, Patch& patch) {
  std::string out = "# group_vars/all/containerd.yml\ncontainerd_registries_mirrors:\n";
  Content auth;
  for (const auto& registry : input.intent.registries) {
    if (registry.name == "*" && registry.upstream == Registry::Upstream::standard)
      return Error{
          .kind = ErrorKind::unsupported,
          .message =
              "Kubespray writes a `server` into every hosts.toml, so `*` cannot end at each registry's own upstream",
          .hint = "name the registries one by one, or run 'regfallback apply' on these nodes",
          .where = registry.where};
    RF_TRY(auto files, hosts_files(registry, input.intent, input.resolved, patch_containerd(input)));
    patch.warnings.insert(patch.warnings.end(), files.warnings.begin(), files.warnings.end());
    auto chain = files.chain;
    // `server` has no override_path here: the last endpoint without a path takes that place, asked once more where it
    // stood before.
    const HostEntry* plain = nullptr;
    for (const auto& host : chain)
      if (host.path == "/v2") plain = &host;
    if (plain == nullptr)
      return Error{
          .kind = ErrorKind::unsupported,
          .message = fmt::format("{}: every endpoint has a path, and Kubespray's `server` cannot", registry.name),
          .hint = "run 'regfallback apply' on these nodes",
          .where = registry.where};
    const auto server = url_of(*plain);
    if (const auto& last = chain.back(); chain.size() > 1 && url_of(last) == server && last.headers.empty() && !last.ca)
      chain.pop_back();
    out += fmt::format("  - prefix: {}\n    server: {}\n    mirrors:\n",
                       yaml_quote(directory_of_registry(registry.name)), yaml_quote(server));
    for (const auto& host : chain) {
      std::vector<std::string> capabilities;
      for (const auto& word : host.capabilities) capabilities.push_back(yaml_quote(word));
      out += fmt::format("      - host: {}\n        capabilities: [{}]\n        skip_verify: {}\n",
                         yaml_quote(url_of(host)), join(capabilities, ", "), host.skip_verify.value_or(false));
      if (host.path != "/v2") out += "        override_path: true\n";
    }
  }
  for (const auto& endpoint : endpoint_hosts(input.intent)) {
    const auto secrets = input.resolved.find(endpoint.host);
    if (secrets == input.resolved.end()) continue;
    if (!secrets->second.ca_pem.empty() || !secrets->second.client_cert_pem.empty())
      patch.warnings.push_back(fmt::format(
          "{}: Kubespray does not copy certificates; put them into the nodes' trust store first", endpoint.host));
    if (!secrets->second.password.empty())
      auth += fill("  - registry: {}\n    username: {}\n    password: {}\n",
                   {yaml(endpoint.host), yaml(secrets->second.username), yaml(secrets->second.password)});
  }
  Content whole = std::move(out);
  if (!auth.text().empty()) {
    whole += fill("containerd_registry_auth:\n{}", {auth});
    patch.warnings.emplace_back(
        "containerd_registry_auth works with containerd 1.x only: Kubespray ignores it for 2.x");
  }
  patch.files.push_back({"kubespray-containerd.yml", std::move(whole)});
  patch.notes.emplace_back("the next playbook run writes these registries; nothing restarts for hosts.toml files");
  return {};
}

}  // namespace rf
