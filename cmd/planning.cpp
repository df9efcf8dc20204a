#include "planning.h"

#include <algorithm>

namespace rf::cmd {

RestartPolicy restart_policy(const Options& options) {
  if (options.restart == "never") return RestartPolicy::never;
  return options.restart == "always" ? RestartPolicy::always : RestartPolicy::automatic;
}

PlanOptions plan_options(const Options& options) {
  PlanOptions plan{.restart = restart_policy(options)};
  for (const auto style : {Style::hosts_dir, Style::registries_yaml, Style::config_toml}) {
    if (options.style == to_string(style)) plan.style = style;
  }
  return plan;
}

Flag style_flag(Options& options) {
  return {{"--style",
           "STYLE",
           "hosts-dir, registries-yaml or config-toml (mirror blocks, deprecated) in place of the node's own way",
           "Change",
           {"hosts-dir", "registries-yaml", "config-toml"}},
          &options.style};
}

std::vector<PlanRow> plan_rows(const std::vector<Node>& nodes) {
  std::vector<PlanRow> rows;
  for (const auto& node : nodes)
    rows.push_back({.node = node.name, .error = node.error, .plan = node.plan ? &*node.plan : nullptr});
  return rows;
}

bool any_failed(const std::vector<Node>& nodes) {
  return std::any_of(nodes.begin(), nodes.end(), [](const Node& node) { return node.error.has_value(); });
}

bool any_changes(const std::vector<Node>& nodes) {
  return std::any_of(nodes.begin(), nodes.end(), [](const Node& node) { return node.plan && !node.plan->empty(); });
}

}  // namespace rf::cmd
