// registries.yaml to hosts.toml files for a plain containerd.
#include "migrate_builder.h"

using namespace rf;
using namespace rf::test;

namespace {

const auto to_hosts_dir = options_to(MigrateOptions::Form::hosts_dir);
constexpr auto config_file = "/etc/containerd/config.toml";

std::string hosts(const std::string& registry) { return plain_certs + registry + "/hosts.toml"; }

}  // namespace

TEST_CASE("registries.yaml becomes hosts.toml files and the config.toml they need", "[migrate]") {
  const auto tree = yaml_tree(
      "mirrors:\n  docker.io:\n    endpoint: [cache:5000, \"https://harbor.corp/v2/hub\"]\n  \"*\":\n    endpoint: "
      "[\"http://m:5000\"]\n");
  const auto migration = made(from_yaml(tree));
  CHECK(text_of(migration, hosts("docker.io")) ==
        "# Written by regfallback migrate: the chain of docker.io as /etc/rancher/k3s/registries.yaml had it\n\n"
        "server = \"https://registry-1.docker.io\"\ncapabilities = [\"pull\", \"resolve\", \"push\"]\n\n"
        "[host.\"https://cache:5000\"]\n  capabilities = [\"pull\", \"resolve\"]\n\n"
        "[host.\"https://harbor.corp/v2/hub\"]\n  capabilities = [\"pull\", \"resolve\"]\n  override_path = true\n");
  CHECK(text_of(migration, hosts("_default")).find("server") == std::string::npos);
  CHECK(text_of(migration, config_file)
            .find("version = 3\n\n[plugins.\"io.containerd.cri.v1.images\".registry]\n  config_path = "
                  "\"/etc/containerd/certs.d\"\n") != std::string::npos);
  const auto plain = after(migration);
  for (const auto* registry : {"docker.io", "quay.io", "localhost:5000", "cache:5000"})
    CHECK(chain_difference(chain_on_k3s(tree, registry), chain_on_plain(plain, registry)).empty());
}

TEST_CASE("a registries.yaml that says what containerd does anyway makes no files", "[migrate]") {
  for (const auto* text : {"", "mirrors:\n  docker.io:\n", "mirrors: {}\nconfigs: {}\n"})
    CHECK(made(from_yaml(yaml_tree(text))).files.empty());
}

TEST_CASE("credentials go to config.toml, or into headers of files that only root reads", "[migrate]") {
  const auto tree = yaml_tree(
      "mirrors:\n  ghcr.io:\n    endpoint: [m.corp]\nconfigs:\n  m.corp:\n    auth: {username: u, password: p}\n");
  const auto kept = made(from_yaml(tree));
  CHECK(text_of(kept, config_file)
            .find("[plugins.\"io.containerd.cri.v1.images\".registry.configs.\"m.corp\".auth]\n  username = \"u\"\n  "
                  "password = \"p\"\n") != std::string::npos);
  CHECK(change_of(kept, config_file)->mode == 0600);
  CHECK(change_of(kept, config_file)->holds_secrets);
  CHECK(change_of(kept, hosts("ghcr.io"))->mode == 0644);
  auto options = to_hosts_dir;
  options.credentials = MigrateOptions::Credentials::in_headers;
  const auto moved = made(from_yaml(tree, options));
  CHECK(text_of(moved, config_file).find("password") == std::string::npos);
  CHECK(text_of(moved, hosts("ghcr.io")).find("\"Authorization\" = \"Basic dTpw\"") != std::string::npos);
  CHECK(change_of(moved, hosts("ghcr.io"))->mode == 0600);
  CHECK(text_of(moved, hosts("m.corp")).find("[header]\n  \"Authorization\" = \"Basic dTpw\"") != std::string::npos);
}

TEST_CASE("the containerd that will read the files decides their form", "[migrate]") {
  const auto tree = yaml_tree("mirrors:\n  \"*\":\n    endpoint: [\"https://m.corp/hub\"]\n");
  auto options = to_hosts_dir;
  options.containerd = *parse_version("1.7.24");
  CHECK(text_of(made(from_yaml(tree, options)), config_file)
            .find("version = 2\n\n[plugins.\"io.containerd.grpc.v1.cri\".registry]") != std::string::npos);
  options.containerd = *parse_version("1.6.10");
  CHECK(refusal_of(from_yaml(tree, options)).find("\"*\": containerd 1.6.10 has no default for all registries") !=
        std::string::npos);
  const auto given_up = made(from_yaml(tree, accepting(options)));
  CHECK(mentions(given_up.lost, "*: before [https://m.corp/hub, pull, resolve]"));
}

