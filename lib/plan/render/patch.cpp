#include "plan/render/patch.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/names.h"
#include "base/text.h"
#include "plan/draft.h"
#include "plan/hosts_render.h"
#include "plan/registries_yaml/registries_yaml_edit.h"
#include "plan/registries_yaml/registries_yaml_intent.h"
#include "plan/render/patch_parts.h"

namespace rf {
namespace {

const Version newest_containerd{2, 4, 0};

const std::map<std::string, PatchForm, std::less<>>& forms() {
  static const std::map<std::string, PatchForm, std::less<>> all = {
      {"hosts-dir", hosts_dir_patch}, {"registries-yaml", registries_yaml_patch},
      {"talos", talos_patch},         {"bottlerocket", bottlerocket_patch},
      {"nodeadm", nodeadm_patch},     {"cloud-init", cloud_init_patch},
      {"kubespray", kubespray_patch}, {"kind-cluster", kind_patch}};
  return all;
}

// The newest era whose `since` holds: without a node there are no files to look at.
const ProfileEra& era_for(const Profile& profile, const PatchTarget& target) {
  const ProfileEra* chosen = &profile.eras.front();
  for (const auto& era : profile.eras) {
    const bool old = target.distribution && !era.since.empty() && *target.distribution < era.since.front();
    const bool older = target.containerd && era.containerd_since && *target.containerd < *era.containerd_since;
    if (!old && !older) chosen = &era;
  }
  return *chosen;
}

std::vector<std::string> forms_of(const Profile& profile, const ProfileEra& era) {
  if (!profile.render.empty()) return profile.render;
  if (era.style == Style::registries_yaml) return {"registries-yaml"};
  return {era.style == Style::patch ? era.dialect : "hosts-dir"};
}

}  // namespace

Version patch_containerd(const PatchInput& input) { return input.target.containerd.value_or(newest_containerd); }

bool ends_at_standard_upstream(const Registry& registry) {
  return registry.upstream == Registry::Upstream::standard && registry.fallback.empty();
}

std::vector<Endpoint> chain_before_default(const Registry& registry) {
  auto chain = registry.chain();
  if (ends_at_standard_upstream(registry) && registry.name != "*" && !chain.empty()) chain.pop_back();
  return chain;
}

Content yaml(const Content& value) { return value.as(yaml_quote); }
Content toml(const Content& value) { return value.as(toml_quote); }
Content base64(const Content& value) { return value.as(base64_encode); }

std::vector<Endpoint> endpoint_hosts(const Intent& intent) {
  std::vector<Endpoint> hosts;
  std::set<std::string> seen;
  for (const auto& registry : intent.registries)
    for (const auto& endpoint : registry.chain())
      if (seen.insert(endpoint.host).second) hosts.push_back(endpoint);
  return hosts;
}

void warn_inexpressible(const PatchInput& input, std::string_view form, Expressible forms, Patch& patch) {
  for (const auto& endpoint : endpoint_hosts(input.intent)) {
    const auto warn = [&](std::string_view what) {
      patch.warnings.push_back(fmt::format("{}: {} has no {}; it is left out", endpoint.host, form, what));
    };
    if (const auto options = input.intent.endpoints.find(endpoint.host); options != input.intent.endpoints.end()) {
      if (options->second.dial_timeout) warn("dial_timeout");
      if (!options->second.capabilities.empty()) warn("capabilities");
      if (!options->second.headers.empty()) warn("headers");
      if (options->second.insecure_skip_verify && forms == Expressible::none) warn("insecure_skip_verify");
    }
    const auto secrets = input.resolved.find(endpoint.host);
    if (secrets == input.resolved.end()) continue;
    if (!secrets->second.client_cert_pem.empty() && forms == Expressible::none) warn("client certificate");
  }
}

Result<std::vector<PatchFile>> hosts_tree(const PatchInput& input, std::string_view root, Patch& patch) {
  std::vector<PatchFile> files;
  for (const auto& registry : input.intent.registries) {
    RF_TRY(const auto rendered, hosts_files(registry, input.intent, input.resolved, patch_containerd(input)));
    patch.warnings.insert(patch.warnings.end(), rendered.warnings.begin(), rendered.warnings.end());
    const auto directory = fmt::format("{}/{}", root, directory_of_registry(registry.name));
    files.push_back({directory + "/hosts.toml", render_hosts_toml(rendered.chain, describe(registry))});
    for (const auto& certificate : rendered.certificates)
      files.push_back({directory + "/" + certificate.name, certificate.content});
  }
  return files;
}

Result<void> hosts_dir_patch(const PatchInput& input, Patch& patch) {
  const std::string root =
      input.era && input.era->hosts_dir.starts_with('/') ? input.era->hosts_dir : "/etc/containerd/certs.d";
  RF_TRY(auto files, hosts_tree(input, root, patch));
  for (auto& file : files) {
    file.name.erase(0, 1);
    patch.files.push_back(std::move(file));
  }
  if (input.era && input.era->always_read) return {};
  patch.notes.push_back(fmt::format(
      "copy the tree to / on each node; containerd reads it when its config_path is {} (one directory, no list)",
      root));
  return {};
}

Result<void> registries_yaml_patch(const PatchInput& input, Patch& patch) {
  const std::string file = input.era ? input.era->registries_file : "/etc/rancher/k3s/registries.yaml";
  const auto declared = registries_yaml_of(input.intent, input.resolved, parent_path(file) + "/regfallback");
  RF_TRY(auto text, merge_registries_yaml("", declared.desired, file));
  patch.files.push_back(
      {file.substr(1), registries_yaml_content(std::move(text), declared.desired), PatchFile::For::owner});
  for (const auto& certificate : declared.certificates)
    patch.files.push_back({certificate.path.substr(1), certificate.content});
  patch.warnings.insert(patch.warnings.end(), declared.warnings.begin(), declared.warnings.end());
  for (const auto& registry : input.intent.registries)
    if (registry.upstream == Registry::Upstream::none)
      patch.warnings.push_back(
          fmt::format("{}: its upstream is still tried last, unless the node's config.yaml says "
                      "`disable-default-registry-endpoint: true`",
                      registry.name));
  patch.notes.push_back(
      "copy the tree to / on each node; the file is read when the service starts: agents first, then one server after "
      "the other");
  return {};
}

Result<Patch> render_patch(const Intent& intent, const ResolvedEndpoints& resolved, const PatchTarget& target,
                           std::span<const Profile> profiles) {
  const auto profile =
      std::find_if(profiles.begin(), profiles.end(), [&](const Profile& p) { return p.name == target.name; });
  PatchInput input{intent, resolved, target};
  std::vector<std::string> names{target.name};
  if (profile != profiles.end()) {
    input.profile = &*profile;
    input.era = &era_for(*profile, target);
    names = forms_of(*profile, *input.era);
  }
  Patch patch;
  for (const auto& name : names) {
    const auto form = forms().find(name);
    if (form == forms().end()) {
      const auto all = patch_targets(profiles);
      const auto near = nearest(name, std::vector<std::string_view>(all.begin(), all.end()));
      return Error{
          .kind = ErrorKind::usage,
          .message = fmt::format("there is no form `{}` to render", name),
          .hint = near.empty() ? fmt::format("one of {}", join(all, ", ")) : fmt::format("did you mean `{}`?", near)};
    }
    RF_CHECK(form->second(input, patch).doing(fmt::format("rendering for {}", target.name)));
  }
  return patch;
}

std::vector<std::string> patch_targets(std::span<const Profile> profiles) {
  std::set<std::string> names;
  for (const auto& profile : profiles) names.insert(profile.name);
  for (const auto& [name, form] : forms()) names.insert(name);
  return {names.begin(), names.end()};
}

}  // namespace rf
