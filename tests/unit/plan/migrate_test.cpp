#include "plan/migrate/migrate.h"

#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "containerd/config/effective_config.h"

using namespace rf;

namespace {

constexpr auto root = "/etc/containerd/config.toml";
const std::string cri = "plugins.\"io.containerd.grpc.v1.cri\".registry";

Result<Migration> migrate(const std::string& text, const std::string& version, const MigrateOptions& options = {},
                          FileTree tree = {}) {
  tree.put_file(root, text);
  return make_migration(tree, {}, *parse_version(version), options);
}

std::string file(const Migration& migration, const std::string& path) {
  for (const auto& change : migration.files)
    if (change.path == path) return std::string(change.after.expose());
  return "";
}

FileTree projected(const Migration& migration, FileTree tree) {
  for (const auto& change : migration.files)
    if (change.op != FileChange::Op::make_directory)
      tree.put_file(change.path, std::string(change.after.expose()), change.mode);
  return tree;
}

}  // namespace

TEST_CASE("mirrors become a hosts.toml with the same chain, and one config_path", "[migrate]") {
  const auto result =
      migrate("version = 2\n# cri\n[" + cri +
                  ".mirrors.\"docker.io\"]\n  endpoint = [\"http://cache:5000\", \"https://two.corp\"]\n",
              "1.7.24");
  REQUIRE(result);
  CHECK(file(*result, "/etc/containerd/certs.d/docker.io/hosts.toml") ==
        "# Written by regfallback migrate: the chain of docker.io as /etc/containerd/config.toml:4:3 had it\n\n"
        "server = \"https://registry-1.docker.io\"\ncapabilities = [\"pull\", \"resolve\"]\n\n"
        "[host.\"http://cache:5000\"]\n  capabilities = [\"pull\", \"resolve\"]\n\n"
        "[host.\"https://two.corp\"]\n  capabilities = [\"pull\", \"resolve\"]\n");
  CHECK(file(*result, root) == "version = 2\n\n[" + cri + "]\n  config_path = \"/etc/containerd/certs.d\"\n");
  CHECK(result->files.back().path == root);
  CHECK(result->files.front().op == FileChange::Op::make_directory);
  for (const auto& proof : result->proofs) CHECK(proof.difference.empty());
}

TEST_CASE("links on the way to config.toml and to the directory are followed", "[migrate]") {
  FileTree tree;
  tree.put_symlink("/etc/containerd", "/opt/containerd");
  tree.put_symlink("/opt/containerd/config.toml", "real.toml");
  tree.put_symlink("/opt/containerd/certs.d", "/srv/certs.d");
  tree.put_file("/opt/containerd/real.toml",
                "version = 2\n[" + cri + ".mirrors.\"docker.io\"]\n  endpoint = [\"http://cache:5000\"]\n");
  tree.put_directory("/srv/certs.d");
  const auto result = make_migration(tree, {}, *parse_version("1.7.24"), {});
  if (!result) FAIL(to_string(result.error()));
  CHECK_FALSE(file(*result, "/srv/certs.d/docker.io/hosts.toml").empty());
  CHECK_FALSE(file(*result, "/opt/containerd/real.toml").empty());
}

TEST_CASE("a file without legacy settings has nothing to migrate", "[migrate]") {
  const auto result = migrate("version = 2\n", "1.7.24");
  REQUIRE(result);
  CHECK(result->files.empty());
  CHECK(migrate("version = 2\n[" + cri + ".configs.h.auth]\nusername = \"u\"\n", "2.1.9")->files.empty());
}

TEST_CASE("a wildcard becomes _default, and the cache itself is not asked twice for its own images", "[migrate]") {
  const auto text = "version = 2\n[" + cri + ".mirrors.\"*\"]\nendpoint = [\"http://cache.corp:5000\"]\n[" + cri +
                    ".mirrors.\"quay.io\"]\nendpoint = []\n";
  const auto result = migrate(text, "1.7.24");
  REQUIRE(result);
  CHECK(file(*result, "/etc/containerd/certs.d/_default/hosts.toml").find("server") == std::string::npos);
  CHECK(file(*result, "/etc/containerd/certs.d/quay.io/hosts.toml").find("server = \"https://quay.io\"") !=
        std::string::npos);
  CHECK(
      file(*result, "/etc/containerd/certs.d/cache.corp:5000/hosts.toml").find("server = \"http://cache.corp:5000\"") !=
      std::string::npos);
}

