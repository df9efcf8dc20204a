// Migrations of whole nodes, where the distribution decides which file is changed and what is restarted.
#include <catch2/catch_test_macros.hpp>

#include "../node/node_builder.h"
#include "plan/migrate/migrate.h"
#include "plan_builder.h"

using namespace rf;

namespace {

constexpr auto args = "/var/snap/microk8s/7589/args";
const std::string head = "# of the snap: ${SNAP}\nversion = 2\n";
const std::string mirrors =
    "[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"docker.io\"]\n  endpoint = [\"http://cache:5000\"]\n";

Result<Plan> migrated(const std::string& made, const std::string& source, const MigrateOptions& options = {}) {
  test::Node node;
  node.facts.tree.put(args, {.kind = FileEntry::Kind::directory, .mode = 0770, .gid = 990});
  node.runs(test::microk8s_runtime()).process("kubelite", {"/snap/microk8s/7589/kubelite"});
  node.link("/snap/microk8s/current", "7589")
      .file("/snap/microk8s/7589/meta/snap.yaml", "version: v1.30.1\n")
      .link("/var/snap/microk8s/current", "7589");
  node.file(args + std::string("/containerd.toml"), made).file(args + std::string("/containerd-template.toml"), source);
  return plan_migration(node.facts, node.detection(), options, RestartPolicy::automatic);
}

}  // namespace

TEST_CASE("MicroK8s makes config.toml from its template, so the template is migrated", "[migrate]") {
  const auto plan = migrated("# of the snap: /snap/microk8s/7589\nversion = 2\n" + mirrors, head + mirrors);
  if (!plan) FAIL(to_string(plan.error()));
  CHECK(test::change_of(*plan, args + std::string("/containerd.toml")) == nullptr);
  const auto source = test::text_of(*plan, args + std::string("/containerd-template.toml"));
  CHECK(source.find("# of the snap: ${SNAP}") != source.npos);
  CHECK(source.find("mirrors") == source.npos);
  CHECK(source.find("config_path = \"/var/snap/microk8s/current/args/certs.d\"") != source.npos);
  CHECK(test::change_of(*plan, args + std::string("/certs.d/docker.io/hosts.toml")) != nullptr);
  CHECK(plan->service.name == "microk8s.daemon-containerd");
}

TEST_CASE("a template that says something else than what was made of it is not migrated", "[migrate]") {
  const auto plan = migrated(head + mirrors, head);
  REQUIRE_FALSE(plan);
  CHECK(plan.error().kind == ErrorKind::refused);
  INFO(to_string(plan.error()));
  CHECK(plan.error().message.find("differs from") != std::string::npos);
  CHECK_FALSE(migrated(head + mirrors, head + "[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"docker.io\"]"
                                              "\n  endpoint = [\"http://other:5000\"]\n"));
}

TEST_CASE("a migration makes files and directories as apply does on that node", "[migrate]") {
  const auto plan = migrated(head + mirrors, head + mirrors);
  if (!plan) FAIL(to_string(plan.error()));
  const auto* file = test::change_of(*plan, args + std::string("/certs.d/docker.io/hosts.toml"));
  const auto* directory = test::change_of(*plan, args + std::string("/certs.d/docker.io"));
  REQUIRE((file != nullptr && directory != nullptr));
  CHECK(file->mode == 0660);
  CHECK(file->gid == 990);
  CHECK(directory->mode == 0770);
  CHECK(directory->gid == 990);
}

TEST_CASE("what could not be put back is not migrated", "[migrate]") {
  test::Node node;
  node.containerd("1.7.24", head + mirrors);
  node.facts.truncated.push_back("/etc/containerd/config.toml");
  const auto plan = plan_migration(node.facts, node.detection(), {}, RestartPolicy::automatic);
  REQUIRE_FALSE(plan);
  CHECK(plan.error().message.find("could not be read, so it could not be restored") != std::string::npos);
}

TEST_CASE("credentials that become headers are readable by their owner alone", "[migrate]") {
  const auto text = head + mirrors +
                    "[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"cache:5000\".auth]\n"
                    "  username = \"u\"\n  password = \"p\"\n";
  const auto plan = migrated(text, text, {.credentials = MigrateOptions::Credentials::in_headers});
  if (!plan) FAIL(to_string(plan.error()));
  const auto* file = test::change_of(*plan, args + std::string("/certs.d/docker.io/hosts.toml"));
  REQUIRE(file != nullptr);
  CHECK(file->mode == 0600);
  CHECK(file->holds_secrets);
}
