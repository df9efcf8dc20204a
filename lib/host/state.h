// What we remember on the operator's machine: $XDG_STATE_HOME/regfallback (or ~/.local/state/regfallback), readable by
// the user only.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "host/last_apply.h"

namespace rf {

std::string state_directory();

// Empty when there was none or it cannot be read: it is a convenience, never a reason to fail.
LastApply remembered_apply();
Result<void> remember_apply(const LastApply& apply);

// The nodes of one of the last fifty runs that began here; empty when it is not one of them.
std::vector<std::string> remembered_run(const std::string& id);
Result<void> remember_run(RememberedRun run);

}  // namespace rf
