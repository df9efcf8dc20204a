#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "base/text.h"
#include "node/mask.h"
#include "plan/hosts_render.h"
#include "plan_builder.h"

using namespace rf;
using test::docker_hosts;
using test::hub_by_anubis;
using test::live_1_7;
using test::live_2;
using test::mentions;
using test::Planned;
using test::text_of;

TEST_CASE("mirrors are tables in order, and the last of the chain is the server") {
  const auto plan =
      Planned("  anubis:32000:\n    upstream: http://anubis:32000\n    fallback: [ghcr.io/your-org, docker.io]\n")
          .on("1.7.24", live_1_7)
          .plan();
  CHECK(text_of(plan, "/etc/containerd/certs.d/anubis:32000/hosts.toml") ==
        "# Managed by regfallback: change the intent file, not this one.\n"
        "# registry anubis:32000: 2 fallbacks after the upstream\n"
        "\n"
        "server = \"https://registry-1.docker.io\"\n"
        "capabilities = [\"pull\", \"resolve\"]\n"
        "\n"
        "[host.\"http://anubis:32000\"]\n"
        "  capabilities = [\"pull\", \"resolve\", \"push\"]\n"
        "\n"
        "[host.\"https://ghcr.io/v2/your-org\"]\n"
        "  capabilities = [\"pull\", \"resolve\"]\n"
        "  override_path = true\n"
        "  [host.\"https://ghcr.io/v2/your-org\".header]\n"
        "    \"Authorization\" = \"Bearer QQ==\"\n");
  CHECK_FALSE(plan.service.needed());
}

TEST_CASE("a chain of one has a bare host table, which containerd 1.x insists on") {
  const auto plan =
      Planned("  ghcr.io: { mirrors: [http://anubis:32000], upstream: none }\n").on("1.6.20", live_1_7).plan();
  CHECK(text_of(plan, "/etc/containerd/certs.d/ghcr.io/hosts.toml")
            .ends_with("server = \"http://anubis:32000\"\ncapabilities = [\"pull\", \"resolve\"]\n\n[host]\n"));
  REQUIRE(plan.chains.size() == 1);
  CHECK(plan.chains[0].endpoints.size() == 1);
}

TEST_CASE("every version of containerd computes the declared chain from the rendered files") {
  const auto* version = GENERATE("1.6.20", "1.6.39", "1.7.0", "1.7.24", "1.7.34", "2.0.7", "2.0.11", "2.1.9", "2.2.0",
                                 "2.2.7", "2.3.4", "2.4.0-beta.0");
  INFO(version);
  Planned node(
      "  anubis:32000: { upstream: http://anubis:32000, fallback: [ghcr.io/your-org, docker.io] }\n"
      "  docker.io: { mirrors: [http://anubis:32000, https://harbor.corp/v2/proxy, https://art.corp/docker/v2] }\n"
      "  ghcr.io: { mirrors: [http://anubis:32000], upstream: none }\n"
      "  quay.io: {}\n"
      "  localhost:5000: { mirrors: [https://harbor.corp] }\n"
      "  '[fd00::1]:5000': { upstream: 'http://[fd00::1]:5000' }\n"
      "  \"*\": { mirrors: [https://harbor.corp/v2/proxy, http://anubis:32000] }\n",
      "  harbor.corp: { dial_timeout: 2s, capabilities: [pull, resolve], headers: { X-Team: \"in\\\"fra\" } }\n  "
      "anubis:32000: { dial_timeout: 1s }\n");
  node.on(version, std::string(version).starts_with("1.") ? live_1_7 : live_2);
  const auto plan = node.plan();
  CHECK(plan.chains.size() == 7);
  CHECK(plan.chains.back().endpoints.size() == 3);
  CHECK(plan.files.size() == 15);  // certs.d, seven directories, seven files
  node.apply(plan);
  CHECK(node.plan().empty());
}

