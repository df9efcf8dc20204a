// What every plan begins with and what forbids one, whichever command makes it.
#pragma once
#include <string>

#include "plan/plan.h"

namespace rf {

// Node and runtime; no changes yet.
Plan begin_plan(const Facts& facts, const Detection& detection);

// Refusals that need no look at what is to be written. An Error where no containerd runs that could be watched, ...
Result<void> check_runs(const Detection& detection);
// ... or where it is not known which one it is.
Result<void> check_version(const Detection& detection);
Error reads_no_registries_yaml(const Detection& detection, std::string hint);
Error writes_hosts_itself(const Detection& detection, std::string hint);
Error config_is_managed(const Detection& detection, const std::string& file, std::string hint);

// Who else writes registries on this node, where files are to be changed.
void warn_about_managers(const Detection& detection, Plan& plan);

// Secrets that pass through a sudo that keeps what it sees; once the changes are known.
void warn_about_sudo_log(const Facts& facts, Plan& plan);

}  // namespace rf
