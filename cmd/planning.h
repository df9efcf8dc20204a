// What the flags of plan, apply and migrate say of planning.
#pragma once
#include "line/command.h"
#include "plan/plan.h"

namespace rf::cmd {

// What the flags say of planning; the style is empty where each node's own is taken.
PlanOptions plan_options(const Options& options);
Flag style_flag(Options& options);
Flag restart_flag(Options& options, std::string help, std::string group);

}  // namespace rf::cmd