TEST_CASE("\"*\" keeps each registry's own upstream last, or none at all") {
  const auto open = Planned("  \"*\": { mirrors: [http://a:1] }\n").on("1.7.24", live_1_7).plan();
  const auto text = text_of(open, "/etc/containerd/certs.d/_default/hosts.toml");
  CHECK(text.find("server") == std::string::npos);
  const auto closed = Planned("  \"*\": { mirrors: [http://a:1], upstream: none }\n").on("1.7.24", live_1_7).plan();
  CHECK(text_of(closed, "/etc/containerd/certs.d/_default/hosts.toml").find("server = \"http://a:1\"") !=
        std::string::npos);
  CHECK(closed.chains[0].endpoints.size() == 1);
}

TEST_CASE("what a version cannot express is refused with the reason") {
  CHECK(Planned("  \"*\": { mirrors: [http://a:1] }\n")
            .on("1.6.16", live_1_7)
            .refused()
            .message.find("no default for all registries") != std::string::npos);
  CHECK(Planned("  docker.io: { mirrors: [https://h/v2/p] }\n")
            .on("1.5.18", live_1_7)
            .refused()
            .message.find("ignores override_path") != std::string::npos);
  CHECK(Planned("  docker.io: { mirrors: ['http://[::1]:5'] }\n")
            .on("1.7.24", live_1_7)
            .refused()
            .message.find("[::1]:5") != std::string::npos);
  CHECK(Planned("  docker.io: { mirrors: ['http://[::1]:5'] }\n").on("2.1.9", live_2).plan().files.size() == 3);
  CHECK(Planned("  docker.io: { mirrors: [https://h/p/v2] }\n").on("1.5.18", live_1_7).plan().files.size() == 3);
}

TEST_CASE("dial_timeout is written where it is known and harmless, and missed with a warning elsewhere") {
  const auto plan = [](std::string version, std::string url) {
    Planned node("  docker.io: { mirrors: [\"" + url + "\"] }\n", "  a:1: { dial_timeout: 2s }\n");
    node.on(version, version.starts_with("1.") ? live_1_7 : live_2);
    return node.plan();
  };
  CHECK(text_of(plan("2.1.9", "http://a:1"), docker_hosts).find("dial_timeout = \"2s\"") != std::string::npos);
  CHECK(text_of(plan("2.0.8", "https://a:1"), docker_hosts).find("dial_timeout = \"2s\"") != std::string::npos);
  CHECK(mentions(plan("2.0.8", "http://a:1").warnings, "would then ask this http endpoint over https first"));
  CHECK(mentions(plan("1.7.24", "http://a:1").warnings, "has no dial_timeout"));
}

TEST_CASE("certificates stand beside the file under names made of their content, and before it in the order") {
  Planned node("  docker.io: { mirrors: [https://h:5] }\n", "  h:5: { tls: { ca: x, client: { cert: c, key: k } } }\n");
  node.on("1.7.24", live_1_7);
  node.resolved["h:5"] = {
      .username = {}, .password = {}, .ca_pem = "CA", .client_cert_pem = "CERT", .client_key_pem = Secret("KEY")};
  auto made = make_plan(node.intent, node.resolved, node.facts, node.detection());
  // "CA" is no certificate, and containerd fails every pull for that: the self-check must see it.
  REQUIRE_FALSE(made);
  CHECK(made.error().message.find("every pull would fail") != std::string::npos);
}

TEST_CASE("credentials make the file private, are sent up front and are never shown") {
  Planned node("  docker.io: { mirrors: [http://h:5] }\n",
               "  h:5: { auth: { username: robot, password: { env: X } } }\n");
  node.on("1.7.24", live_1_7);
  node.resolved["h:5"] = {
      .username = "robot", .password = Secret("hunter2"), .ca_pem = {}, .client_cert_pem = {}, .client_key_pem = {}};
  const auto plan = node.plan();
  const auto* change = test::change_of(plan, docker_hosts);
  REQUIRE(change != nullptr);
  CHECK(change->mode == 0600);
  CHECK(change->holds_secrets);
  CHECK(change->after.expose().find(
            "  [host.\"http://h:5\".header]\n    \"Authorization\" = \"Basic cm9ib3Q6aHVudGVyMg==\"") !=
        std::string::npos);
  CHECK(mentions(plan.warnings, "credentials are sent over plain http"));
  CHECK_FALSE(mentions(plan.warnings, "sudo on this node records"));
  node.facts.sudo_log.input = true;
  CHECK(mentions(node.plan().warnings, "sudo on this node records the input of sessions (log_input)"));
  node.apply(plan);
  CHECK(node.plan().empty());
  node.facts.tree.put_file(docker_hosts, std::string(change->after.expose()), 0644);
  REQUIRE(node.plan().files.size() == 1);
  CHECK(node.plan().files[0].mode == 0600);
  // Credentials are never in a file that somebody else owns.
  FileEntry theirs = *node.facts.tree.lstat(docker_hosts);
  theirs.mode = 0600;
  theirs.uid = 1000;
  node.facts.tree.put(docker_hosts, theirs);
  REQUIRE(node.plan().files.size() == 1);
  CHECK(node.plan().files[0].uid == 0);
}

