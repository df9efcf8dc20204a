// The styles: each turns the intent into the files of its kind. What they share is in draft.h and hosts_render.h.
#pragma once
#include "plan/draft.h"

namespace rf {

// hosts.toml files below one directory, and the config_path that makes containerd read them.
Result<Draft> plan_hosts_dir(const PlanContext& context);
// Mirror blocks in config.toml: the form before hosts.toml files, only when asked for.
Result<Draft> plan_config_toml(const PlanContext& context);
// K3s and RKE2: the file their agents turn into hosts.toml files at start.
Result<Draft> plan_registries_yaml(const PlanContext& context);

}  // namespace rf
