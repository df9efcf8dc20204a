#include "fleet/batches.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace rf {
namespace {

std::size_t batch_size(const FleetPolicy& policy, std::size_t nodes) {
  if (!policy.serial) return std::max<std::size_t>(nodes, 1);
  const auto number = static_cast<std::size_t>(std::max(policy.serial->number, 1));
  if (policy.serial->unit == BatchSize::Unit::nodes) return number;
  return std::max<std::size_t>(nodes * number / 100, 1);
}

}  // namespace

Result<BatchSize> parse_batch_size(std::string_view text) {
  BatchSize size;
  std::string_view digits = text;
  if (digits.ends_with('%')) {
    size.unit = BatchSize::Unit::percent;
    digits.remove_suffix(1);
  }
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), size.number);
  const bool too_much = size.unit == BatchSize::Unit::percent && size.number > 100;
  if (failed != std::errc() || end != digits.data() + digits.size() || size.number < 1 || too_much) {
    return Error{ErrorKind::usage, "\"" + terminal_safe(text) + "\" is not a batch size",
                 "write a number of nodes (5) or a share of them (20%)"};
  }
  return size;
}

std::vector<Batch> make_batches(const std::vector<FleetNode>& nodes, const FleetPolicy& policy) {
  std::vector<std::size_t> order(nodes.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return nodes[a].stage < nodes[b].stage; });
  const std::size_t size = batch_size(policy, nodes.size());
  const auto canaries = std::min(static_cast<std::size_t>(std::max(policy.canary, 0)), order.size());

  std::vector<Batch> batches;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const FleetNode& node = nodes[order[i]];
    const auto kind = i < canaries ? Batch::Kind::canary : Batch::Kind::usual;
    const bool fits = !batches.empty() && batches.back().kind == kind && node.company != FleetNode::Company::alone &&
                      nodes[batches.back().nodes.front()].company != FleetNode::Company::alone &&
                      nodes[batches.back().nodes.front()].stage == node.stage &&
                      (kind == Batch::Kind::canary || batches.back().nodes.size() < size);
    if (!fits) batches.push_back({{}, kind});
    batches.back().nodes.push_back(order[i]);
  }
  return batches;
}

}  // namespace rf
