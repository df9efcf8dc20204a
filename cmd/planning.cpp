#include "planning.h"

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

}  // namespace rf::cmd
