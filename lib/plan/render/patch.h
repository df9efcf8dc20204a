// What `render --for NAME` prints: the intent in the native form of a distribution, as files and as snippets for the
// places that distribution takes configuration from. Made without any node.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/content.h"
#include "intent/intent.h"
#include "intent/resolved.h"
#include "node/profile.h"

namespace rf {

struct PatchFile {
  std::string
      name;  // relative to the directory it is written to: "etc/rancher/k3s/registries.yaml", "talos-registries.yaml"
  Content content;
  // Of a file that is to hold secrets sooner or later; one that was made from a secret has no other.
  enum class For { all, owner } readable = For::all;
  unsigned mode() const { return readable == For::owner || content.made_from_secret() ? 0600 : 0644; }
  bool operator==(const PatchFile&) const = default;
};

struct Patch {
  std::vector<PatchFile> files;       // the first one is the snippet itself
  std::vector<std::string> notes;     // how to apply it, and what it depends on
  std::vector<std::string> warnings;  // what the form cannot express
};

struct PatchTarget {
  std::string name;                        // a profile's name, or a form's: "cloud-init"
  std::optional<Version> containerd = {};  // of the nodes it is for; the newest form when not given
  std::optional<Version> distribution = {};
};

// An Error names the nearest target when the name is unknown, and the registry where a form cannot hold what is
// declared.
Result<Patch> render_patch(const Intent& intent, const ResolvedEndpoints& resolved, const PatchTarget& target,
                           std::span<const Profile> profiles);
// Every name render_patch takes, sorted.
std::vector<std::string> patch_targets(std::span<const Profile> profiles);

}  // namespace rf
