// What the forms of render_patch share, and the forms themselves. Internal to the room.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "plan/render/patch.h"

namespace rf {

struct PatchInput {
  const Intent& intent;
  const ResolvedEndpoints& resolved;
  const PatchTarget& target;
  const Profile* profile = nullptr;  // absent for forms that belong to no distribution
  const ProfileEra* era = nullptr;
};

// Each turns the intent into one native form and adds it to the patch.
using PatchForm = Result<void> (*)(const PatchInput&, Patch&);
Result<void> hosts_dir_patch(const PatchInput& input, Patch& patch);
Result<void> registries_yaml_patch(const PatchInput& input, Patch& patch);
Result<void> talos_patch(const PatchInput& input, Patch& patch);
Result<void> bottlerocket_patch(const PatchInput& input, Patch& patch);
Result<void> nodeadm_patch(const PatchInput& input, Patch& patch);
Result<void> cloud_init_patch(const PatchInput& input, Patch& patch);
Result<void> kubespray_patch(const PatchInput& input, Patch& patch);
Result<void> kind_patch(const PatchInput& input, Patch& patch);

// The version the hosts.toml files are for.
Version patch_containerd(const PatchInput& input);
// The chain without a standard upstream in last place, which the distribution appends by itself.
std::vector<Endpoint> chain_before_default(const Registry& registry);
bool ends_at_standard_upstream(const Registry& registry);
// Content in the forms of the languages the patches are in. Nothing here takes a secret out of its Content.
Content yaml(const Content& value);
Content toml(const Content& value);
Content base64(const Content& value);
// hosts.toml and certificates of every registry below `root`, absolute paths on the node.
Result<std::vector<PatchFile>> hosts_tree(const PatchInput& input, std::string_view root, Patch& patch);
// What of an endpoint's properties a form has no word for.
enum class Expressible { none, tls, tls_and_auth };
void warn_inexpressible(const PatchInput& input, std::string_view form, Expressible forms, Patch& patch);
// Every endpoint of the intent's chains, each host once.
std::vector<Endpoint> endpoint_hosts(const Intent& intent);

}  // namespace rf
