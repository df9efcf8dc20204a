// The --error flag of doctor and explain: from the text of a failed pull to its cause, node, line and fix.
#pragma once
#include <vector>

#include "line/command.h"

namespace rf::cmd {

// What is shown beside the causes: nothing, or the chain of each image with the requests that led to the error.
enum class FailingPullDetail { cause, chain };
int run_failing_pull(Context& context, FailingPullDetail detail);

std::vector<Flag> failing_pull_flags(Options& options);

}  // namespace rf::cmd
