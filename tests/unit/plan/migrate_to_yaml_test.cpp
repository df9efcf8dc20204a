// hosts.toml files and legacy settings to registries.yaml.
#include "migrate_builder.h"

using namespace rf;
using namespace rf::test;

namespace {

const auto to_registries_yaml = options_to(MigrateOptions::Form::registries_yaml);
const std::string cri = "plugins.\"io.containerd.grpc.v1.cri\".registry";

std::string yaml_of(const FileTree& tree) { return text_of(made(to_yaml(tree)), k3s_registries); }

}  // namespace

TEST_CASE("hosts.toml files become the mirrors that K3s renders to the same chains", "[migrate]") {
  const auto tree = plain_tree({{"docker.io/hosts.toml",
                                 "server = \"https://registry-1.docker.io\"\n[host.\"http://cache:5000\"]\n  "
                                 "capabilities = [\"pull\", \"resolve\"]\n"
                                 "[host.\"https://harbor.corp/v2/hub\"]\n  override_path = true\n"},
                                {"ghcr.io_443_/hosts.toml", "[host.\"https://m.corp:8443\"]\n"}});
  const auto migration = made(to_yaml(tree));
  CHECK(text_of(migration, k3s_registries) ==
        "# Written by regfallback migrate. The entries are yours: nothing changes them automatically.\n"
        "mirrors:\n"
        "  \"docker.io\":\n    endpoint:\n      - \"http://cache:5000\"\n      - \"https://harbor.corp/v2/hub\"\n"
        "  \"ghcr.io:443\":\n    endpoint:\n      - \"https://m.corp:8443\"\n");
  CHECK(change_of(migration, k3s_registries)->mode == 0600);
  CHECK_FALSE(change_of(migration, k3s_registries)->holds_secrets);
  CHECK(mentions(migration.explanation, "docker.io: /etc/containerd/certs.d/docker.io -> mirrors"));
  for (const auto* registry : {"docker.io", "ghcr.io:443", "ghcr.io", "quay.io"})
    CHECK(chain_difference(chain_on_plain(tree, registry), chain_on_k3s(after(migration), registry)).empty());
}

TEST_CASE("a file that says what containerd does anyway needs no entry", "[migrate]") {
  const auto migration = made(to_yaml(plain_tree({{"quay.io/hosts.toml", "server = \"https://quay.io\"\n"}})));
  CHECK(migration.files.empty());
  CHECK(mentions(migration.explanation, "no entry: it is the default"));
  CHECK(made(to_yaml(plain_tree({}))).files.empty());
}

TEST_CASE("what registries.yaml has no words for is refused with the difference, and can be given up", "[migrate]") {
  struct Case {
    std::string hosts;
    std::string said;
  };
  const std::string up = "server = \"https://quay.io\"\n";
  const std::vector<Case> cases{
      {up + "[host.\"https://m\"]\ncapabilities = [\"pull\"]\n",
       "quay.io: https://m/v2: registries.yaml has no capabilities"},
      {up + "[host.\"https://m\"]\ndial_timeout = \"2s\"\n", "registries.yaml has no dial_timeout"},
      {up + "[host.\"https://m\".header]\nX-Team = \"infra\"\n", "registries.yaml has no headers (X-Team)"},
      {up + "[host.\"https://m\".header]\nAuthorization = \"Bearer abcd\"\n", "needs a user name and a password"},
      {up + "[host.\"https://m\"]\nca = [\"/a.pem\", \"/b.pem\"]\n", "registries.yaml allows only one ca_file"},
      {up + "[host.\"https://m\"]\nclient = [[\"/a\", \"/b\"], [\"/c\", \"/d\"]]\n",
       "registries.yaml allows only one client certificate"},
      {up + "[host.\"http://m:5000\"]\nskip_verify = false\n",
       "cannot express that an http endpoint is asked over https first"},
      {"server = \"https://m\"\n[host.\"https://m\"]\n", "quay.io: k3s always asks https://quay.io/v2 last"},
      {"server = \"http://quay.io\"\n[host]\n", "quay.io: k3s always asks https://quay.io/v2 last"},
      {"server = \"https://m\"\n[host.\"https://quay.io\"]\n",
       "comes before other endpoints, and k3s asks it again at the end"},
      {up + "[host.\"https://m\"]\nskip_verify = true\n[host.\"https://m/v2/x\"]\noverride_path = true\n",
       "m: registries.yaml has one `tls` for a host"},
      {up + "[host.\"https://m\"]\nskip_verify = true\n",
       "m: before [https://m/v2, pull, resolve]; after [https://m/v2, pull, resolve, certificates not verified]"},
      {up + "[host.\"httpd\"]\n", "cannot name an endpoint without a host"},
  };
  for (const auto& one : cases) {
    CAPTURE(one.hosts);
    const auto tree = plain_tree({{"quay.io/hosts.toml", one.hosts}});
    const auto message = refusal_of(to_yaml(tree));
    CHECK(message.find(one.said) != message.npos);
    const auto accepted = made(to_yaml(tree, accepting(to_registries_yaml)));
    CHECK(mentions(accepted.lost, one.said));
  }
}

