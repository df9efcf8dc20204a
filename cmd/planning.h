// What the flags of plan, apply and migrate say of planning.
#pragma once
#include "line/command.h"
#include "plan/plan.h"
#include "setup.h"

namespace rf::cmd {

// What the flags and the source of the intent say of planning; the style is empty where each node's own is taken.
PlanOptions plan_options(const Options& options, const Setup& setup);
Flag style_flag(Options& options);
Flag restart_flag(Options& options, std::string help, std::string group);

}  // namespace rf::cmd
