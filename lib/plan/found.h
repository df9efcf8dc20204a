// The way back: what a node does now, as an intent to start from.
#pragma once
#include <string>
#include <vector>

#include "base/file_tree.h"
#include "containerd/config/effective_config.h"
#include "intent/intent.h"

namespace rf {

struct FoundIntent {
  Intent intent;                   // without endpoints' properties: their files and secrets are the node's
  std::vector<std::string> notes;  // what an intent cannot say, or does not carry
};
FoundIntent found_intent(const FileTree& tree, const EffectiveConfig& config);

}  // namespace rf