TEST_CASE("what MicroK8s ships for Docker Hub names a host that is no registry, and without that needs no entry",
          "[migrate]") {
  const auto tree = plain_tree({{"docker.io/hosts.toml",
                                 "server = \"https://docker.io\"\n[host.\"https://registry-1.docker.io\"]\n  "
                                 "capabilities = [\"pull\", \"resolve\"]\n"}});
  CHECK(
      refusal_of(to_yaml(tree)).find("docker.io: https://docker.io/v2: k3s reads docker.io as registry-1.docker.io") !=
      std::string::npos);
  const auto accepted = made(to_yaml(tree, accepting(to_registries_yaml)));
  CHECK(accepted.files.empty());
}

TEST_CASE("an endpoint that is asked twice is said twice in registries.yaml, with a slash more", "[migrate]") {
  const auto tree = plain_tree(
      {{"quay.io/hosts.toml",
        "server = \"https://quay.io\"\n[host.\"https://m\"]\n[host.\"https://m/v2\"]\n[host.\"https://quay.io\"]\n"}});
  const auto migration = made(to_yaml(tree));
  CHECK(text_of(migration, k3s_registries)
            .find("- \"https://m\"\n      - \"https://m/v2/\"\n      - \"https://quay.io/v2/\"\n") !=
        std::string::npos);
  CHECK(chain_difference(chain_on_plain(tree, "quay.io"), chain_on_k3s(after(migration), "quay.io")).empty());
}

TEST_CASE("a secret in a header that is lost is not shown", "[migrate]") {
  const auto message = refusal_of(
      to_yaml(plain_tree({{"quay.io/hosts.toml", "[host.\"https://m\".header]\nX-Api-Token = \"hunter2\"\n"}})));
  CHECK(message.find("header X-Api-Token: <secret ") != message.npos);
  CHECK(message.find("hunter2") == message.npos);
}

TEST_CASE("TLS settings and credentials of an endpoint become the configs of its host", "[migrate]") {
  const std::string tls =
      "ca = \"/etc/ssl/corp.pem\"\nclient = [[\"/etc/ssl/c.cert\", \"/etc/ssl/c.key\"]]\nskip_verify = true\n";
  const auto tree =
      plain_tree({{"docker.io/hosts.toml",
                   "[host.\"https://harbor.corp\"]\n" + tls +
                       "[host.\"https://harbor.corp\".header]\nAuthorization = \"Basic cm9ib3Q6cHc6MQ==\"\n"},
                  {"harbor.corp/hosts.toml", "server = \"https://harbor.corp\"\n" + tls +
                                                 "[header]\nAuthorization = [\"Basic cm9ib3Q6cHc6MQ==\"]\n[host]\n"}});
  const auto migration = made(to_yaml(tree));
  CHECK(
      text_of(migration, k3s_registries)
          .find(
              "configs:\n  \"harbor.corp\":\n    auth:\n      username: \"robot\"\n      password: \"pw:1\"\n    tls:\n"
              "      ca_file: \"/etc/ssl/corp.pem\"\n      cert_file: \"/etc/ssl/c.cert\"\n      key_file: "
              "\"/etc/ssl/c.key\"\n"
              "      insecure_skip_verify: true\n") != std::string::npos);
  CHECK(change_of(migration, k3s_registries)->holds_secrets);
  CHECK(change_of(migration, k3s_registries)->mode == 0600);
  CHECK(mentions(migration.explanation, "/etc/ssl/corp.pem is used where it is: the node needs it at this path"));
}

