// What keeps a node from serving images, before any chain.
#include "node/condition.h"

#include <catch2/catch_test_macros.hpp>

using namespace rf;

TEST_CASE("a node that serves nothing is told so, with the plugin, the unit and the next step") {
  Detection detection;
  detection.runtime.pid = 7;
  detection.runtime.unit = "snap.microk8s.daemon-containerd.service";
  CHECK_FALSE(condition_of(detection, detection.config));
  detection.runtime.plugins["io.containerd.grpc.v1.cri"] = PluginState::error;
  const auto failed = condition_of(detection, detection.config);
  REQUIRE(failed);
  CHECK(failed->error.message == "the plugin io.containerd.grpc.v1.cri of the running containerd failed to load");
  CHECK(failed->error.hint.find("journalctl -u snap.microk8s.daemon-containerd.service") != std::string::npos);

  detection.config.cri_error = Error{.kind = ErrorKind::runtime, .message = "x", .where = Location{"/c", 3, 0}};
  const auto by_file = condition_of(detection, detection.config);
  REQUIRE(by_file);
  CHECK(by_file->error.message == "the CRI plugin does not load: x");
  CHECK(by_file->error.where->line == 3);

  Detection stopped;
  REQUIRE(condition_of(stopped, stopped.config));
  CHECK(condition_of(stopped, stopped.config)->error.message == "no containerd runs on this node");
  CHECK_FALSE(condition_of(stopped.config));
}