TEST_CASE("registries with a token service get a warning on versions that send them no credentials") {
  const auto warned = [](const std::string& version) {
    Planned node("  quay.io: { mirrors: [http://a:1] }\n",
                 "  quay.io: { auth: { username: u, password: { env: X } } }\n");
    node.on(version, version.starts_with("1.") ? live_1_7 : live_2);
    node.resolved["quay.io"] = {
        .username = "u", .password = Secret("p"), .ca_pem = {}, .client_cert_pem = {}, .client_key_pem = {}};
    return mentions(node.plan().warnings, "token service");
  };
  CHECK(warned("1.7.24"));
  CHECK(warned("2.0.11"));
  CHECK_FALSE(warned("2.1.9"));
}

TEST_CASE("config_path is set, and containerd restarted, only where it is not in effect") {
  const auto plan = Planned(hub_by_anubis).on("1.7.24", "version = 2\n# mine\n").plan();
  CHECK(plan.files.back().path == "/etc/containerd/config.toml");
  CHECK(plan.files.back().kind == FileChange::Class::config);
  CHECK(plan.service.name == "containerd.service");
  CHECK(plan.service.why == "config_path is not set, so containerd 1.7.24 reads no hosts.toml");
  CHECK(text_of(plan, "/etc/containerd/config.toml").find("# mine") != std::string::npos);
  CHECK_FALSE(Planned(hub_by_anubis).on("1.7.24", live_1_7).plan().service.needed());
  CHECK(Planned(hub_by_anubis).on("2.3.4", "version = 3\n").plan().service.needed());  // its default list is not split
}

TEST_CASE("a list of directories that the pull does split is left as it is") {
  const auto two =
      "version = 3\n[plugins.'io.containerd.cri.v1.images']\nuse_local_image_pull = "
      "true\n[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = "
      "'/etc/containerd/certs.d:/etc/docker/certs.d'\n";
  CHECK_FALSE(Planned(hub_by_anubis).on("2.3.4", two).plan().service.needed());
}

TEST_CASE("--restart never plans the file and says what is missing; always restarts for any change") {
  Planned never(hub_by_anubis);
  never.options.restart = RestartPolicy::never;
  const auto plan = never.on("1.7.24", "version = 2\n").plan();
  CHECK_FALSE(plan.service.needed());
  CHECK(mentions(plan.warnings, "--restart never"));
  Planned always(hub_by_anubis);
  always.options.restart = RestartPolicy::always;
  always.on("1.7.24", live_1_7);
  CHECK(always.plan().service.needed());
  always.apply(always.plan());
  CHECK(always.plan().empty());
}

TEST_CASE("mirrors in config.toml are never joined by config_path") {
  const auto error =
      Planned(hub_by_anubis)
          .on("1.7.24",
              "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"docker.io\"]\nendpoint = "
              "[\"http://m:5000\"]\n")
          .refused();
  CHECK(error.hint.find("regfallback migrate") != std::string::npos);
  CHECK(error.where->file == "/etc/containerd/config.toml");
}

TEST_CASE("a node that is not well is left alone") {
  CHECK(Planned(hub_by_anubis).on("1.7.24", "disabled_plugins = [\"cri\"]\n").refused().kind == ErrorKind::runtime);
  CHECK(Planned(hub_by_anubis).on("1.7.24", "version = 2\nversion = 2\n").refused().kind == ErrorKind::runtime);
  CHECK(Planned(hub_by_anubis).on("something", live_1_7).refused().message.find("version") != std::string::npos);
}