TEST_CASE("one file that holds certificate and key is named twice", "[migrate]") {
  const std::string client = "client = \"/etc/ssl/pair.pem\"\n";
  const auto text =
      yaml_of(plain_tree({{"harbor.corp/hosts.toml", "server = \"https://harbor.corp\"\n" + client + "[host]\n"}}));
  CHECK(text.find("cert_file: \"/etc/ssl/pair.pem\"\n      key_file: \"/etc/ssl/pair.pem\"\n") != text.npos);
}

TEST_CASE("credentials of config.toml come along, and so does the chain of a registry that only they name",
          "[migrate]") {
  const auto config = std::string(live_1_7) +
                      "[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"registry-1.docker.io\".auth]"
                      "\nusername = \"u\"\npassword = \"p\"\n" +
                      "[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"own.corp\".auth]\nauth = \"dTpw\"\n";
  const auto tree = plain_tree({{"_default/hosts.toml", "[host.\"https://cache.corp\"]\n"}}, config);
  const auto migration = made(to_yaml(tree, to_registries_yaml, "1.7.24"));
  const auto text = text_of(migration, k3s_registries);
  CHECK(text.find("\"registry-1.docker.io\":\n    auth:\n      username: \"u\"\n      password: \"p\"\n") != text.npos);
  CHECK(text.find("\"own.corp\":\n    endpoint:\n      - \"https://cache.corp\"\n") != text.npos);
  CHECK(chain_on_k3s(after(migration), "docker.io").endpoints.back().credentials.find("registry-1.docker.io") !=
        std::string::npos);
}

TEST_CASE("two different credentials for one host cannot be said", "[migrate]") {
  const auto host = [](const std::string& pair) {
    return "[host.\"https://m\".header]\nAuthorization = \"Basic " + pair + "\"\n";
  };
  const auto message = refusal_of(to_yaml(plain_tree(
      {{"a.corp/hosts.toml", host("dTpw")}, {"b.corp/hosts.toml", host("dTpx")}, {"m/hosts.toml", host("dTpw")}})));
  CHECK(message.find("m: registries.yaml has one `auth` for a host") != message.npos);
}

TEST_CASE("a registry that is kept from the mirror of all others stays so", "[migrate]") {
  const auto tree = plain_tree({{"_default/hosts.toml", "[host.\"https://cache.corp\"]\n"},
                                {"quay.io/hosts.toml", "server = \"https://quay.io\"\n[host]\n"}});
  const auto migration = made(to_yaml(tree));
  CHECK(text_of(migration, k3s_registries)
            .find("configs:\n  \"quay.io\":\n    tls:\n      insecure_skip_verify: false\n") != std::string::npos);
  CHECK(chain_on_k3s(after(migration), "quay.io").endpoints.size() == 1);
  CHECK(chain_on_k3s(after(migration), "else.corp").endpoints.size() == 2);
}

TEST_CASE("a registry that is asked like all others needs no entry of its own", "[migrate]") {
  const std::string cache = "[host.\"https://cache.corp\"]\n";
  const auto text = yaml_of(
      plain_tree({{"_default/hosts.toml", cache}, {"quay.io/hosts.toml", "server = \"https://quay.io\"\n" + cache}}));
  CHECK(text.find("quay.io") == text.npos);
}