TEST_CASE("a wildcard is refused where _default is not known, and can be given up", "[migrate]") {
  const auto text = "version = 2\n[" + cri + ".mirrors.\"*\"]\nendpoint = [\"http://cache.corp:5000\"]\n";
  const auto refused = migrate(text, "1.6.10");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::refused);
  CHECK(refused.error().message.find("*: before [http://cache.corp:5000/v2") != std::string::npos);
  const auto accepted = migrate(text, "1.6.10", {.differences = MigrateOptions::Differences::accept});
  REQUIRE(accepted);
  CHECK(accepted->lost.size() >= 2);
}

TEST_CASE("endpoints with a path keep it verbatim", "[migrate]") {
  const auto text = "version = 2\n[" + cri +
                    ".mirrors.\"docker.io\"]\nendpoint = [\"https://h.corp/v2/hub\", "
                    "\"https://n.corp:8443/repository/hub\", \"http://s:5000/\"]\n";
  const auto result = migrate(text, "1.7.24");
  REQUIRE(result);
  const auto hosts = file(*result, "/etc/containerd/certs.d/docker.io/hosts.toml");
  CHECK(hosts.find(
            "[host.\"https://h.corp/v2/hub\"]\n  capabilities = [\"pull\", \"resolve\"]\n  override_path = true\n") !=
        std::string::npos);
  CHECK(hosts.find("[host.\"https://n.corp:8443/repository/hub\"]") != std::string::npos);
  const auto old = migrate(text, "1.5.18");
  REQUIRE_FALSE(old);
  CHECK(old.error().message.find("override_path") != std::string::npos);
  CHECK(migrate(text, "1.5.18", {.differences = MigrateOptions::Differences::accept}));
}

TEST_CASE("an endpoint that is asked twice is written twice, spelled differently", "[migrate]") {
  const auto result = migrate("version = 2\n[" + cri +
                                  ".mirrors.\"docker.io\"]\nendpoint = [\"http://m\", "
                                  "\"https://registry-1.docker.io\", \"http://m\", \"http://m\"]\n",
                              "2.1.9");
  REQUIRE(result);
  for (const auto& proof : result->proofs)
    if (proof.registry == "docker.io") CHECK(proof.after.endpoints.size() == 5);
}

TEST_CASE("loopback endpoints without a scheme stay plain http", "[migrate]") {
  for (const auto* version : {"1.5.18", "1.6.20", "1.7.24", "2.3.4"}) {
    const auto result = migrate("version = 2\n[" + cri +
                                    ".mirrors.\"docker.io\"]\nendpoint = [\"localhost:5000\", \"m.corp:5000\"]\n[" +
                                    cri + ".mirrors.\"localhost:32000\"]\nendpoint = [\"http://localhost:32000\"]\n",
                                version);
    REQUIRE(result);
    const auto hosts = file(*result, "/etc/containerd/certs.d/docker.io/hosts.toml");
    CHECK(hosts.find("[host.\"http://localhost:5000\"]") != std::string::npos);
    CHECK(hosts.find("[host.\"https://m.corp:5000\"]") != std::string::npos);
    CHECK(file(*result, "/etc/containerd/certs.d/localhost:32000/hosts.toml")
              .find("server = \"http://localhost:32000\"") != std::string::npos);
  }
}

TEST_CASE("TLS settings of 1.x move to the endpoints they are for, also without mirrors", "[migrate]") {
  const auto text = "version = 2\n[" + cri +
                    ".configs.\"registry.corp:8443\".tls]\n  ca_file = \"/etc/ssl/ca.pem\"\n  cert_file = \"/c\"\n  "
                    "key_file = \"/k\"\n[" +
                    cri + ".configs.\"m.corp\".tls]\n  insecure_skip_verify = true\n[" + cri +
                    ".mirrors.\"docker.io\"]\n  endpoint = [\"https://m.corp\"]\n";
  const auto result = migrate(text, "1.7.24");
  REQUIRE(result);
  const auto own = file(*result, "/etc/containerd/certs.d/registry.corp:8443/hosts.toml");
  CHECK(own.find("ca = [\"/etc/ssl/ca.pem\"]\nclient = [[\"/c\", \"/k\"]]\n") != std::string::npos);
  CHECK(own.find("\n[host]\n") != std::string::npos);
  CHECK(file(*result, "/etc/containerd/certs.d/docker.io/hosts.toml").find("skip_verify = true") != std::string::npos);
  CHECK(file(*result, root).find("tls") == std::string::npos);
}

