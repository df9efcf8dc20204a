// The self-check: what containerd would do with the planned files, computed and compared with what was declared.
#pragma once
#include <vector>

#include "plan/draft.h"

namespace rf {

// The node as it will be after the plan.
struct Projected {
  FileTree tree;
  EffectiveConfig config;
  std::map<std::string, std::vector<std::string>, std::less<>> added = {};  // as in Draft
};

// The chain of every declared registry; an Error that names the cause and the way out where one differs from the
// intent.
Result<std::vector<Chain>> self_check(const PlanContext& context, const Projected& projected);

}  // namespace rf