TEST_CASE("an http endpoint with TLS settings is still asked by https first", "[migrate]") {
  const auto tree = yaml_tree(
      "mirrors:\n  ghcr.io:\n    endpoint: [\"http://m:5000\"]\nconfigs:\n  m:5000:\n    tls: {insecure_skip_verify: "
      "true}\n");
  const auto text = text_of(made(from_yaml(tree)), hosts("ghcr.io"));
  CHECK(text.find("[host.\"http://m:5000\"]\n  capabilities = [\"pull\", \"resolve\"]\n  skip_verify = true\n") !=
        text.npos);
}

TEST_CASE("a rewrite that puts one prefix before every repository is a path; no other can be said", "[migrate]") {
  const auto rewritten = [](const std::string& rule) {
    return yaml_tree("mirrors:\n  docker.io:\n    endpoint: [harbor.corp, \"https://two.corp/x/\"]\n    rewrite: {" +
                     rule + "}\n");
  };
  for (const auto* rule : {"\"(.*)\": \"hub/proxy/$1\"", "\"^(.+)$\": \"hub/proxy/${1}\""}) {
    const auto text = text_of(made(from_yaml(rewritten(rule))), hosts("docker.io"));
    CHECK(text.find("[host.\"https://harbor.corp/v2/hub/proxy\"]\n  capabilities = [\"pull\", \"resolve\"]\n  "
                    "override_path = true\n") != text.npos);
    CHECK(text.find("[host.\"https://two.corp/x/hub/proxy\"]") != text.npos);
  }
  for (const auto* rule : {"\"^library/(.*)\": \"hub/$1\"", "\"(.*)\": \"hub-$1\"", "\"(.*)\": \"../$1\"",
                           "\"(.*)\": \"hub/$1\", \"a\": \"b\""}) {
    CHECK(refusal_of(from_yaml(rewritten(rule))).find("docker.io: the rewrite \"") != std::string::npos);
    const auto accepted = made(from_yaml(rewritten(rule), accepting(to_hosts_dir)));
    CHECK(text_of(accepted, hosts("docker.io")).find("[host.\"https://harbor.corp\"]") != std::string::npos);
  }
  // The registry's own endpoint in last place becomes the server, and K3s writes no rule for that.
  CHECK(made(from_yaml(yaml_tree(
                 "mirrors:\n  docker.io:\n    endpoint: [docker.io]\n    rewrite: {\"^a/(.*)\": \"b/$1\"}\n")))
            .lost.empty());
}

TEST_CASE("without default endpoints it is not certain what K3s does, and the closest form asks none", "[migrate]") {
  const RegistriesYamlSettings settings{.disable_default_endpoint = true};
  const auto tree = yaml_tree("mirrors:\n  ghcr.io:\n    endpoint: [m.corp]\n  \"*\":\n    endpoint: [n.corp]\n");
  CHECK(refusal_of(from_yaml(tree, to_hosts_dir, settings))
            .find("ghcr.io: k3s runs with --disable-default-registry-endpoint") != std::string::npos);
  const auto migration = made(from_yaml(tree, accepting(to_hosts_dir), settings));
  const auto plain = after(migration);
  CHECK(chain_on_plain(plain, "ghcr.io").endpoints.back().host == "m.corp");
  CHECK(chain_on_plain(plain, "quay.io").endpoints.back().host == "n.corp");
}

TEST_CASE("the embedded registry stays with K3s", "[migrate]") {
  const RegistriesYamlSettings settings{.embedded_registry = "127.0.0.1:6443",
                                        .embedded_tls = {.ca_file = "/ca", .cert_file = "/c", .key_file = "/k"}};
  const auto tree = yaml_tree("mirrors:\n  ghcr.io:\n    endpoint: [m.corp]\n");
  CHECK(refusal_of(from_yaml(tree, to_hosts_dir, settings))
            .find("ghcr.io: the embedded registry 127.0.0.1:6443 is part of k3s") != std::string::npos);
  const auto migration = made(from_yaml(tree, accepting(to_hosts_dir), settings));
  CHECK(text_of(migration, hosts("ghcr.io")).find("6443") == std::string::npos);
  CHECK(migration.lost.size() == 1);
}

