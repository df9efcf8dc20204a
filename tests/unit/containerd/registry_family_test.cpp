#include "containerd/pull/registry_family.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <tuple>

using namespace rf;
using Takes = RegistryFamily::Takes;

namespace {

std::string fault(std::string_view text) {
  const embedded::File files[] = {{"f.toml", text}};
  const auto loaded = load_registry_families(files);
  return loaded ? "" : to_string(loaded.error());
}

}  // namespace

TEST_CASE("a host belongs to the family that serves it") {
  REQUIRE(load_registry_families(embedded::registries()).ok());
  for (const auto& [host, takes, refuses] : {
           std::tuple{"ghcr.io", Takes::static_bearer, true},
           std::tuple{"registry-1.docker.io", Takes::token_service, false},
           std::tuple{"gcr.io", Takes::basic, true},
           std::tuple{"eu.gcr.io", Takes::basic, true},
           std::tuple{"europe-west1-docker.pkg.dev", Takes::basic, true},
           std::tuple{"123456789012.dkr.ecr.eu-west-1.amazonaws.com", Takes::basic, false},
           std::tuple{"team.azurecr.io", Takes::basic, false},
       }) {
    INFO(host);
    const auto* family = registry_family(host);
    REQUIRE(family != nullptr);
    CHECK(family->takes == takes);
    CHECK(family->refuses_unknown_repository == refuses);
  }
  for (const auto* host :
       {"harbor.corp", "ghcr.io.corp", "my-ghcr.io", "ghcr.io:5000", ".azurecr.io.corp", "docker.io"})
    CHECK(registry_family(host) == nullptr);
}

TEST_CASE("a family's file that is wrong is told with its place") {
  CHECK(fault("title = \"x\"\nhosts = [\"h\"]\ncredentials = \"basic\"\n").empty());
  CHECK(fault("title = \"x\"\nhosts = [\"h\"]\n").find("`credentials` are needed") != std::string::npos);
  CHECK(fault("hosts = []\n").find("f.toml:1") != std::string::npos);
  CHECK(fault("hosts = [1]\n").find("a host is expected") != std::string::npos);
  CHECK(fault("credentials = \"password\"\n").find("static-bearer") != std::string::npos);
  CHECK(fault("unknown_repository = \"maybe\"\n").find("refused or ignored") != std::string::npos);
  CHECK(fault("colour = \"x\"\n").find("unknown key `colour`") != std::string::npos);
  CHECK(fault("title = 1\n").find("a string is expected") != std::string::npos);
}
