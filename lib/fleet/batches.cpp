#include "fleet/batches.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace rf {
namespace {

std::size_t batch_size(const FleetPolicy& policy, std::size_t nodes) {
  if (!policy.serial) return std::max<std::size_t>(nodes, 1);
  const auto number = static_cast<std::size_t>(std::max(policy.serial->number, 1));
  if (policy.serial->unit == Share::Unit::nodes) return number;
  return std::max<std::size_t>(nodes * number / 100, 1);
}

}  // namespace

Result<Share> parse_share(std::string_view text) {
  constexpr int most = 1'000'000;
  Share share;
  std::string_view digits = text;
  if (digits.ends_with('%')) {
    share.unit = Share::Unit::percent;
    digits.remove_suffix(1);
  }
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), share.number);
  const bool whole = failed == std::errc() && end == digits.data() + digits.size();
  if (!whole || share.number < 0 || share.number > (share.unit == Share::Unit::percent ? 100 : most)) {
    return Error{.kind = ErrorKind::usage,
                 .message = "'" + terminal_safe(text) + "' is neither a number nor a percentage",
                 .hint = "write a number of nodes (5) or a share of them (20%)"};
  }
  return share;
}

Result<Share> parse_batch_size(std::string_view text) {
  RF_TRY(const auto share, parse_share(text));
  if (share.number > 0) return share;
  return Error{.kind = ErrorKind::usage,
               .message = "'" + terminal_safe(text) + "' is not a batch size",
               .hint = "write a number of nodes (5) or a share of them (20%)"};
}

int nodes_in(const Share& share, std::size_t total) {
  if (share.unit == Share::Unit::nodes) return share.number;
  return static_cast<int>((total * static_cast<std::size_t>(share.number) + 99) / 100);
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
