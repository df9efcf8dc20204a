// What `plan` says: the changes of each node as a diff with reasons. Nodes with the same changes are shown once.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plan/plan.h"
#include "report/text_style.h"
#include "report/value.h"

namespace rf {

struct PlanRow {
  std::string node;
  std::optional<Error> error = {};
  const Plan* plan = nullptr;           // null with an error
  std::vector<std::string> about = {};  // sentences that come before the changes
};

Value plan_row_value(const PlanRow& row);
Value plan_value(std::span<const PlanRow> rows);  // regfallback.plan/v1
std::string plan_text(std::span<const PlanRow> rows, const TextStyle& style);
// "3 nodes: 2 to change (write 4 files, 1 restart), 1 up to date".
std::string plan_summary(std::span<const PlanRow> rows);
// What of a plan is counted: "write 4 files, remove 1 file, drop 1 registry, no restart; 2 registries not declared
// change too".
std::string counts_text(const PlanCounts& counts);
// "Apply to 3 nodes: write 4 files, 1 restart? [y/N] ", of the nodes with something to do. `action` is "Apply to".
std::string plan_question(std::string_view action, std::span<const PlanRow> rows);

}  // namespace rf
