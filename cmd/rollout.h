// What the commands that change nodes do alike: in which batches, and what is printed of the results.
#pragma once
#include <string_view>
#include <vector>

#include "line/context.h"
#include "run/run.h"

namespace rf::cmd {

// From --serial, --canary, --max-failures and --parallel, for a number of nodes.
FleetPolicy rollout_policy(const Options& options, std::size_t nodes);
// Prints them; the exit code.
int print_results(Context& context, const Run& run, const std::vector<NodeResult>& results, std::string_view schema);

}  // namespace rf::cmd
