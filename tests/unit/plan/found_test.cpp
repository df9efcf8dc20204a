#include "plan/found.h"

#include <catch2/catch_test_macros.hpp>

#include "plan_builder.h"

using namespace rf;
using test::Planned;

TEST_CASE("what was planned from an intent is found as that intent") {
  Planned node(
      "  \"*\": { mirrors: [https://harbor.corp/v2/proxy] }\n"
      "  anubis:32000: { upstream: http://anubis:32000, fallback: [ghcr.io/your-org, docker.io] }\n"
      "  docker.io: { mirrors: [http://anubis:32000] }\n"
      "  ghcr.io: { mirrors: [http://anubis:32000], upstream: none }\n");
  node.on("1.7.24", test::live_1_7);
  node.apply(node.plan());
  const auto found = found_intent(node.facts.tree, node.detection().config);
  CHECK(found.notes.empty());
  REQUIRE(found.intent.registries.size() == 4);
  for (const auto& registry : node.intent.registries) {
    INFO(registry.name);
    REQUIRE(found.intent.registry(registry.name) != nullptr);
    CHECK(found.intent.registry(registry.name)->chain() == registry.chain());
    CHECK(found.intent.registry(registry.name)->upstream == registry.upstream);
  }
  node.intent = found.intent;
  const auto again = node.plan();
  CHECK(again.empty());
}

TEST_CASE("what an intent cannot say is a note") {
  Planned node("  x.io: {}\n");
  node.on("1.7.24", test::live_1_7)
      .file("/etc/containerd/certs.d/a_5000_/hosts.toml",
            "server = \"https://a:5000\"\n[host.\"https://m\"]\n  skip_verify = true\n[host.\"https://odd/path\"]\n  "
            "override_path = true\n")
      .file("/etc/containerd/certs.d/bad name/hosts.toml", "[host]\n");
  const auto found = found_intent(node.facts.tree, node.detection().config);
  REQUIRE(found.intent.registries.size() == 1);
  CHECK(found.intent.registries[0].name == "a:5000");
  CHECK(found.notes.size() == 2);
}
