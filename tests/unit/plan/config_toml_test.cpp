#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plan_builder.h"

using namespace rf;
using test::Planned;

namespace {
Planned legacy(const std::string& registries, const std::string& version) {
  Planned node(registries);
  node.options.style = Style::config_toml;
  node.on(version, version.starts_with("1.") ? "version = 2\n# kept\n" : "version = 3\n# kept\n");
  return node;
}
}  // namespace

TEST_CASE("mirror blocks give the declared chain, need a restart, and are planned once") {
  const auto* version = GENERATE("1.5.18", "1.6.20", "1.7.24", "2.1.9", "2.3.4");
  INFO(version);
  auto node = legacy(
      "  docker.io: { mirrors: [http://anubis:32000, https://harbor.corp/v2/proxy] }\n  ghcr.io: { mirrors: "
      "[http://anubis:32000] }\n",
      version);
  const auto plan = node.plan();
  REQUIRE(plan.files.size() == 1);
  CHECK(test::text_of(plan, "/etc/containerd/config.toml").find("# kept") != std::string::npos);
  CHECK(plan.service.needed());
  node.apply(plan);
  CHECK(node.plan().empty());
}

TEST_CASE("what mirror blocks cannot say is refused by the self-check, and nothing is written") {
  CHECK(legacy("  ghcr.io: { mirrors: [http://anubis:32000], upstream: none }\n", "1.7.24")
            .refused()
            .message.find("would not be as declared") != std::string::npos);
  CHECK(legacy("  docker.io: { fallback: [http://anubis:32000] }\n", "1.7.24")
            .refused()
            .message.find("would not be as declared") != std::string::npos);
}
