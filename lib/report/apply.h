// What `apply` and `rollback` say: what became of each node.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "apply/outcome.h"
#include "plan/plan.h"
#include "report/text_style.h"
#include "report/value.h"

namespace rf {

struct ApplyRow {
  std::string node;
  NodeResult result = {};
  const Plan* plan = nullptr;  // what was to be done; null for rollback
};

// regfallback.apply/v1 or regfallback.rollback/v1.
Value apply_value(std::span<const ApplyRow> rows, std::string_view schema);
std::string apply_text(std::span<const ApplyRow> rows, const TextStyle& style);
// "3 nodes: 2 applied, 1 unchanged".
std::string apply_summary(std::span<const ApplyRow> rows);

}  // namespace rf
