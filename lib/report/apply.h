// What the commands that change nodes say: what became of each node, and of the fleet.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "apply/outcome.h"
#include "plan/plan.h"
#include "report/text_style.h"
#include "report/value.h"

namespace rf {

enum class ChangeAction { apply, migrate, rollback, uninstall };

struct ApplyRow {
  std::string node;
  NodeResult result = {};
  const Plan* plan = nullptr;  // what was to be done
  std::string state = {};      // of a node that was undone: what it is now, or why there was nothing to undo
};
struct ChangeReport {
  ChangeAction action = ChangeAction::apply;
  std::string run = {};    // its id
  std::string again = {};  // the command that goes on with nodes, which are added to it as --nodes; "": run as it was
  std::vector<ApplyRow> rows = {};
};

// A run that came to an end on some nodes only: names of nodes in the new state, and of those in the old one.
struct FleetSplit {
  std::vector<std::string> changed = {};
  std::vector<std::string> left = {};
};
// Nothing where no node was changed, or none was left. A node that is stuck or unknown is neither.
std::optional<FleetSplit> split_of(const ChangeReport& report);

// regfallback.apply/v1, regfallback.migrate/v1, regfallback.rollback/v1, regfallback.uninstall/v1
Value apply_value(const ChangeReport& report);
std::string apply_text(const ChangeReport& report, const TextStyle& style);
// "3 nodes: 2 applied, 1 unchanged"; how the run is undone; what to do where the fleet is split.
std::string apply_summary(const ChangeReport& report);

}  // namespace rf
