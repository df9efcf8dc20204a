#include "fleet/batches.h"

#include <algorithm>

namespace rf {

std::vector<std::vector<std::size_t>> batches(std::span<const RolloutNode> nodes, const RolloutPolicy& policy) {
  std::vector<RolloutNode> queue(nodes.begin(), nodes.end());
  // Stable: within one order the caller's order stays.
  std::stable_sort(queue.begin(), queue.end(), [](const RolloutNode& a, const RolloutNode& b) {
    return (a.restarts ? a.order : 0) < (b.restarts ? b.order : 0);
  });
  std::vector<std::vector<std::size_t>> all;
  std::size_t done = 0;
  while (done < queue.size()) {
    const bool canary = all.empty() && policy.canary > 0;
    std::size_t room = canary ? policy.canary : policy.serial > 0 ? policy.serial : queue.size();
    const int order = queue[done].restarts ? queue[done].order : 0;
    int restarting = 0;
    auto& batch = all.emplace_back();
    while (done < queue.size() && room > 0) {
      const auto& node = queue[done];
      const bool other_order = (node.restarts ? node.order : 0) != order;
      const bool full = node.restarts && node.serial > 0 && restarting >= node.serial;
      if (other_order || full) break;
      restarting += node.restarts ? 1 : 0;
      batch.push_back(node.index);
      --room;
      ++done;
    }
  }
  return all;
}

bool may_go_on(const RolloutPolicy& policy, std::size_t failed) { return failed <= policy.max_failures.value_or(0); }

}  // namespace rf
