#include "rollout.h"

#include "line/command.h"
#include "report/apply.h"

namespace rf::cmd {

FleetPolicy rollout_policy(const Options& options, std::size_t nodes) {
  FleetPolicy policy{.serial = options.serial, .canary = options.canary};
  if (options.parallel > 0) policy.parallel = options.parallel;
  if (options.max_failures) policy.max_failures = nodes_in(*options.max_failures, nodes);
  return policy;
}

int print_results(Context& context, const Run& run, const std::vector<NodeResult>& results, std::string_view schema) {
  std::vector<ApplyRow> rows;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const auto& node = run.nodes()[i];
    rows.push_back({.node = node.name, .result = results[i], .plan = node.plan ? &*node.plan : nullptr});
  }
  if (context.wants_table()) {
    context.out.write(apply_text(rows, context.style()));
    context.out.write(apply_summary(rows) + "\n");
  } else {
    context.print(apply_value(rows, schema));
  }
  return exit_code_of(verdict_of(results, run.end()));
}

}  // namespace rf::cmd
