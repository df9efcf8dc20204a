// The restart a plan asks for: which service, by what, and in which order of the fleet.
#pragma once
#include <string>

#include "node/profile.h"
#include "plan/plan.h"

namespace rf {

// Sets plan.service so that `why` takes effect, or plan.warnings where `policy` forbids it. An Error where the service
// is not known.
Result<void> set_restart(const Detection& detection, RestartPolicy policy, std::string why, Plan& plan);
// The same where the distribution restarts containerd by itself, whatever `policy` says: the transaction waits for
// that.
void set_own_restart(const Detection& detection, RestartPolicy policy, std::string why, Plan& plan);

}  // namespace rf
