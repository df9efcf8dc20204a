#include "rollout.h"

#include "host/operator.h"
#include "host/state.h"
#include "line/command.h"
#include "nodes.h"

namespace rf::cmd {

FleetPolicy rollout_policy(const Options& options, std::size_t nodes) {
  FleetPolicy policy{.serial = options.serial, .canary = options.canary};
  if (options.parallel > 0) policy.parallel = options.parallel;
  if (options.max_failures) policy.max_failures = nodes_in(*options.max_failures, nodes);
  return policy;
}

Result<RunOrigin> begin_run(Context& context, const Run& run, const Setup& setup, std::string reason) {
  RF_TRY(auto id, new_run_id());
  if (any_changes(run)) {
    RememberedRun remembered{.id = id, .nodes = {}};
    for (const auto& spec : setup.selection.nodes) remembered.nodes.push_back(spec.text);
    if (const auto kept = remember_run(std::move(remembered)); !kept && context.options.verbose)
      context.error(kept.error());
  }
  return RunOrigin{.run = std::move(id),
                   .by = operator_name(),
                   .time = utc_now(),
                   .reason = std::move(reason),
                   .tool_version = RF_VERSION};
}

int print_results(Context& context, const Run& run, const ChangeResults& results) {
  ChangeReport report{.action = results.action, .run = results.run, .again = results.again};
  for (std::size_t i = 0; i < results.nodes.size(); ++i) {
    const auto& node = run.nodes()[i];
    report.rows.push_back({.node = node.name,
                           .result = results.nodes[i],
                           .plan = node.plan ? &*node.plan : nullptr,
                           .state = i < results.states.size() ? results.states[i] : ""});
  }
  if (context.wants_table()) {
    context.out.write(apply_text(report, context.style()));
    context.out.write(apply_summary(report));
  } else {
    context.print(apply_value(report));
  }
  return exit_code_of(verdict_of(results.nodes, run.end()));
}

}  // namespace rf::cmd
