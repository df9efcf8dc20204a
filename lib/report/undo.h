// What a rollback, or taking regfallback off a node, will do: shown before it is asked.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "node/history.h"
#include "report/plan.h"

namespace rf {

struct UndoRow {
  PlanRow plan = {};
  const Undo* undo = nullptr;  // null with an error, and where no file is put back
};

// "undoes run 1f2e3d4c (...)", "goes back to the state after run 0a1b2c3d (...)"; or why there is nothing to do.
std::vector<std::string> about_undo(const Undo& undo, const Plan& plan);
// What the node is afterwards: "in the state after run 0a1b2c3d", "in the state before the first apply"; "" where that
// is not known.
std::string state_after(const Undo& undo);

Value undo_plan_value(std::span<const UndoRow> rows);  // regfallback.undo-plan/v1
// "3 nodes: 2 to change (1 restart), 1 with nothing to undo".
std::string undo_summary(std::span<const UndoRow> rows);

}  // namespace rf
