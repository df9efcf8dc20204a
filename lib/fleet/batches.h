// In which order and how many at a time nodes are changed. Pure.
#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace rf {

struct RolloutNode {
  std::size_t index = 0;  // the caller's
  int order = 0;          // lower ones come first: servers before agents
  int serial = 0;         // at most so many of its kind at once; 0: no limit
  bool restarts = false;  // the two above count only for nodes whose runtime is restarted
};

struct RolloutPolicy {
  std::size_t canary = 0;  // so many first, alone
  std::size_t serial = 0;  // at most so many at once; 0: all
  std::optional<std::size_t> max_failures = {};  // begin no further batch once more than so many have failed
};

// Batches of indices; one begins when the one before it is done. Nodes without a restart come first and need no order.
std::vector<std::vector<std::size_t>> batches(std::span<const RolloutNode> nodes, const RolloutPolicy& policy);

// Whether a further batch may begin. Without max_failures one failed node ends a rollout that has batches; a rollout in one go has no
// further batch to hold back.
bool may_go_on(const RolloutPolicy& policy, std::size_t failed);

}  // namespace rf
