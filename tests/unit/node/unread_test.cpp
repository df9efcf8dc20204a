// A node with a file that decides its chains and that we did not read: it fails with the reason, and nothing is said of
// its containerd.
#include "../bombs/bombs.h"
#include "node_builder.h"

using namespace rf;
using namespace rf::test;

namespace {

const std::string registries = "/etc/rancher/k3s/registries.yaml";

Node k3s() {
  Node node;
  node.runs(k3s_runtime("k3s", "k3s.service")).process("k3s", {"k3s", "server"});
  node.facts.versions["k3s"] = "k3s version v1.31.4+k3s1 (abc)";
  node.file("/var/lib/rancher/k3s/agent/etc/containerd/config.toml", "version = 2\n");
  return node;
}

std::string why(const Node& node) {
  const auto error = node.refusal();
  CHECK(error.kind == ErrorKind::unreadable);
  REQUIRE(error.where);
  return error.where->file + ": " + error.message;
}

}  // namespace

TEST_CASE("a registries.yaml that grows without end fails its node at once") {
  auto node = k3s();
  node.file(registries, alias_bomb("{", "}", "<<: ") + "mirrors: {<<: [*a40, *a40]}\n");
  CHECK(why(node) == registries + ": not read: more than 50000 values, counting repeated aliases");
  CHECK(k3s().file(registries, "mirrors:\n").detected().ok());
  CHECK(k3s().file(registries, "mirrors: [\n").detected().ok());  // broken: a fault of the file, told by those who look
}

TEST_CASE("a node's file that is too large, or may not be read, fails its node") {
  auto node = k3s();
  node.facts.tree.put(registries, {.kind = FileEntry::Kind::unreadable, .unread = "larger than 256 KiB"});
  CHECK(why(node) == registries + ": not read: larger than 256 KiB");
  Node plain;
  plain.containerd("1.7.24");
  plain.facts.tree.put("/etc/containerd/config.toml", {.kind = FileEntry::Kind::unreadable, .unread = "no permission"});
  CHECK(why(plain) == "/etc/containerd/config.toml: not read: no permission");
  Node hosts;
  hosts.containerd(
      "1.7.24",
      "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \"/etc/containerd/certs.d\"\n");
  const std::string deep = "/etc/containerd/certs.d/docker.io/hosts.toml";
  hosts.file(deep, "x = " + repeated("[", 200) + repeated("]", 200) + "\n");
  CHECK(why(hosts) == deep + ": not read: nested deeper than 128 levels");
}
