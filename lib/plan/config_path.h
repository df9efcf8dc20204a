// The one setting that makes containerd read hosts.toml files: whether it has to change, in which file, and what
// follows from that.
#pragma once
#include "plan/draft.h"

namespace rf {

// Adds the edit and the reason for a restart to the draft; nothing where the directory is read already.
Result<void> plan_config_path(const PlanContext& context, Draft& draft);

}  // namespace rf
