// In which order the nodes of a run are dealt with. Pure.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rf {

struct FleetNode {
  std::string name;
  int stage = 0;  // a stage begins when the one before has ended: agents 0, servers 1
  enum class Company { others, alone } company = Company::others;  // `alone`: a batch of its own
};

// "5" nodes or "20%" of all.
struct Share {
  int number = 0;
  enum class Unit { nodes, percent } unit = Unit::nodes;
  bool operator==(const Share&) const = default;
};
Result<Share> parse_share(std::string_view text);
// At least one node.
Result<Share> parse_batch_size(std::string_view text);
// Of `total` nodes; a percentage is rounded up.
int nodes_in(const Share& share, std::size_t total);

struct FleetPolicy {
  int parallel = 256;                    // nodes at a time within a batch
  std::optional<Share> serial = {};      // without: all nodes of a stage are one batch
  int canary = 0;                        // so many nodes first; a failure among them ends the run
  std::optional<int> max_failures = {};  // more failures than this and no further node starts; without: see run_fleet
};

struct Batch {
  std::vector<std::size_t> nodes;  // indices, in input order
  enum class Kind { canary, usual } kind = Kind::usual;
  bool operator==(const Batch&) const = default;
};
// Every node is in exactly one batch.
std::vector<Batch> make_batches(const std::vector<FleetNode>& nodes, const FleetPolicy& policy);

}  // namespace rf