TEST_CASE("TLS settings of every registry's own endpoint can be said without a mirror for all, and only then",
          "[migrate]") {
  const auto text = yaml_of(plain_tree({{"_default/hosts.toml", "ca = \"/etc/ssl/corp.pem\"\n[host]\n"}}));
  CHECK(text.find("configs:\n  \"*\":\n    tls:\n      ca_file: \"/etc/ssl/corp.pem\"\n") != text.npos);
  const auto message =
      refusal_of(to_yaml(plain_tree({{"_default/hosts.toml", "ca = \"/etc/ssl/corp.pem\"\n[host.\"https://m\"]\n"}})));
  CHECK(message.find("*: before [https://m/v2, pull, resolve]") != message.npos);
}

TEST_CASE("a registry on localhost keeps its protocol", "[migrate]") {
  const auto text = yaml_of(plain_tree({{"localhost:5000/hosts.toml", "[host.\"http://cache:5000\"]\n"}}));
  CHECK(text.find("configs:\n  \"localhost:5000\":\n    tls:\n      insecure_skip_verify: true\n") != text.npos);
  const auto plain = yaml_of(plain_tree(
      {{"localhost:5000/hosts.toml", "server = \"http://localhost:5000\"\n[host.\"http://cache:5000\"]\n"}}));
  CHECK(plain.find("configs") == plain.npos);
}

TEST_CASE("certificates below the directory that is given up are copied beside registries.yaml", "[migrate]") {
  auto tree = plain_tree({{"harbor.corp/hosts.toml", "server = \"https://harbor.corp\"\nca = \"ca.crt\"\n[host]\n"},
                          {"harbor.corp/ca.crt", ca_pem}});
  const auto migration = made(to_yaml(tree));
  CHECK(text_of(migration, "/etc/rancher/k3s/certs.d/harbor.corp/ca.crt") == ca_pem);
  CHECK(text_of(migration, k3s_registries).find("ca_file: \"/etc/rancher/k3s/certs.d/harbor.corp/ca.crt\"\n") !=
        std::string::npos);
  CHECK(migration.files.back().path == k3s_registries);
  const auto docker_style = made(to_yaml(plain_tree({{"harbor.corp/ca.crt", ca_pem}})));
  CHECK(text_of(docker_style, k3s_registries).find("ca_file: \"/etc/rancher/k3s/certs.d/harbor.corp/ca.crt\"\n") !=
        std::string::npos);
}

TEST_CASE("copies of one certificate in several directories are one file for the host they are about", "[migrate]") {
  const std::string ca = "ca = \"ca.crt\"\n";
  const auto tree = plain_tree({{"harbor.corp/hosts.toml", "server = \"https://harbor.corp\"\n" + ca + "[host]\n"},
                                {"harbor.corp/ca.crt", ca_pem},
                                {"docker.io/hosts.toml", "[host.\"https://harbor.corp\"]\n" + ca},
                                {"docker.io/ca.crt", ca_pem}});
  const auto migration = made(to_yaml(tree));
  CHECK(text_of(migration, k3s_registries).find("ca_file: \"/etc/rancher/k3s/certs.d/docker.io/ca.crt\"\n") !=
        std::string::npos);
  CHECK(change_of(migration, "/etc/rancher/k3s/certs.d/harbor.corp/ca.crt") == nullptr);
}

TEST_CASE("a certificate's path cannot lead out of the directory it is copied to", "[migrate]") {
  auto tree = plain_tree(
      {{"own.corp/hosts.toml",
        "server = \"https://own.corp\"\nca = \"/etc/containerd/certs.d/own.corp/../../../../ca.pem\"\n[host]\n"}});
  tree.put_file("/ca.pem", ca_pem);
  const auto migration = made(to_yaml(tree));
  CHECK(migration.files.back().path == k3s_registries);
  for (const auto& change : migration.files) CHECK(change.path.starts_with("/etc"));
}

