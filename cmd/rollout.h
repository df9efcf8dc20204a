// What the commands that change nodes do alike: in which batches, and what is printed of the results.
#pragma once
#include <string>
#include <vector>

#include "line/context.h"
#include "report/apply.h"
#include "run/run.h"
#include "setup.h"

namespace rf::cmd {

// From --serial, --canary, --max-failures and --parallel, for a number of nodes.
FleetPolicy rollout_policy(const Options& options, std::size_t nodes);
// Of a run that begins now: its new id, and who begins it. This machine remembers the nodes, where some are to be
// changed. Error when the system gives no random numbers.
Result<RunOrigin> begin_run(Context& context, const Run& run, const Setup& setup, std::string reason);
// What a change came to. Prints it; the exit code.
struct ChangeResults {
  ChangeAction action = ChangeAction::apply;
  std::string run = {};
  std::string again = {};  // see ChangeReport
  std::vector<NodeResult> nodes = {};
  std::vector<std::string> states = {};  // by node, where transactions were undone
};
int print_results(Context& context, const Run& run, const ChangeResults& results);

}  // namespace rf::cmd
