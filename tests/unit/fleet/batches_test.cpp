#include <catch2/catch_test_macros.hpp>

#include "fleet/batches.h"

using namespace rf;
using Batches = std::vector<std::vector<std::size_t>>;

namespace {
std::vector<RolloutNode> plain(std::size_t count) {
  std::vector<RolloutNode> nodes;
  for (std::size_t i = 0; i < count; ++i) nodes.push_back({.index = i});
  return nodes;
}
}  // namespace

TEST_CASE("by default all nodes go at once") { CHECK(batches(plain(3), {}) == Batches{{0, 1, 2}}); }

TEST_CASE("a canary goes alone, then batches of the size asked for") {
  CHECK(batches(plain(6), {.canary = 1, .serial = 2}) == Batches{{0}, {1, 2}, {3, 4}, {5}});
  CHECK(batches(plain(3), {.canary = 2}) == Batches{{0, 1}, {2}});
}

TEST_CASE("servers whose runtime restarts go one by one and before the agents") {
  const std::vector<RolloutNode> nodes{{.index = 0, .order = 2, .serial = 0, .restarts = true}, {.index = 1, .order = 1, .serial = 1, .restarts = true},
                                       {.index = 2, .order = 1, .serial = 1, .restarts = true}, {.index = 3, .order = 2, .serial = 0, .restarts = true}};
  CHECK(batches(nodes, {}) == Batches{{1}, {2}, {0, 3}});
}

TEST_CASE("nodes that are not restarted need no order") {
  const std::vector<RolloutNode> nodes{{.index = 0, .order = 2, .serial = 1, .restarts = false}, {.index = 1, .order = 1, .serial = 1, .restarts = false}};
  CHECK(batches(nodes, {}) == Batches{{0, 1}});
}

TEST_CASE("no batch is empty and no node is lost") { CHECK(batches({}, {.canary = 3}).empty()); }

TEST_CASE("a rollout with batches ends after the first failed node unless more are allowed") {
  CHECK(may_go_on({}, 0));
  CHECK_FALSE(may_go_on({}, 1));
  CHECK(may_go_on({.max_failures = 2}, 2));
  CHECK_FALSE(may_go_on({.max_failures = 2}, 3));
}
