// What we remember on the operator's machine: $XDG_STATE_HOME/regfallback (or ~/.local/state/regfallback), readable by
// the user only.
#pragma once
#include <string>

#include "base/result.h"
#include "host/last_apply.h"

namespace rf {

std::string state_directory();

// Empty when there was none or it cannot be read: it is a convenience, never a reason to fail.
LastApply remembered_apply();
Result<void> remember_apply(const LastApply& apply);

}  // namespace rf
