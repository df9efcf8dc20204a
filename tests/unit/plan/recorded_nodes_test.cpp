// Plans on every recorded node of tests/nodes: made, proven by the self-check, and done with after one apply.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "node/after_start.h"
#include "plan_builder.h"

using namespace rf;
namespace fs = std::filesystem;

namespace {

Facts recorded(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  auto facts = parse_facts(text.str());
  if (!facts) FAIL(to_string(facts.error()));
  return *std::move(facts);
}

}  // namespace

TEST_CASE("on every recorded node the declared chains are planned, proven, and need no second apply") {
  std::vector<fs::path> nodes;
  for (const auto& entry : fs::directory_iterator(RF_SOURCE_DIR "/tests/nodes"))
    if (entry.path().extension() == ".facts") nodes.push_back(entry.path());
  std::sort(nodes.begin(), nodes.end());
  REQUIRE(nodes.size() >= 9);
  const auto intent = test::intent_of(
      "  anubis:32000:\n    upstream: http://anubis:32000\n    fallback: [ghcr.io/your-org, docker.io]\n"
      "  docker.io:\n    mirrors: [\"http://anubis:32000\"]\n");
  for (const auto& path : nodes) {
    INFO(path.filename().string());
    auto facts = recorded(path);
    const auto detection = detect(facts, test::built_in_profiles());
    if (!detection) FAIL(to_string(detection.error()));
    const auto plan = make_plan(intent, {}, facts, *detection);
    if (!plan) FAIL_CHECK(to_string(plan.error()));
    if (!plan) continue;
    CHECK_FALSE(plan->empty());
    for (const auto& chain : plan->chains) CHECK(chain.endpoints.front().host == "anubis:32000");
    const auto started = tree_after_start(project(*plan, facts.tree), facts, *detection);
    if (!started) FAIL(to_string(started.error()));
    facts.tree = *started;
    const auto again = detect(facts, test::built_in_profiles());
    if (!again) FAIL(to_string(again.error()));
    const auto second = make_plan(intent, {}, facts, *again);
    if (!second) FAIL_CHECK(to_string(second.error()));
    if (!second) continue;
    for (const auto& change : second->files) FAIL_CHECK("still to change: " << change.path << ": " << change.why);
    CHECK(second->service.name == "");
  }
}

TEST_CASE("k0s restarts containerd by itself, and the transaction is told to wait for that") {
  const auto intent = test::intent_of("  docker.io:\n    mirrors: [\"http://anubis:32000\"]\n");
  const auto facts = recorded(RF_SOURCE_DIR "/tests/nodes/k0s-containerd-2.1.facts");
  const auto detection = detect(facts, test::built_in_profiles());
  REQUIRE(detection);
  const auto plan = make_plan(intent, {}, facts, *detection);
  REQUIRE(plan);
  CHECK(plan->service.by == RestartBy::itself);
  CHECK(plan->service.name == "containerd");
  CHECK(plan->service.wait_seconds == 120);
  const auto never = make_plan(intent, {}, facts, *detection, {.restart = RestartPolicy::never});
  REQUIRE(never);
  CHECK(never->service.by == RestartBy::itself);
  CHECK(never->warnings.size() == 1);
}
