// Plans on K3s and RKE2 nodes: what goes into registries.yaml, and that the chain which follows from it is the declared
// one.
#include "plan/registries_yaml/registries_yaml_edit.h"
#include "plan_builder.h"

using namespace rf;
using test::ca_pem;
using test::change_of;
using test::mentions;
using test::Planned;
using test::text_of;

namespace {

constexpr auto registries_file = "/etc/rancher/k3s/registries.yaml";
constexpr auto generated =
    "version = 2\n\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\n  config_path = "
    "\"/var/lib/rancher/k3s/agent/etc/containerd/certs.d\"\n";

Planned k3s(const std::string& registries, const std::string& endpoints = "", std::string unit = "k3s.service") {
  Planned node(registries, endpoints);
  node.runs(test::k3s_runtime("k3s", std::move(unit))).process("k3s", {"/usr/local/bin/k3s", "server"});
  node.file("/var/lib/rancher/k3s/agent/etc/containerd/config.toml", generated);
  node.facts.versions["k3s"] = "k3s version v1.31.4+k3s1";
  return node;
}
std::vector<std::string> urls(const Chain& chain) {
  std::vector<std::string> out;
  for (const auto& endpoint : chain.endpoints) out.push_back(endpoint.url());
  return out;
}

}  // namespace

TEST_CASE("a mirror before Docker Hub goes into registries.yaml, mode 0600, and the service is restarted") {
  const auto plan = k3s("  docker.io: { mirrors: [\"http://anubis:32000\"] }").plan();
  const auto* change = change_of(plan, registries_file);
  REQUIRE(change != nullptr);
  CHECK(change->mode == 0600);
  CHECK(text_of(plan, registries_file).find("- \"http://anubis:32000\"\n      - \"https://registry-1.docker.io\"") !=
        std::string::npos);
  CHECK(plan.service.name == "k3s.service");
  CHECK(plan.service.serial == 1);
  CHECK(plan.service.wait_seconds > 120);
  CHECK(plan.warnings.empty());
  REQUIRE(plan.chains.size() == 1);
  CHECK(urls(plan.chains.front()) ==
        std::vector<std::string>{"http://anubis:32000/v2", "https://registry-1.docker.io/v2"});
}

TEST_CASE("a rewrite that is a prefix is part of the endpoints: as declared, or gone; another one is refused") {
  const std::string mirror =
      "mirrors:\n  docker.io:\n    endpoint: [\"https://harbor.corp\", \"https://registry-1.docker.io\"]\n    rewrite:\n      ";
  const auto with = [&](const std::string& rule, const std::string& declared) {
    auto node = k3s("  docker.io: { mirrors: [\"" + declared + "\"] }");
    node.file(registries_file, mirror + rule + "\n");
    return node;
  };
  auto same = with("\"^(.*)$\": \"hub/$1\"", "https://harbor.corp/v2/hub");
  CHECK(change_of(same.plan(), registries_file) == nullptr);
  CHECK(urls(same.plan().chains.front()) ==
        std::vector<std::string>{"https://harbor.corp/v2", "https://registry-1.docker.io/v2"});

  auto other = with("\"^(.*)$\": \"hub/$1\"", "https://harbor.corp/v2/proxy");
  const auto plan = other.plan();
  CHECK(text_of(plan, registries_file).find("rewrite") == std::string::npos);
  REQUIRE(plan.warnings.size() == 1);
  CHECK(plan.warnings.front().find("docker.io: its `rewrite` is removed") != std::string::npos);
  other.apply(plan);
  CHECK(change_of(other.plan(), registries_file) == nullptr);

  CHECK(with("\"^library/(.*)\": \"hub/$1\"", "https://harbor.corp/v2/proxy")
            .refused()
            .message.find("would be asked for other repositories: rewrite ^library/(.*) to hub/$1") !=
        std::string::npos);
}

TEST_CASE("a template with which the next start fails is refused at its line, before anything is written") {
  const std::string file = "/var/lib/rancher/k3s/agent/etc/containerd/config.toml.tmpl";
  auto node = k3s("  docker.io: { mirrors: [\"http://anubis:32000\"] }");
  node.file(file,
            "\n{{ template \"base\" . }}\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\n  config_path = "
            "\"/etc/containerd/certs.d\"\n");
  const auto error = node.refused();
  REQUIRE(error.where);
  CHECK(to_string(*error.where) == file + ":3");
  CHECK(error.hint.find("the next start fails") != std::string::npos);
  node.file(file,
            "{{ template \"base\" . }}\n[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"a.b\".auth]\n  auth "
            "= \"eA==\"\n");
  CHECK(node.plan().service.name == "k3s.service");
}

TEST_CASE("flags add to a registries.yaml; a file is the whole of what is marked, and drops are counted") {
  auto node = k3s("  docker.io: { mirrors: [\"https://harbor.corp\"] }\n  quay.io: { mirrors: [\"http://m\"] }");
  node.resolved["harbor.corp"] = {.username = "robot",
                                  .password = Secret("hunter2"),
                                  .ca_pem = ca_pem,
                                  .client_cert_pem = {},
                                  .client_key_pem = {}};
  node.apply(node.plan());
  node.resolved.clear();
  node.intent = test::intent_of("  ghcr.io: { mirrors: [\"http://m\"] }");
  node.options.undeclared = PlanOptions::Undeclared::keep;
  const auto added = node.plan();
  const auto text = text_of(added, registries_file);
  for (const auto* kept : {"docker.io", "quay.io", "hunter2", "ghcr.io"}) CHECK(text.find(kept) != std::string::npos);
  CHECK(added.dropped.empty());
  CHECK(counts_of(added).removed == 0);  // the certificate that registries.yaml names stays
  node.options.undeclared = PlanOptions::Undeclared::remove;
  const auto whole = node.plan();
  CHECK(text_of(whole, registries_file).find("hunter2") == std::string::npos);
  CHECK(whole.dropped == std::vector<std::string>{"docker.io", "quay.io"});
  CHECK(counts_of(whole).removed == 1);
}

