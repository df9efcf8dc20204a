// The steps of detect(), each a pure function. Internal to the room.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "node/profile.h"

namespace rf {

// '*' matches anything, '/' included; '?' one character.
bool glob_match(std::string_view pattern, std::string_view text);

// One running containerd and the profile that describes it.
struct Candidate {
  const RuntimeProcess* runtime = nullptr;
  const Profile* profile = nullptr;
};

// The profile of lowest rank that fits this runtime on this node; nullptr when none does.
const Profile* profile_of(const RuntimeProcess& runtime, const Facts& facts, std::span<const Profile> profiles);
// What the profile demands of the node, leaving the runtime aside.
bool node_matches(const Profile& profile, const Facts& facts);

struct Choice {
  RuntimeProcess runtime;  // pid 0 when none runs
  const Profile* profile = nullptr;
  Confidence confidence = Confidence::high;
  std::vector<std::string> notes;
};
// Which containerd is the one to configure: the kubelet's.
Result<Choice> choose_runtime(const Facts& facts, std::span<const Profile> profiles, const Profile* forced);

// "unix:///var/run/x.sock" -> "/run/x.sock": without the scheme, symlinks of the node followed.
std::string socket_path(const FileTree& tree, std::string_view endpoint);

// Fills in what follows from the choice: version, era, service, role, effective configuration, state, managers.
void describe(Detection& detection, const Facts& facts);

}  // namespace rf
