// What we remember on the operator's machine: $XDG_STATE_HOME/regfallback (or ~/.local/state/regfallback), readable by the user only.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"

namespace rf {

std::string state_directory();

// The nodes of the last apply, as the user wrote them.
struct LastApply {
  std::vector<std::string> nodes;
  std::string intent_file;  // absolute; "" when the intent came from flags
};
// Empty when there was none or it cannot be read: it is a convenience, never a reason to fail.
LastApply remembered_apply();
Result<void> remember_apply(const LastApply& apply);

}  // namespace rf