TEST_CASE("agents are restarted before servers, both one at a time") {
  const auto server = k3s("  docker.io: { mirrors: [\"http://m\"] }").plan().service;
  const auto agent = k3s("  docker.io: { mirrors: [\"http://m\"] }", "", "k3s-agent.service").plan().service;
  CHECK(agent.name == "k3s-agent.service");
  CHECK(agent.order < server.order);
  CHECK(agent.serial == 1);
}

TEST_CASE("a local registry with fallbacks: the default endpoint K3s adds is told") {
  const auto plan =
      k3s("  anubis:32000: { upstream: \"http://anubis:32000\", fallback: [ghcr.io/your-org, docker.io] }").plan();
  CHECK(mentions(plan.warnings, "always tries https://anubis:32000/v2 last"));
  CHECK(urls(plan.chains.front()) == std::vector<std::string>{"http://anubis:32000/v2", "https://ghcr.io/v2/your-org",
                                                              "https://registry-1.docker.io/v2",
                                                              "https://anubis:32000/v2"});
}

TEST_CASE("a registry that must not reach its upstream is refused, with the flag that makes it possible") {
  const auto error = k3s("  ghcr.io: { mirrors: [\"http://m\"], upstream: none }").refused();
  CHECK(error.hint.find("disable-default-registry-endpoint: true") != std::string::npos);
  auto told = k3s("  ghcr.io: { mirrors: [\"http://m\"], upstream: none }");
  told.file("/etc/rancher/k3s/config.yaml", "disable-default-registry-endpoint: true\n");
  CHECK(text_of(told.plan(), registries_file).find("ghcr.io") != std::string::npos);
}

TEST_CASE("everything at once for every other registry") {
  const auto plan = k3s("  \"*\": { mirrors: [\"https://harbor.corp/v2/proxy\"] }").plan();
  CHECK(urls(plan.chains.front()) ==
        std::vector<std::string>{"https://harbor.corp/v2/proxy", "https://unnamed.invalid/v2"});
}

TEST_CASE("credentials and certificates stand beside the file and in its configs, masked for people") {
  auto node = k3s("  docker.io: { mirrors: [\"https://harbor.corp\"] }", "  harbor.corp: { dial_timeout: 2s }");
  node.resolved["harbor.corp"] = {.username = "robot",
                                  .password = Secret("hunter2"),
                                  .ca_pem = ca_pem,
                                  .client_cert_pem = {},
                                  .client_key_pem = {}};
  const auto plan = node.plan();
  const auto text = text_of(plan, registries_file);
  CHECK(text.find("ca_file: \"/etc/rancher/k3s/regfallback/ca-") != std::string::npos);
  CHECK(text.find("hunter2") != std::string::npos);
  CHECK(change_of(plan, registries_file)->holds_secrets);
  CHECK(mentions(plan.warnings, "no dial_timeout"));
  CHECK(plan.chains.front().endpoints.front().ca.size() == 1);
}

TEST_CASE("after the apply and the restart there is nothing left to do, and dropping a registry takes it away") {
  auto node = k3s("  docker.io: { mirrors: [\"http://m\"] }\n  quay.io: { mirrors: [\"http://m\"] }");
  node.file(registries_file, "# mine\nmirrors:\n  gcr.io:\n    endpoint:\n      - https://g\n");
  const auto first = node.plan();
  node.apply(first);
  CHECK_FALSE(node.plan().empty());  // not restarted yet: what K3s generated is older than the file
  CHECK(node.plan().files.empty());
  const RegistriesYamlNode facts{.program = "k3s",
                                 .version = Version{1, 31, 4},
                                 .registries_file = registries_file,
                                 .hosts_dir = "/var/lib/rancher/k3s/agent/etc/containerd/certs.d",
                                 .config_file = "/var/lib/rancher/k3s/agent/etc/containerd/config.toml"};
  node.facts.tree = *project_registries_yaml(node.facts.tree, facts);
  CHECK(node.plan().empty());
  node.intent = test::intent_of("  docker.io: { mirrors: [\"http://m\"] }");
  const auto text = text_of(node.plan(), registries_file);
  CHECK(text.find("quay.io") == std::string::npos);
  CHECK(text.find("# mine\nmirrors:\n  gcr.io:\n    endpoint:\n      - https://g\n") == 0);
}

TEST_CASE("a K3s from before hosts.toml files gets the same file, and its chain is computed from config.toml") {
  auto node = k3s("  docker.io: { mirrors: [\"http://m\"] }");
  node.facts.versions["k3s"] = "k3s version v1.28.5+k3s1";
  node.file("/var/lib/rancher/k3s/agent/etc/containerd/config.toml", "version = 2\n");
  CHECK(urls(node.plan().chains.front()).front() == "http://m/v2");
}

TEST_CASE("the embedded registry stands first, and that is no difference") {
  auto node = k3s("  docker.io: { mirrors: [\"http://m\"] }");
  node.file("/etc/rancher/k3s/config.yaml", "embedded-registry: true\n");
  CHECK(urls(node.plan().chains.front()).front() == "https://127.0.0.1:6443/v2");
}
