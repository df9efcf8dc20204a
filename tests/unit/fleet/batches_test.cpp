#include "fleet/batches.h"

#include <catch2/catch_test_macros.hpp>

using namespace rf;

namespace {

std::vector<FleetNode> plain(int count) {
  std::vector<FleetNode> nodes;
  for (int i = 0; i < count; ++i) nodes.push_back({"n" + std::to_string(i)});
  return nodes;
}
using Nodes = std::vector<std::size_t>;
constexpr auto usual = Batch::Kind::usual, canary = Batch::Kind::canary;

}  // namespace

TEST_CASE("without a policy all nodes are one batch") {
  CHECK(make_batches(plain(3), {}) == std::vector<Batch>{{Nodes{0, 1, 2}, usual}});
  CHECK(make_batches({}, {}).empty());
}

TEST_CASE("a batch size is a number of nodes or a share of them, at least one") {
  CHECK(make_batches(plain(5), {.serial = Share{2}}) ==
        std::vector<Batch>{{Nodes{0, 1}, usual}, {Nodes{2, 3}, usual}, {Nodes{4}, usual}});
  CHECK(make_batches(plain(10), {.serial = Share{50, Share::Unit::percent}}).size() == 2);
  CHECK(make_batches(plain(3), {.serial = Share{1, Share::Unit::percent}}).size() == 3);
}

TEST_CASE("canaries come first, whatever the batch size") {
  CHECK(make_batches(plain(4), {.canary = 1}) == std::vector<Batch>{{Nodes{0}, canary}, {Nodes{1, 2, 3}, usual}});
  CHECK(make_batches(plain(5), {.serial = Share{1}, .canary = 2}).front() == Batch{Nodes{0, 1}, canary});
  CHECK(make_batches(plain(2), {.canary = 9}) == std::vector<Batch>{{Nodes{0, 1}, canary}});
}

TEST_CASE("stages come one after the other, and who must be alone is alone") {
  const auto alone = FleetNode::Company::alone;
  const std::vector<FleetNode> nodes{{"server1", 1, alone}, {"agent1"}, {"server2", 1, alone}, {"agent2"}};
  CHECK(make_batches(nodes, {}) == std::vector<Batch>{{Nodes{1, 3}, usual}, {Nodes{0}, usual}, {Nodes{2}, usual}});
}

TEST_CASE("batch sizes are read strictly") {
  CHECK(parse_batch_size("5")->number == 5);
  CHECK(parse_batch_size("20%")->unit == Share::Unit::percent);
  for (const char* text : {"", "0", "-1", "x", "5x", "101%", "%", "0%"}) CHECK_FALSE(parse_batch_size(text));
}
