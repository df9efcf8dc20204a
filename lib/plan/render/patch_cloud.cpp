// Forms that machines get when they are made: Bottlerocket settings, NodeConfig for nodeadm, cloud-init.
#include <fmt/format.h>

#include "base/text.h"
#include "containerd/toml/toml_write.h"
#include "plan/hosts_render.h"
#include "plan/render/patch_parts.h"

namespace rf {
namespace {

std::string url_list(const std::vector<Endpoint>& endpoints) {
  std::vector<std::string> urls;
  for (const auto& endpoint : endpoints) urls.push_back(endpoint_url(endpoint));
  return toml_list(urls);
}

std::string octal(unsigned mode) { return fmt::format("{:04o}", mode); }

// pki tables are named; the name says what the certificate is for and may hold letters, digits and hyphens only.
std::string pki_name(std::string_view host) {
  std::string name = "regfallback-";
  for (const char c : host) name += (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
  return name;
}

}  // namespace

Result<void> bottlerocket_patch(const PatchInput& input, Patch& patch) {
  warn_inexpressible(input, "the settings API", Expressible::none, patch);
  Content out = "# apiclient apply, or user data\n";
  for (const auto& registry : input.intent.registries) {
    if (registry.upstream == Registry::Upstream::none)
      return Error{.kind = ErrorKind::unsupported,
                   .message = fmt::format("{}: Bottlerocket always tries the registry itself last", registry.name),
                   .hint = "block it in the network, and leave `upstream: none` out here",
                   .where = registry.where};
    if (!ends_at_standard_upstream(registry) && registry.name != "*")
      patch.warnings.push_back(
          fmt::format("{}: the registry itself is tried last, in addition to what is declared", registry.name));
    const auto endpoints = chain_before_default(registry);
    if (endpoints.empty()) continue;
    out += fmt::format("\n[[settings.container-registry.mirrors]]\nregistry = {}\nendpoint = {}\n",
                       toml_quote(registry.name), url_list(endpoints));
    for (const auto& endpoint : endpoints)
      if (endpoint.override_path())
        patch.warnings.push_back(fmt::format(
            "{}: {} has a path, which images with containerd before 2.2 may read differently from later ones; test it",
            registry.name, endpoint_url(endpoint)));
  }
  for (const auto& endpoint : endpoint_hosts(input.intent)) {
    const auto secrets = input.resolved.find(endpoint.host);
    if (secrets == input.resolved.end()) continue;
    if (!secrets->second.password.empty())
      out += fill("\n[[settings.container-registry.credentials]]\nregistry = {}\nusername = {}\npassword = {}\n",
                  {toml(endpoint.host), toml(secrets->second.username), toml(secrets->second.password)});
    if (!secrets->second.ca_pem.empty())
      out += fill("\n[settings.pki.{}]\ndata = {}\ntrusted = true\n",
                  {pki_name(endpoint.host), toml(base64(secrets->second.ca_pem))});
  }
  patch.files.push_back({"bottlerocket.toml", std::move(out), PatchFile::For::owner});
  return {};
}

Result<void> nodeadm_patch(const PatchInput& input, Patch& patch) {
  RF_TRY(const auto tree, hosts_tree(input, "/etc/containerd/certs.d", patch));
  const std::string config =
      "[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = '/etc/containerd/certs.d'\n";
  const auto node_config =
      fmt::format("apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:\n  containerd:\n    config: {}\n",
                  yaml_quote(config));
  // One shell part writes the files, the other part is read by nodeadm; content travels as base64.
  Content script = "#!/bin/sh\nset -eu\numask 077\n";
  for (const auto& file : tree) {
    const auto name = shell_quote(file.name);
    script += fill(
        "mkdir -p {}\nprintf %s {} | base64 -d > {}\nchmod {} {}\n",
        {shell_quote(parent_path(file.name)), base64(file.content).as(shell_quote), name, octal(file.mode()), name});
  }
  auto mime = fill(
      "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"REGFALLBACK\"\n\n--REGFALLBACK\nContent-Type: "
      "text/x-shellscript\n\n{}"
      "\n--REGFALLBACK\nContent-Type: application/node.eks.aws\n\n{}\n--REGFALLBACK--\n",
      {script, node_config});
  patch.files.push_back({"nodeconfig.yaml", node_config});
  patch.files.push_back({"user-data.mime", std::move(mime), PatchFile::For::owner});
  patch.notes.emplace_back(
      "nodeconfig.yaml sets one config_path, which also survives Spegel's settings; nodeadm writes config.toml from it "
      "at every boot");
  patch.notes.emplace_back(
      "user-data.mime is the whole user data of a launch template: the hosts.toml files and that NodeConfig");
  return {};
}

Result<void> cloud_init_patch(const PatchInput& input, Patch& patch) {
  RF_TRY(const auto tree, hosts_tree(input, "/etc/containerd/certs.d", patch));
  Content out = "#cloud-config\nwrite_files:\n";
  for (const auto& file : tree)
    out += fill("  - path: {}\n    permissions: \"{}\"\n    encoding: b64\n    content: {}\n",
                {yaml(file.name), octal(file.mode()), yaml(base64(file.content))});
  patch.files.push_back({"cloud-init.yaml", std::move(out), PatchFile::For::owner});
  patch.notes.emplace_back(
      "containerd reads these files when its config.toml names /etc/containerd/certs.d alone as config_path: set that "
      "in the "
      "image, or run 'regfallback apply' once the node is up");
  return {};
}

}  // namespace rf
