// What the flags of plan, apply and migrate say of planning.
#pragma once
#include "line/command.h"
#include "plan/plan.h"

namespace rf::cmd {

RestartPolicy restart_policy(const Options& options);
// What the flags say of planning; the style is empty where each node's own is taken.
PlanOptions plan_options(const Options& options);
Flag style_flag(Options& options);

}  // namespace rf::cmd
