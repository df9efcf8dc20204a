// The runtime a kubelet uses in place of a containerd.
#include <catch2/catch_test_macros.hpp>

#include "node_builder.h"

using namespace rf;
using namespace rf::test;

TEST_CASE("why a kubelet uses no containerd is told by a kind, with the error of detect") {
  Node endpoint, flag, none;
  endpoint.containerd("1.7.24").kubelet("unix:///var/run/crio/crio.sock");
  flag.process("k3s", {"k3s", "server", "--docker"});
  none.containerd("1.7.24").kubelet("unix:///run/containerd/containerd.sock");
  const auto of_endpoint = other_runtime(endpoint.facts, built_in_profiles());
  REQUIRE(of_endpoint);
  CHECK(of_endpoint->told == OtherRuntime::Told::by_endpoint);
  CHECK(of_endpoint->error.message == endpoint.refusal().message);
  const auto of_flag = other_runtime(flag.facts, built_in_profiles());
  REQUIRE(of_flag);
  CHECK(of_flag->told == OtherRuntime::Told::by_flag);
  CHECK(of_flag->error.message == flag.refusal().message);
  CHECK_FALSE(other_runtime(none.facts, built_in_profiles()));
}
