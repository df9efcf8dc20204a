// Which files are ours by the receipts, and what others did between two looks.
#include "node/managed.h"

#include <catch2/catch_test_macros.hpp>

using namespace rf;

namespace {

constexpr auto path = "/etc/containerd/certs.d/docker.io/hosts.toml";

// Transactions on one file, the oldest first: its checksum before and after each.
Facts after(std::vector<std::pair<std::string, std::string>> changes) {
  Facts facts;
  for (auto& [before, now] : changes) {
    const int number = static_cast<int>(facts.receipts.size()) + 1;
    facts.receipts.push_back({.sequence = number,
                              .id = "t" + std::to_string(number),
                              .time = {},
                              .result = ReceiptResult::applied,
                              .tool_version = {},
                              .reason = {},
                              .files = {{path, before, now}}});
  }
  return facts;
}
Facts with_file(Facts facts, std::string sum) {
  facts.tree.put(path, {.content = "x", .sha256 = std::move(sum), .mode = 0644});
  return facts;
}

}  // namespace

TEST_CASE("a file that was given back is not ours any more, whatever becomes of it") {
  CHECK(managed_files(with_file(after({{"-", "a"}, {"a", "-"}}), "theirs")).empty());
  CHECK(managed_files(after({{"-", "a"}, {"a", "-"}})).empty());
  CHECK(managed_files(with_file(after({{"theirs", "a"}, {"a", "b"}, {"b", "theirs"}}), "edited")).empty());
}

TEST_CASE("a file of ours drifts, and so does one of others that we removed and that is back") {
  const auto ours = managed_files(with_file(after({{"-", "a"}, {"a", "-"}, {"-", "b"}}), "c"));
  REQUIRE(ours.size() == 1);
  CHECK(ours.front().expected == "b");
  CHECK(ours.front().drifted());
  CHECK_FALSE(managed_files(with_file(after({{"-", "a"}}), "a")).front().drifted());
  const auto removed = managed_files(with_file(after({{"theirs", "-"}}), "theirs"));
  REQUIRE(removed.size() == 1);
  CHECK(removed.front().drifted());
}

TEST_CASE("a file that we wrote and removed again is not ours any more, though others had one there before") {
  CHECK(managed_files(with_file(after({{"theirs", "a"}, {"a", "-"}}), "new")).empty());
  CHECK(managed_files(with_file(after({{"theirs", "a"}, {"a", "b"}, {"b", "-"}}), "new")).empty());
  CHECK(managed_files(with_file(after({{"theirs", "-"}, {"-", "a"}, {"a", "-"}}), "new")).empty());
  CHECK(managed_files(with_file(after({{"theirs", "a"}, {"a", "-"}, {"-", "b"}}), "new")).size() == 1);
}

TEST_CASE("a file of ours moves on with a snap's data") {
  auto facts = after({{"-", "a"}});
  facts.receipts[0].files[0].path = "/var/snap/microk8s/41/args/certs.d/docker.io/hosts.toml";
  facts.tree.put_symlink("/var/snap/microk8s/current", "42");
  const auto now = "/var/snap/microk8s/42/args/certs.d/docker.io/hosts.toml";
  facts.tree.put(now, {.content = "x", .sha256 = "a", .mode = 0644});
  REQUIRE(managed_files(facts).size() == 1);
  CHECK(managed_files(facts).front().path == now);
  CHECK_FALSE(managed_files(facts).front().drifted());
  facts.tree.put(now, {.content = "x", .sha256 = "b", .mode = 0644});
  CHECK(managed_files(facts).front().drifted());
}

TEST_CASE("a path that no link moves on stays as it is") {
  Facts facts;
  facts.tree.put_symlink("/var/snap/microk8s/current", "/elsewhere/42");
  for (const auto* const one : {"/var/snap/microk8s/41/x", "/etc/containerd/config.toml", "/x", ""})
    CHECK(path_now(facts, one) == one);
}

TEST_CASE("what was applied between two looks is told, newest first, and nothing that failed") {
  const auto earlier = after({{"-", "a"}});
  auto later = after({{"-", "a"}, {"a", "b"}, {"b", "c"}, {"c", "d"}});
  later.receipts[2].result = ReceiptResult::rolled_back;
  const auto others = applied_between(earlier, later);
  REQUIRE(others.size() == 2);
  CHECK(others[0].id == "t4");
  CHECK(others[1].id == "t2");
  CHECK(applied_between(later, later).empty());
}
