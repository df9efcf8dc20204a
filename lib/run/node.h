// One node of a run, as far as the run has come with it.
#pragma once
#include <optional>
#include <string>

#include "apply/outcome.h"
#include "base/result.h"
#include "intent/intent.h"
#include "node/facts.h"
#include "node/profile.h"
#include "plan/plan.h"

namespace rf {

struct RunNode {
  NodeSpec spec = {};
  std::string name = {};
  bool connected = false;           // never with saved facts; its connection is kept for what follows
  std::optional<Error> error = {};  // why it goes no further
  std::optional<Facts> facts = {};
  std::optional<Detection> detection = {};
  std::optional<Plan> plan = {};
  std::optional<Applied> ended_before = {};  // an earlier transaction that had to end first

  // Ends this node's part; the others go on.
  void fail(Error problem) { error = std::move(problem); }
  bool ready() const { return connected && !error; }
};

}  // namespace rf
