#include "planning.h"

#include <algorithm>

namespace rf::cmd {

RestartPolicy restart_policy(const Options& options) {
  if (options.restart == "never") return RestartPolicy::never;
  return options.restart == "always" ? RestartPolicy::always : RestartPolicy::automatic;
}

std::vector<PlanRow> plan_rows(const std::vector<Node>& nodes) {
  std::vector<PlanRow> rows;
  for (const auto& node : nodes) rows.push_back({.node = node.name, .error = node.error, .plan = node.plan ? &*node.plan : nullptr});
  return rows;
}

bool any_failed(const std::vector<Node>& nodes) {
  return std::any_of(nodes.begin(), nodes.end(), [](const Node& node) { return node.error.has_value(); });
}

bool any_changes(const std::vector<Node>& nodes) {
  return std::any_of(nodes.begin(), nodes.end(), [](const Node& node) { return node.plan && !node.plan->empty(); });
}

}  // namespace rf::cmd
