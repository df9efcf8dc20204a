#include "rollout.h"

#include "line/command.h"
#include "report/apply.h"
#include "setup.h"

namespace rf::cmd {

Result<FleetPolicy> rollout_policy(const Options& options, std::size_t nodes) {
  FleetPolicy policy;
  if (options.parallel > 0) policy.parallel = options.parallel;
  if (!options.serial.empty()) {
    RF_TRY(policy.serial, parse_batch_size(options.serial));
  }
  policy.canary = options.canary;
  if (!options.max_failures.empty()) {
    RF_TRY(const auto most, parse_share(options.max_failures, nodes));
    policy.max_failures = static_cast<int>(most);
  }
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
