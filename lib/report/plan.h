// What `plan` says: the changes of each node as a diff with reasons. Nodes with the same changes are shown once.
#pragma once
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "plan/plan.h"
#include "report/text_style.h"
#include "report/value.h"

namespace rf {

struct PlanRow {
  std::string node;
  std::optional<Error> error = {};
  const Plan* plan = nullptr;  // null with an error
};

Value plan_value(std::span<const PlanRow> rows);  // regfallback.plan/v1
std::string plan_text(std::span<const PlanRow> rows, const TextStyle& style);
// "3 nodes: 2 to change (1 restart), 1 up to date".
std::string plan_summary(std::span<const PlanRow> rows);

}  // namespace rf
