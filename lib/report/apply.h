// What `apply` and `rollback` say: what became of each node.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "node/facts.h"
#include "plan/plan.h"
#include "report/text_style.h"
#include "report/value.h"

namespace rf {

// What became of a node, in the order of how much it matters to a person.
enum class NodeOutcome {
  unchanged,  // it was as it should be
  applied,
  not_begun,    // the rollout ended before its turn, or the user said no
  unreachable,  // nothing was done
  refused,      // a rule of ours or a missing ability forbids it; nothing was done
  conflict,     // changed since it was planned; nothing was done
  rolled_back,  // the change failed; the node is as it was
  unknown,      // the connection was lost on the way; the node ends it by itself
  stuck,        // neither new nor old
};
std::string_view to_string(NodeOutcome outcome);

struct ApplyRow {
  std::string node;
  NodeOutcome outcome = NodeOutcome::not_begun;
  std::optional<Error> error = {};
  const Plan* plan = nullptr;         // what was to be done; null for rollback
  std::string detail = {};            // one line of the node's: why it was rolled back
  std::string transaction = {};       // id of its receipt, "" when nothing was done
  std::optional<bool> verified = {};  // planning again from the node's facts gave an empty plan
  bool restarted = false;
  int milliseconds = 0;
};

// regfallback.apply/v1 or regfallback.rollback/v1.
Value apply_value(std::span<const ApplyRow> rows, std::string_view schema);
std::string apply_text(std::span<const ApplyRow> rows, const TextStyle& style);
// "3 nodes: 2 applied, 1 unchanged".
std::string apply_summary(std::span<const ApplyRow> rows);

}  // namespace rf
