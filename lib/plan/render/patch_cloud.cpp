// Forms that machines get when they are made: Bottlerocket settings, NodeConfig for nodeadm, cloud-init.
#include <fmt/format.h>

#include "base/text.h"
#include "plan/render/patch_parts.h"

namespace rf {
namespace {

std::string toml_list(const std::vector<Endpoint>& endpoints) {
  std::vector<std::string> quoted;
  for (const auto& endpoint : endpoints) quoted.push_back(toml_quote(endpoint_url(endpoint)));
  return "[" + join(quoted, ", ") + "]";
}

// pki tables are named; the name says what the certificate is for and may hold letters, digits and hyphens only.
std::string pki_name(std::string_view host) {
  std::string name = "regfallback-";
  for (const char c : host) name += (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
  return name;
}

}  // namespace

Result<> bottlerocket_patch(const PatchInput& input, Patch& patch) {
  warn_inexpressible(input, "the settings API", Expressible::none, patch);
  std::string out = "# apiclient apply, or user data\n";
  for (const auto& registry : input.intent.registries) {
    if (registry.upstream == Registry::Upstream::none)
      return Error{.kind = ErrorKind::unsupported,
                   .message = fmt::format("{}: Bottlerocket always tries the registry itself last", registry.name),
                   .hint = "forbid it in the network, and leave `upstream: none` out here",
                   .where = registry.where};
    if (!ends_at_standard_upstream(registry) && registry.name != "*")
      patch.warnings.push_back(
          fmt::format("{}: the registry itself is tried last, beside what is declared", registry.name));
    const auto endpoints = chain_before_default(registry);
    if (endpoints.empty()) continue;
    out += fmt::format("\n[[settings.container-registry.mirrors]]\nregistry = {}\nendpoint = {}\n",
                       toml_quote(registry.name), toml_list(endpoints));
    for (const auto& endpoint : endpoints)
      if (endpoint.override_path())
        patch.warnings.push_back(fmt::format(
            "{}: {} has a path, which images from before containerd 2.2 and later ones may read differently; try it",
            registry.name, endpoint_url(endpoint)));
  }
  for (const auto& endpoint : endpoint_hosts(input.intent)) {
    const auto secrets = input.resolved.find(endpoint.host);
    if (secrets == input.resolved.end()) continue;
    if (!secrets->second.password.empty())
      out += fmt::format("\n[[settings.container-registry.credentials]]\nregistry = {}\nusername = {}\npassword = {}\n",
                         toml_quote(endpoint.host), toml_quote(secrets->second.username),
                         toml_quote(secrets->second.password.expose()));
    if (!secrets->second.ca_pem.empty())
      out += fmt::format("\n[settings.pki.{}]\ndata = {}\ntrusted = true\n", pki_name(endpoint.host),
                         toml_quote(base64_encode(secrets->second.ca_pem)));
  }
  patch.files.push_back({"bottlerocket.toml", Secret(std::move(out)), 0600});
  return {};
}

Result<> nodeadm_patch(const PatchInput& input, Patch& patch) {
  RF_TRY(const auto tree, hosts_tree(input, "/etc/containerd/certs.d", patch));
  const std::string config =
      "[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = '/etc/containerd/certs.d'\n";
  const auto node_config =
      fmt::format("apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:\n  containerd:\n    config: {}\n",
                  yaml_quote(config));
  // One shell part writes the files, the other part is read by nodeadm; content travels as base64.
  std::string script = "#!/bin/sh\nset -eu\numask 077\n";
  for (const auto& file : tree)
    script += fmt::format("mkdir -p {0}\nprintf %s {1} | base64 -d > {2}\nchmod {3:04o} {2}\n",
                          shell_quote(parent_path(file.name)), shell_quote(base64_encode(file.content.expose())),
                          shell_quote(file.name), file.mode);
  const auto mime = fmt::format(
      "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"REGFALLBACK\"\n\n--REGFALLBACK\nContent-Type: "
      "text/x-shellscript\n\n{}"
      "\n--REGFALLBACK\nContent-Type: application/node.eks.aws\n\n{}\n--REGFALLBACK--\n",
      script, node_config);
  patch.files.push_back({"nodeconfig.yaml", Secret(node_config), 0644});
  patch.files.push_back({"user-data.mime", Secret(mime), 0600});
  patch.notes.emplace_back(
      "nodeconfig.yaml sets one config_path, which also survives Spegel's settings; nodeadm writes config.toml from it "
      "at every boot");
  patch.notes.emplace_back(
      "user-data.mime is the whole user data of a launch template: the hosts.toml files and that NodeConfig");
  return {};
}

Result<> cloud_init_patch(const PatchInput& input, Patch& patch) {
  RF_TRY(const auto tree, hosts_tree(input, "/etc/containerd/certs.d", patch));
  std::string out = "#cloud-config\nwrite_files:\n";
  for (const auto& file : tree)
    out += fmt::format("  - path: {}\n    permissions: \"{:04o}\"\n    encoding: b64\n    content: {}\n",
                       yaml_quote(file.name), file.mode, yaml_quote(base64_encode(file.content.expose())));
  patch.files.push_back({"cloud-init.yaml", Secret(std::move(out)), 0600});
  patch.notes.emplace_back(
      "containerd reads these files when its config.toml names /etc/containerd/certs.d alone as config_path: set that "
      "in the "
      "image, or run `regfallback apply` once the node is up");
  return {};
}

}  // namespace rf