TEST_CASE(
    "legacy blocks become registries.yaml too, also where a config_path beside them keeps containerd from serving",
    "[migrate]") {
  for (const std::string path : {"", "config_path = \"/etc/containerd/certs.d\"\n"}) {
    const auto config =
        "version = 2\n[" + cri + "]\n" + path + "[" + cri +
        ".mirrors.\"docker.io\"]\n  endpoint = [\"http://cache:5000\", \"https://two.corp/v2/hub\"]\n[" + cri +
        ".configs.\"own.corp\".tls]\n  ca_file = \"/etc/ssl/corp.pem\"\n";
    const auto migration = made(to_yaml(plain_tree({}, config), to_registries_yaml, "1.7.24"));
    const auto text = text_of(migration, k3s_registries);
    CHECK(text.find("- \"http://cache:5000\"\n      - \"https://two.corp/v2/hub\"\n") != text.npos);
    CHECK(text.find("\"own.corp\":\n    tls:\n      ca_file: \"/etc/ssl/corp.pem\"\n") != text.npos);
  }
}

TEST_CASE("the versions of K3s that do not render it so are held to what they do", "[migrate]") {
  auto options = to_registries_yaml;
  const auto wildcard = plain_tree({{"_default/hosts.toml", "[host.\"https://cache.corp\"]\n"}});
  options.program_version = *parse_version("v1.29.1+k3s1");
  CHECK(refusal_of(to_yaml(wildcard, options)).find("*: before [") != std::string::npos);
  options.program_version = *parse_version("v1.29.3+k3s1");
  CHECK(to_yaml(wildcard, options).ok());
  options.program_version = *parse_version("v1.25.0+k3s1");
  const auto oldest = made(
      to_yaml(plain_tree({{"docker.io/hosts.toml", "[host.\"https://cache.corp\"]\n"}}, live_1_7), options, "1.7.24"));
  CHECK(text_of(oldest, k3s_registries).find("- \"https://cache.corp\"\n") != std::string::npos);
  options.program = "rke2";
  CHECK(change_of(made(to_yaml(plain_tree({{"docker.io/hosts.toml", "[host.\"https://cache.corp\"]\n"}}), options)),
                  "/etc/rancher/rke2/registries.yaml") != nullptr);
}

namespace {

// A K3s node whose certs.d also holds directories of the user's.
struct K3sNode : test::Node {
  K3sNode() {
    runs(k3s_runtime("k3s", "k3s.service")).process("k3s", {"/usr/local/bin/k3s", "server"});
    file("/var/lib/rancher/k3s/agent/etc/containerd/config.toml",
         "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\n  config_path = "
         "\"/var/lib/rancher/k3s/agent/etc/containerd/certs.d\"\n");
    facts.versions["k3s"] = "k3s version v1.31.4+k3s1";
  }
  K3sNode& own(const std::string& path, const std::string& text) {
    file(k3s_certs + path, text);
    return *this;
  }
  Result<Plan> plan(MigrateOptions options = {.to = MigrateOptions::Form::registries_yaml}) const {
    return plan_migration(facts, detection(), options, RestartPolicy::automatic);
  }
};

}  // namespace

TEST_CASE("on a K3s node the directories it did not render are taken into its registries.yaml", "[migrate]") {
  K3sNode node;
  node.file(k3s_registries, "# ours\nmirrors:\n  docker.io:   # the cache\n    endpoint: [\"http://cache:5000\"]\n");
  node.own("ghcr.io/hosts.toml", "server = \"https://ghcr.io\"\n[host.\"https://m.corp\"]\n")
      .own("own.corp/hosts.toml", "server = \"https://own.corp\"\nca = \"ca.crt\"\n[host]\n")
      .own("own.corp/ca.crt", ca_pem);
  node.own("docker.io/hosts.toml",
           "# File generated by k3s. DO NOT EDIT.\nserver = "
           "\"https://registry-1.docker.io/v2\"\n[host.\"http://cache:5000/v2\"]\n");
  const auto plan = node.plan();
  REQUIRE(plan);
  CHECK(text_of(*plan, k3s_registries) ==
        "# ours\nmirrors:\n  docker.io:   # the cache\n    endpoint: [\"http://cache:5000\"]\n  \"ghcr.io\":\n    "
        "endpoint:\n      - \"https://m.corp\"\n"
        "configs:\n  \"own.corp\":\n    tls:\n      ca_file: \"/etc/rancher/k3s/certs.d/own.corp/ca.crt\"\n");
  CHECK(change_of(*plan, k3s_certs + std::string("ghcr.io/hosts.toml"))->op == FileChange::Op::remove);
  CHECK(plan->files.back().op == FileChange::Op::remove_directory);
  CHECK(change_of(*plan, k3s_certs + std::string("docker.io")) == nullptr);
  CHECK(plan->service.name == "k3s.service");
  auto again = node;
  again.facts.tree = project(*plan, node.facts.tree);
  CHECK(again.plan()->empty());
}