TEST_CASE("credentials stay in config.toml, or go into a file that only root reads", "[migrate]") {
  const auto text = "version = 2\n[" + cri + ".mirrors.\"docker.io\"]\n  endpoint = [\"https://m.corp\"]\n[" + cri +
                    ".configs.\"m.corp\".auth]\n  username = \"u\"\n  password = \"p\"\n";
  const auto kept = migrate(text, "2.1.9");
  REQUIRE(kept);
  CHECK(file(*kept, root).find("password = \"p\"") != std::string::npos);
  CHECK(kept->files.back().before.find("\"p\"") == std::string::npos);
  CHECK(kept->files.back().holds_secrets);
  const auto moved = migrate(text, "2.1.9", {.credentials = MigrateOptions::Credentials::in_headers});
  REQUIRE(moved);
  CHECK(file(*moved, root).find("password") == std::string::npos);
  CHECK(file(*moved, "/etc/containerd/certs.d/docker.io/hosts.toml").find("\"Authorization\" = \"Basic dTpw\"") !=
        std::string::npos);
  for (const auto& change : moved->files)
    if (change.path == "/etc/containerd/certs.d/docker.io/hosts.toml") CHECK(change.mode == 0600);
}

TEST_CASE("mirrors beside config_path are migrated into the directory that is named", "[migrate]") {
  const auto result = migrate("version = 2\n[" + cri + "]\n  config_path = \"/srv/certs.d\"\n[" + cri +
                                  ".mirrors.\"docker.io\"]\n  endpoint = [\"https://m.corp\"]\n",
                              "1.6.20");
  REQUIRE(result);
  CHECK(file(*result, root) == "version = 2\n[" + cri + "]\n  config_path = \"/srv/certs.d\"\n");
  CHECK_FALSE(file(*result, "/srv/certs.d/docker.io/hosts.toml").empty());
}

TEST_CASE("a directory that would come into effect with another chain is refused, never replaced", "[migrate]") {
  FileTree tree;
  tree.put_file("/etc/containerd/certs.d/quay.io/hosts.toml", "server = \"https://else.corp\"\n[host]\n");
  const auto text = "version = 2\n[" + cri + ".mirrors.\"docker.io\"]\n  endpoint = [\"https://m.corp\"]\n";
  const auto result = migrate(text, "1.7.24", {}, tree);
  REQUIRE_FALSE(result);
  CHECK(result.error().message.find("quay.io: before [https://quay.io/v2") != std::string::npos);
  FileTree same;
  same.put_file("/etc/containerd/certs.d/docker.io/hosts.toml",
                "server = \"https://registry-1.docker.io\"\n[host.\"https://m.corp\"]\n");
  const auto equal = migrate(text, "1.7.24", {}, same);
  REQUIRE(equal);
  CHECK(equal->files.size() == 1);
}

TEST_CASE("settings in a drop-in are migrated where they stand", "[migrate]") {
  FileTree tree;
  tree.put_file("/etc/containerd/conf.d/mirrors.toml",
                "version = 2\n[" + cri + ".mirrors.\"docker.io\"]\n  endpoint = [\"https://m.corp\"]\n");
  const auto result = migrate("version = 2\nimports = [\"/etc/containerd/conf.d/*.toml\"]\n", "1.7.24", {}, tree);
  REQUIRE(result);
  CHECK(file(*result, "/etc/containerd/conf.d/mirrors.toml").find("mirrors") == std::string::npos);
}

TEST_CASE("every legacy form of the corpus keeps its chains and has nothing left to migrate", "[migrate]") {
  const std::string corpus = std::string(RF_SOURCE_DIR) + "/tests/corpus/config/";
  std::ifstream list(corpus + "cases.json");
  const auto cases = nlohmann::json::parse(list);
  int migrated = 0;
  for (const auto& one : cases)
    for (const auto& name : one["containerd"]) {
      const std::string file_name = one["file"], version = name;
      CAPTURE(file_name, version);
      std::ifstream in(corpus + file_name, std::ios::binary);
      std::ostringstream text;
      text << in.rdbuf();
      FileTree tree;
      tree.put_file(root, text.str());
      const auto containerd = *parse_version(version);
      const auto before = effective_config(tree, {}, containerd);
      const auto result = make_migration(tree, {}, containerd);
      if (before.load_error || before.cri_disabled) {
        CHECK_FALSE(result);
        continue;
      }
      if (!result) FAIL(to_string(result.error()));
      if (before.mirrors.empty() && before.tls.empty()) {
        CHECK(result->files.empty());
        continue;
      }
      ++migrated;
      CHECK(result->lost.empty());
      CHECK(result->proofs.size() >= 3);
      const auto after_tree = projected(*result, tree);
      const auto after = effective_config(after_tree, {}, containerd);
      CHECK_FALSE(after.cri_error);
      CHECK(after.mirrors.empty());
      CHECK(after.tls.empty());
      CHECK(after.hosts_roots.size() == 1);
      CHECK(after.auths.size() == before.auths.size());
      const auto again = make_migration(after_tree, {}, containerd);
      CHECK((again && again->files.empty()));
    }
  CHECK(migrated >= 30);
}
