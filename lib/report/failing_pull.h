// What is said of failed pulls that a text tells: the cause of each, and on which node, by which line, with which fix.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "diagnose/failing_pull.h"
#include "report/text_style.h"
#include "report/value.h"

namespace rf {

struct FailingPullNode {
  std::string node;  // "" for a copy of a node's files
  PullDiagnosis diagnosis;
};

struct FailingPull {
  PullFailure failure;
  std::vector<FailingPullNode> nodes;  // that it can have happened on
  // The text names a node, and it is none of those that were looked at: `nodes` are all of them.
  bool named_node_missing = false;
};

// A node that could not be looked at.
struct UnreadNode {
  std::string node;
  Error error;
};

// A cause was found, and a node that it can have happened on.
bool has_cause(const FailingPull& pull);

Value failing_pulls_value(std::span<const FailingPull> pulls, std::span<const UnreadNode> unread);
std::string failing_pulls_text(std::span<const FailingPull> pulls, std::span<const UnreadNode> unread,
                               const TextStyle& style);
// "2 failures: 1 cause found, 1 unknown"
std::string failing_pulls_summary(std::span<const FailingPull> pulls);

}  // namespace rf