TEST_CASE("a certificate of an earlier migration is used again, and never replaced by another", "[migrate]") {
  const auto pull = [](const std::string& there) {
    K3sNode node;
    node.own("own.corp/hosts.toml", "server = \"https://own.corp\"\nca = \"ca.crt\"\n[host]\n")
        .own("own.corp/ca.crt", ca_pem);
    node.file("/etc/rancher/k3s/certs.d/own.corp/ca.crt", there);
    const auto plan = node.plan();
    REQUIRE(plan);
    return *plan;
  };
  CHECK(change_of(pull(ca_pem), "/etc/rancher/k3s/certs.d/own.corp/ca.crt") == nullptr);
  const auto other = pull("another\n");
  CHECK(change_of(other, "/etc/rancher/k3s/certs.d/own.corp/ca.crt") == nullptr);
  CHECK(text_of(other, "/etc/rancher/k3s/certs.d/own.corp/ca-2.crt") == ca_pem);
}

TEST_CASE("a directory that K3s is about to replace is not taken in, and that is said", "[migrate]") {
  K3sNode node;
  node.file(k3s_registries, "mirrors:\n  ghcr.io:\n    endpoint: [\"http://cache:5000\"]\n");
  node.own("ghcr.io/hosts.toml", "[host.\"https://m.corp\"]\n");
  const auto plan = node.plan();
  REQUIRE(plan);
  CHECK(plan->empty());
  CHECK(mentions(plan->notes, "certs.d/ghcr.io: k3s removes it at its next start anyway"));
}

TEST_CASE("what already stands in registries.yaml for a host is never changed", "[migrate]") {
  K3sNode node;
  node.file(k3s_registries, "configs:\n  m.corp:\n    tls: {insecure_skip_verify: true}\n");
  node.own("ghcr.io/hosts.toml", "[host.\"https://m.corp\"]\n");
  const auto plan = node.plan();
  REQUIRE_FALSE(plan);
  CHECK(plan.error().message.find(
            "m.corp: registries.yaml has one `tls` for a host, and for images of ghcr.io it is asked with none") !=
        std::string::npos);
}

TEST_CASE("nothing is taken from Spegel, nor written where no registries.yaml is read", "[migrate]") {
  K3sNode spegel;
  spegel.own("_backup/docker.io/hosts.toml", "[host]\n");
  CHECK(spegel.plan().error().kind == ErrorKind::refused);
  test::Node plain;
  plain.containerd("containerd github.com/containerd/containerd 1.7.24", live_1_7)
      .file("/etc/containerd/certs.d/docker.io/hosts.toml", "[host.\"https://m\"]\n");
  const auto plan = plan_migration(plain.facts, plain.detection(), {.to = MigrateOptions::Form::registries_yaml},
                                   RestartPolicy::automatic);
  REQUIRE_FALSE(plan);
  CHECK(plan.error().kind == ErrorKind::unsupported);
  CHECK(plan.error().hint.find("--write-to") != std::string::npos);
  const auto elsewhere = plan_migration(plain.facts, plain.detection(), to_registries_yaml, RestartPolicy::automatic);
  REQUIRE(elsewhere);
  CHECK_FALSE(elsewhere->service.needed());
  CHECK(change_of(*elsewhere, k3s_registries) != nullptr);
}
