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

TEST_CASE("a rewrite that is a prefix is found as the end of the URL, another one is a note") {
  FileTree tree;
  tree.put_file("/c/docker.io/hosts.toml",
                "[host.\"https://harbor.corp\"]\n[host.\"https://harbor.corp\".rewrite]\n\"^(.*)$\" = \"hub/$1\"\n");
  tree.put_file("/c/ghcr.io/hosts.toml",
                "[host.\"https://harbor.corp\"]\n[host.\"https://harbor.corp\".rewrite]\n\"^a/\" = \"b/\"\n");
  EffectiveConfig config;
  config.containerd = *parse_version("2.1.5");
  config.hosts_roots = {"/c"};
  config.config_path = "/c";
  config.fork.rewrites = true;
  const auto found = found_intent(tree, config);
  REQUIRE(found.intent.registry("docker.io") != nullptr);
  CHECK(found.intent.registry("docker.io")->mirrors.front().url() == "https://harbor.corp/v2/hub");
  REQUIRE(found.notes.size() == 1);
  CHECK(found.notes.front().find("an intent cannot name its rewrite of ^a/ to b/") != std::string::npos);
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