TEST_CASE("certificates of K3s' own directories come along, others stay where they are", "[migrate]") {
  auto tree = yaml_tree(
      "configs:\n  own.corp:\n    tls: {ca_file: /etc/rancher/k3s/ca.pem}\n  two.corp:\n    tls: {ca_file: "
      "/etc/ssl/corp.pem}\n"
      "  three.corp:\n    tls: {ca_file: /etc/rancher/k3s/gone.pem}\n");
  tree.put_file("/etc/rancher/k3s/ca.pem", ca_pem);
  const auto migration = made(from_yaml(tree));
  CHECK(text_of(migration, plain_certs + std::string("own.corp/ca.pem")) == ca_pem);
  CHECK(text_of(migration, hosts("own.corp")).find("ca = [\"ca.pem\"]\n") != std::string::npos);
  CHECK(text_of(migration, hosts("two.corp")).find("ca = [\"/etc/ssl/corp.pem\"]\n") != std::string::npos);
  CHECK(mentions(migration.explanation, "/etc/ssl/corp.pem is used where it is"));
  CHECK(text_of(migration, hosts("three.corp")).find("ca = [\"gone.pem\"]\n") != std::string::npos);
  CHECK(mentions(migration.explanation,
                 "/etc/rancher/k3s/gone.pem was not read: copy it to /etc/containerd/certs.d/three.corp/gone.pem"));
}

TEST_CASE("two files of one name get two names in a directory", "[migrate]") {
  auto tree = yaml_tree(
      "mirrors:\n  ghcr.io:\n    endpoint: [a.corp, b.corp]\nconfigs:\n  a.corp:\n    tls: {ca_file: "
      "/etc/rancher/k3s/a/ca.pem}\n"
      "  b.corp:\n    tls: {ca_file: /etc/rancher/k3s/b/ca.pem}\n");
  tree.put_file("/etc/rancher/k3s/a/ca.pem", ca_pem);
  tree.put_file("/etc/rancher/k3s/b/ca.pem", ca_pem);
  const auto text = text_of(made(from_yaml(tree)), hosts("ghcr.io"));
  CHECK(text.find("ca = [\"ca.pem\"]\n") != text.npos);
  CHECK(text.find("ca = [\"ca-2.pem\"]\n") != text.npos);
}

TEST_CASE("a private key that comes along stays private", "[migrate]") {
  auto tree = yaml_tree(
      "configs:\n  own.corp:\n    tls: {cert_file: /etc/rancher/k3s/c.cert, key_file: /etc/rancher/k3s/c.key}\n");
  tree.put_file("/etc/rancher/k3s/c.cert", ca_pem);
  tree.put_file("/etc/rancher/k3s/c.key",
                "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n");
  const auto refused = from_yaml(tree);
  const auto message = refusal_of(refused);  // they do not belong together: every pull fails, before and after
  CHECK(message.find("error: failed to load X509 key pair") != message.npos);
  const auto migration = made(from_yaml(tree, accepting(to_hosts_dir)));
  CHECK(change_of(migration, plain_certs + std::string("own.corp/c.key")) == nullptr);
}

TEST_CASE("directories that K3s did not render are part of what its node does", "[migrate]") {
  auto tree = yaml_tree("mirrors:\n  ghcr.io:\n    endpoint: [m.corp]\n");
  tree.put_file(k3s_certs + std::string("own.corp/hosts.toml"),
                "server = \"https://own.corp\"\n[host.\"https://n.corp\"]\ndial_timeout = \"2s\"\n");
  const auto migration = made(from_yaml(tree));
  CHECK(text_of(migration, hosts("own.corp"))
            .find("[host.\"https://n.corp\"]\n  capabilities = [\"pull\", \"resolve\", \"push\"]\n  dial_timeout = "
                  "\"2s\"\n") != std::string::npos);
  CHECK(change_of(migration, hosts("ghcr.io")) != nullptr);
}

TEST_CASE("a K3s node is left alone: its files are for another one", "[migrate]") {
  test::Node node;
  node.runs(k3s_runtime("k3s", "k3s.service")).process("k3s", {"/usr/local/bin/k3s", "server"});
  node.file(k3s_registries, "mirrors:\n  ghcr.io:\n    endpoint: [m.corp]\n");
  const auto here = plan_migration(node.facts, node.detection(), {}, RestartPolicy::automatic);
  REQUIRE_FALSE(here);
  CHECK(here.error().kind == ErrorKind::unsupported);
  CHECK(here.error().message.find(
            "K3s writes its hosts.toml files itself at every start, from /etc/rancher/k3s/registries.yaml") !=
        std::string::npos);
  const auto elsewhere = plan_migration(node.facts, node.detection(), to_hosts_dir, RestartPolicy::automatic);
  REQUIRE(elsewhere);
  CHECK(change_of(*elsewhere, hosts("ghcr.io")) != nullptr);
  CHECK_FALSE(elsewhere->service.needed());
}

TEST_CASE("a registries.yaml that K3s does not start with is no source", "[migrate]") {
  const auto migration = from_yaml(yaml_tree("mirrors: [\n"));
  REQUIRE_FALSE(migration);
  CHECK(migration.error().kind == ErrorKind::parse);
}
