// One node of a run, as far as the run has come with it.
#pragma once
#include <optional>
#include <string>

#include "apply/outcome.h"
#include "apply/programs.h"
#include "base/result.h"
#include "intent/intent.h"
#include "node/facts.h"
#include "node/history.h"
#include "node/profile.h"
#include "plan/plan.h"

namespace rf {

// What is undone on a node, as its plan shows it.
struct PlannedUndo {
  Undo undo = {};
  Drift drift = Drift::keep;
  std::string shown = {};  // what the node is held to; "" where it has nothing to change
};

struct RunNode {
  NodeSpec spec = {};
  std::string name = {};
  bool connected = false;           // never with saved facts; its connection is kept for what follows
  std::optional<Error> error = {};  // why it goes no further
  std::optional<Facts> facts = {};
  std::optional<Detection> detection = {};
  std::optional<Plan> plan = {};
  std::optional<PlannedUndo> undo = {};      // the plan undoes transactions
  std::optional<Applied> ended_before = {};  // an earlier transaction that had to end first
  std::string ended_run = {};                // of which run that one is

  // Ends this node's part; the others go on.
  void fail(Error problem) { error = std::move(problem); }
  bool ready() const { return connected && !error; }
};

}  // namespace rf
