// What plan and apply do alike with planned nodes.
#pragma once
#include <vector>

#include "line/command.h"
#include "nodes.h"
#include "report/plan.h"

namespace rf::cmd {

RestartPolicy restart_policy(const Options& options);
// What the flags say of planning; the style is empty where each node's own is taken.
PlanOptions plan_options(const Options& options);
Flag style_flag(Options& options);
std::vector<PlanRow> plan_rows(const std::vector<Node>& nodes);
bool any_failed(const std::vector<Node>& nodes);
bool any_changes(const std::vector<Node>& nodes);

}  // namespace rf::cmd