TEST_CASE("on MicroK8s the template is edited, the group kept, and the snap's service restarted") {
  Planned node(hub_by_anubis);
  node.runs(test::microk8s_runtime()).process("kubelite", {"/snap/microk8s/7589/kubelite"});
  node.link("/snap/microk8s/current", "7589").file("/snap/microk8s/7589/meta/snap.yaml", "version: v1.30.1\n");
  node.link("/var/snap/microk8s/current", "7589");
  node.file("/var/snap/microk8s/7589/args/containerd.toml", "version = 2\n");
  node.file("/var/snap/microk8s/7589/args/containerd-template.toml", "version = 2\n# ${SNAP}\n");
  node.facts.tree.put("/var/snap/microk8s/7589/args", {.kind = FileEntry::Kind::directory, .mode = 0770, .gid = 998});
  const auto plan = node.plan();
  const auto* hosts = test::change_of(plan, "/var/snap/microk8s/7589/args/certs.d/docker.io/hosts.toml");
  REQUIRE(hosts != nullptr);
  CHECK(hosts->gid == 998);
  CHECK(hosts->mode == 0660);
  CHECK(text_of(plan, "/var/snap/microk8s/7589/args/containerd-template.toml").find("# ${SNAP}") != std::string::npos);
  CHECK(test::change_of(plan, "/var/snap/microk8s/7589/args/containerd.toml") == nullptr);
  CHECK(plan.service.by == RestartBy::snap);
  CHECK(plan.service.name == "microk8s.daemon-containerd");
}

TEST_CASE("credentials are written in the form that the registry takes") {
  const auto header = [](const std::string& endpoint, const std::string& host, const std::string& version) {
    Planned node("  docker.io: { mirrors: [" + endpoint + "] }\n",
                 "  " + host + ": { auth: { username: u, password: { env: X } } }\n");
    node.on(version, version.starts_with("2") ? live_2 : live_1_7);
    node.resolved[host] = {
        .username = "u", .password = Secret("pat"), .ca_pem = {}, .client_cert_pem = {}, .client_key_pem = {}};
    const auto text = text_of(node.plan(), docker_hosts);
    const auto at = text.find("\"Authorization\" = ");
    return at == text.npos ? std::string() : text.substr(at, text.find('\n', at) - at);
  };
  const auto authorization = [](const std::string& value) { return "\"Authorization\" = \"" + value + "\""; };
  for (const auto* version : {"1.6.20", "1.7.24", "2.1.9"}) {
    CHECK(header("https://ghcr.io/v2/org", "ghcr.io", version) == authorization("Bearer cGF0"));
    CHECK(header("https://ghcr.io", "ghcr.io", version) == authorization("Bearer cGF0"));
    CHECK(header("https://eu.gcr.io/v2/p", "eu.gcr.io", version) == authorization("Basic dTpwYXQ="));
    CHECK(header("https://harbor.corp/v2/proxy", "harbor.corp", version) == authorization("Basic dTpwYXQ="));
  }
}

TEST_CASE("a public image behind a path comes without a token request where that would be refused") {
  Planned node("  anubis:32000: { upstream: http://anubis:32000, fallback: [ghcr.io/your-org, docker.io] }\n");
  const auto plan = node.on("1.7.24", live_1_7).plan();
  const auto text = text_of(plan, "/etc/containerd/certs.d/anubis:32000/hosts.toml");
  CHECK(text.find("[host.\"https://ghcr.io/v2/your-org\".header]\n    \"Authorization\" = \"Bearer QQ==\"") !=
        text.npos);
  CHECK(
      mentions(plan.notes, "GitHub Container Registry refuses containerd's token request for an endpoint with a path"));
  Planned google("  docker.io: { mirrors: [https://eu.gcr.io/v2/p] }\n");
  const auto made = google.on("1.7.24", live_1_7).plan();
  CHECK(text_of(made, docker_hosts).find("Authorization") == std::string::npos);
  CHECK(mentions(made.warnings, "give it `auth`"));
}
