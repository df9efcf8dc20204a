// What the rules about distributions share. Internal to the room.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "containerd/k3s/registries_yaml.h"
#include "diagnose/view.h"

namespace rf {

bool renders(const View& view);              // K3s or RKE2: from registries.yaml
std::string title(const View& view);         // "K3s"
std::string then_restart(const View& view);  // "; then systemctl restart k3s"
// registries.yaml as the program reads it; nothing when there is none or it does not parse.
std::optional<RegistriesYaml> registries_of(const View& view);
// The line of a key in it.
Location line_of(const View& view, const std::vector<std::string>& path);
// Whether a key of it can be shown: a line that is no key and value at all is taken for a key, and may hold anything.
bool is_plain_key(std::string_view key);

// A look function of the family registries-yaml, in a file of its own.
class Findings;
void look_for_repeated_keys(const View& view, Findings& found);

}  // namespace rf
