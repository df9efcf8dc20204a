#include "planning.h"

namespace rf::cmd {

PlanOptions plan_options(const Options& options, const Setup& setup) {
  return {.style = options.style, .restart = options.restart, .undeclared = setup.undeclared};
}

Flag style_flag(Options& options) {
  return choice(
      {"--style", "STYLE",
       "write hosts-dir, registries-yaml or config-toml (mirror blocks, deprecated) instead of the node's own style",
       "Change"},
      options.style,
      {{"hosts-dir", Style::hosts_dir},
       {"registries-yaml", Style::registries_yaml},
       {"config-toml", Style::config_toml}});
}

Flag restart_flag(Options& options, std::string help, std::string group) {
  return choice(
      {"--restart", "WHEN", std::move(help), std::move(group)}, options.restart,
      {{"auto", RestartPolicy::automatic}, {"never", RestartPolicy::never}, {"always", RestartPolicy::always}});
}

}  // namespace rf::cmd
