// registries.yaml against K3s' own cases: tests/cases/k3s_registries_cases.json holds what K3s makes of each input.
#include "containerd/k3s/registries_yaml.h"

#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "containerd/chain/chain.h"
#include "containerd/config/effective_config.h"

using namespace rf;
using nlohmann::json;

namespace {

const json& cases() {
  static const json all = json::parse(std::ifstream(RF_SOURCE_DIR "/tests/cases/k3s_registries_cases.json"));
  return all;
}

RegistriesYaml parsed(std::string_view text) {
  auto registries = parse_registries_yaml(text, "registries.yaml");
  if (!registries) FAIL(to_string(registries.error()));
  return *registries;
}

json tls_json(const RegistriesYamlTls& tls) {
  json out = json::object();
  if (!tls.ca_file.empty()) out["ca_file"] = tls.ca_file;
  if (!tls.cert_file.empty()) out["cert_file"] = tls.cert_file;
  if (!tls.key_file.empty()) out["key_file"] = tls.key_file;
  if (tls.insecure_skip_verify) out["insecure_skip_verify"] = true;
  return out;
}

json endpoint_json(const RegistriesYamlEndpoint& endpoint) {
  json out = {{"url", endpoint.url ? json(*endpoint.url) : json()}};
  if (endpoint.override_path) out["override_path"] = true;
  if (!endpoint.rewrites.empty()) out["rewrites"] = endpoint.rewrites;
  if (endpoint.tls) out["tls"] = tls_json(*endpoint.tls);
  if (endpoint.has_auth) out["auth"] = true;
  return out;
}

json hosts_json(const RegistriesYamlHosts& hosts) {
  json out = json::object();
  for (const auto& [name, host] : hosts) {
    json endpoints = json::array();
    for (const auto& endpoint : host.endpoints) endpoints.push_back(endpoint_json(endpoint));
    out[name] = {{"default", host.upstream ? endpoint_json(*host.upstream) : json()}, {"endpoints", endpoints}};
  }
  return out;
}

// The cases name the credentials; here it is enough that there are some.
json with_auth_as_flag(json expected) {
  for (auto& host : expected) {
    if (host["default"].contains("auth")) host["default"]["auth"] = true;
    for (auto& endpoint : host["endpoints"])
      if (endpoint.contains("auth")) endpoint["auth"] = true;
  }
  return expected;
}

RegistriesYamlNode k3s_node() {
  return {.program = "k3s",
          .version = Version{1, 31, 4},
          .registries_file = "/etc/rancher/k3s/registries.yaml",
          .hosts_dir = "/d/certs.d",
          .config_file = "/d/config.toml"};
}

}  // namespace

TEST_CASE("every case of K3s is rendered as K3s renders it, to the byte") {
  std::size_t seen = 0;
  for (const auto& c : cases()["k3s_hosts_cases"]) {
    INFO(c["name"].get<std::string>());
    RegistriesYamlSettings settings{.disable_default_endpoint = c["disable_default_registry_endpoint"].get<bool>()};
    settings.embedded_registry = c.value("embedded_registry_addr", "");
    settings.embedded_tls = {.ca_file = "server-ca", .cert_file = "client-cert", .key_file = "client-key"};
    const auto hosts = render_hosts(parsed(c["registries_yaml"].get<std::string>()), settings);
    CHECK(hosts_json(hosts) == with_auth_as_flag(c["expected_hosts"]));
    json texts = json::object();
    for (const auto& [name, host] : hosts)
      texts["certs.d/" + name + "/hosts.toml"] = rendered_hosts_toml(host, "k3s", RegistriesYamlEra::current);
    CHECK(texts == c["hosts_toml_rendered"]);
    ++seen;
  }
  CHECK(seen == 46);
}

TEST_CASE("a template that drops credentials is found out") {
  for (const auto& c : cases()["k3s_warn_missing_auth_cases"]["cases"]) {
    const auto name = c["name"].get<std::string>();
    INFO(name);
    const bool extends = name.find("extends base") != std::string::npos;
    const std::string text = c["template"].is_null() || extends ? "{{ template \"base\" . }}\n" : "version = 2\n";
    CHECK(auth_lost_in_template(c["auth_hosts"].get<std::vector<std::string>>(), text) ==
          c["want_warn_hosts"].get<std::vector<std::string>>());
  }
  CHECK(auth_lost_in_template({"ghcr.io"}, "[plugins.\"x\".registry.configs.\"ghcr.io\".auth]\n").empty());
}

TEST_CASE("the forms changed with versions, in every branch that was maintained") {
  const auto era = [](std::string_view text) { return registries_yaml_era(*parse_version(text)); };
  CHECK(era("v1.26.12+k3s1") == RegistriesYamlEra::config_toml);
  CHECK(era("v1.26.13+k3s1") == RegistriesYamlEra::first_hosts);
  CHECK(era("v1.29.0") == RegistriesYamlEra::config_toml);
  CHECK(era("v1.28.8") == RegistriesYamlEra::wildcard);
  CHECK(era("v1.29.3") == RegistriesYamlEra::wildcard);
  CHECK(era("v1.29.4") == RegistriesYamlEra::current);
  CHECK(era("v1.30.0") == RegistriesYamlEra::current);
  CHECK(era("v1.24.17") == RegistriesYamlEra::config_toml);
  CHECK(registries_yaml_era(std::nullopt) == RegistriesYamlEra::current);
}

TEST_CASE("what K3s would not start on is an error with its place") {
  for (const std::string_view text : {"mirrors: [", "mirrors: 3", "mirrors:\n  a:\n    endpoint: x\n",
                                      "configs:\n  a:\n    tls:\n      insecure_skip_verify: maybe\n"}) {
    const auto registries = parse_registries_yaml(text, "r.yaml");
    REQUIRE_FALSE(registries.ok());
    CHECK(registries.error().where->line > 0);
  }
}

TEST_CASE("a truth is a plain word of yaml.v2, and a text in quotes") {
  const auto flag = [](std::string_view word) -> std::optional<bool> {
    const auto read =
        parse_registries_yaml("configs: {a: {tls: {insecure_skip_verify: " + std::string(word) + "}}}", "r.yaml");
    if (read) return read->configs.at("a").tls->insecure_skip_verify;
    CHECK(read.error().kind == ErrorKind::parse);
    CHECK(read.error().message.find("into bool") != std::string::npos);
    return std::nullopt;
  };
  for (const std::string_view word : {"true", "Yes", "ON", "y"}) CHECK(flag(word) == true);
  for (const std::string_view word : {"false", "No", "OFF", "n", "null", "~"}) CHECK(flag(word) == false);
  for (const std::string_view word : {"\"true\"", "'false'", "\"\"", "tRuE", "1", "!!str true"})
    CHECK(flag(word) == std::nullopt);
  CHECK(parse_registries_yaml("configs:\n  h.test:\n    tls:\n      insecure_skip_verify: \"true\"\n", "r.yaml")
            .error()
            .where == Location{"r.yaml", 4, 29});
}

TEST_CASE("keys that are written again join or replace, as yaml.v2 decodes them") {
  const auto joined = parsed(
      "mirrors:\n  a: {endpoint: [x], rewrite: {p: q}, rewrite: {r: s}}\nmirrors:\n  b: {endpoint: [y]}\n"
      "configs:\n  h:\n    auth: {username: u}\n    auth: {password: p}\n    tls: {ca_file: c}\n    tls:\n");
  CHECK(joined.mirrors.size() == 2);
  CHECK(joined.mirrors.at("a").rewrites.size() == 2);
  CHECK(joined.configs.at("h").auth == RegistriesYamlAuth{.username = "u", .password = Secret("p")});
  CHECK_FALSE(joined.configs.at("h").tls);
  std::vector<std::pair<int, bool>> told;
  for (const auto& repeat : joined.repeated) told.emplace_back(repeat.again, joins_the_first(repeat));
  CHECK(told == std::vector<std::pair<int, bool>>{{2, true}, {3, true}, {8, true}, {10, false}});
  const auto replaced =
      parsed("mirrors:\n  a: {endpoint: [x], rewrite: {p: q}}\n  a: {endpoint: [y], endpoint: [z]}\n");
  CHECK(replaced.mirrors.at("a") == RegistriesYamlMirror{.endpoints = {"z"}});
  CHECK(replaced.repeated.size() == 2);
  CHECK(parsed("mirrors: {a: {endpoint: [x]}}\nmirrors:\n").mirrors.empty());
}

TEST_CASE("what follows a second document is not read, however broken it is") {
  const auto registries = parsed("mirrors: {a: {endpoint: [x]}}\n---\n]]]\n");
  CHECK(registries.mirrors.size() == 1);
  CHECK(registries.next_document == 2);
}

TEST_CASE("what a merge key brings counts where it is written") {
  const auto registries = parsed(
      "x: &x {endpoint: [m]}\nmirrors:\n  above: {<<: *x, endpoint: [own]}\n  below: {endpoint: [own], <<: *x}\n");
  CHECK(registries.mirrors.at("above").endpoints == std::vector<std::string>{"own"});
  CHECK(registries.mirrors.at("below").endpoints == std::vector<std::string>{"m"});
  CHECK_FALSE(parse_registries_yaml("mirrors:\n  <<: 5\n", "r").ok());
}

TEST_CASE("an endpoint without a host is rendered, and hides the wildcard") {
  FileTree tree;
  tree.put_file("/etc/rancher/k3s/registries.yaml",
                "mirrors:\n  \"*\":\n    endpoint:\n      - \"http://cache.test:5000\"\n  registry.example.top:\n"
                "    endpoint:\n      - \"https://\"\n");
  tree.put_file("/d/config.toml",
                "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\n  config_path = \"/d/certs.d\"\n");
  const auto after = project_registries_yaml(tree, k3s_node());
  REQUIRE(after.ok());
  const auto config = effective_config(*after, {.file = "/d/config.toml"}, *parse_version("2.1.9"));
  const auto chain = resolve_chain(*after, config, "registry.example.top");
  std::vector<std::string> urls;
  for (const auto& endpoint : chain.endpoints) urls.push_back(endpoint.url());
  CHECK(urls == std::vector<std::string>{"https:///v2", "https://registry.example.top/v2"});
}

TEST_CASE("keys that K3s skips in silence are told") {
  const auto registries = parsed("mirror:\n  a: {}\nconfigs:\n  a:\n    auth:\n      token: x\n");
  CHECK(registries.ignored == std::vector<RegistriesYamlIgnored>{{"mirror", 1}, {"token", 6}});
}

TEST_CASE("an http endpoint of the registry itself still ends at https") {
  const auto hosts = render_hosts(parsed("mirrors:\n  reg.corp:5000:\n    endpoint: [http://reg.corp:5000]\n"), {});
  CHECK(hosts.at("reg.corp:5000").upstream->url == "https://reg.corp:5000/v2");
  CHECK(hosts.at("reg.corp:5000").endpoints.front().url == "http://reg.corp:5000/v2");
}

TEST_CASE("after a restart, generated directories are new and hand-written ones are as they were") {
  FileTree tree;
  tree.put_file("/etc/rancher/k3s/registries.yaml",
                "mirrors:\n  docker.io:\n    endpoint: [http://m:5000]\nconfigs:\n  m:5000:\n    auth: {username: u, "
                "password: p}\n");
  tree.put_file("/d/certs.d/old.io/hosts.toml", "# File generated by k3s. DO NOT EDIT.\nserver = \"x\"\n");
  tree.put_file("/d/certs.d/mine.io/hosts.toml", "server = \"https://mine.io\"\n");
  tree.put_file("/d/certs.d/docker.io/hosts.toml", "server = \"mine, but in the way\"\n");
  tree.put_file("/d/config.toml",
                "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\n  config_path = \"/d/certs.d\"\n\n"
                "[plugins.'io.containerd.cri.v1.images'.registry.configs.\"gone\".auth]\n  username = \"g\"\n");
  const auto after = project_registries_yaml(tree, k3s_node());
  REQUIRE(after.ok());
  CHECK_FALSE(after->exists("/d/certs.d/old.io"));
  CHECK(after->read("/d/certs.d/mine.io/hosts.toml") == "server = \"https://mine.io\"\n");
  CHECK(after->read("/d/certs.d/docker.io/hosts.toml")->starts_with("# File generated by k3s."));
  CHECK(after->read("/d/config.toml") ==
        "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\n  config_path = \"/d/certs.d\"\n\n"
        "[plugins.'io.containerd.cri.v1.images'.registry.configs.\"m:5000\".auth]\n"
        "  username = \"u\"\n  password = \"p\"\n");
}

TEST_CASE("before hosts.toml files, everything stood in config.toml") {
  FileTree tree;
  tree.put_file("/etc/rancher/k3s/registries.yaml",
                "mirrors:\n  \"*\":\n    endpoint: [http://m:5000]\nconfigs:\n  m:5000:\n    tls: {ca_file: /ca}\n");
  tree.put_file("/d/config.toml", "version = 2\n");
  auto node = k3s_node();
  node.version = Version{1, 28, 5};
  const auto after = project_registries_yaml(tree, node);
  REQUIRE(after.ok());
  CHECK(after->list("/d/certs.d").empty());
  CHECK(after->read("/d/config.toml") ==
        "version = 2\n\n[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"*\"]\n"
        "  endpoint = [\"http://m:5000\"]\n\n"
        "[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"m:5000\".tls]\n  ca_file = \"/ca\"\n");
  node.version = Version{1, 28, 6};
  CHECK(project_registries_yaml(tree, node)->list("/d/certs.d") == std::vector<std::string>{"m:5000"});
  node.version = Version{1, 28, 8};
  CHECK(project_registries_yaml(tree, node)->list("/d/certs.d") == std::vector<std::string>{"_default", "m:5000"});
}

TEST_CASE("how K3s was started is read from its configuration and its arguments") {
  FileTree tree;
  tree.put_file("/etc/rancher/k3s/config.yaml", "embedded-registry: true\ndisable-default-registry-endpoint: false\n");
  tree.put_file("/etc/rancher/k3s/config.yaml.d/10-mine.yaml", "disable-default-registry-endpoint: true\n");
  const auto from_files = registries_yaml_settings(tree, "k3s", {"k3s", "server"}, "/d/certs.d");
  CHECK(from_files.disable_default_endpoint);
  CHECK(from_files.embedded_registry == "127.0.0.1:6443");
  const auto from_argv = registries_yaml_settings(
      {}, "k3s", {"k3s", "agent", "--disable-default-registry-endpoint", "--private-registry", "/r.yaml"}, "/d");
  CHECK(from_argv.disable_default_endpoint);
  CHECK(from_argv.registries_file == "/r.yaml");
  CHECK(from_argv.embedded_registry.empty());
}

TEST_CASE("an agent knows the embedded registry by what was rendered for it") {
  FileTree tree;
  tree.put_file("/d/certs.d/127.0.0.1:6443/hosts.toml",
                "# File generated by rke2. DO NOT EDIT.\nserver = \"https://127.0.0.1:6443/v2\"\n"
                "ca = [\"/s.crt\"]\nclient = [[\"/c.crt\", \"/c.key\"]]\n\n[host]\n");
  const auto settings = registries_yaml_settings(tree, "rke2", {"rke2", "agent"}, "/d/certs.d");
  CHECK(settings.embedded_registry == "127.0.0.1:6443");
  CHECK(settings.embedded_tls == RegistriesYamlTls{.ca_file = "/s.crt", .cert_file = "/c.crt", .key_file = "/c.key"});
}

TEST_CASE("anchors, aliases and merge keys are read as the program reads them") {
  const auto registries =
      parsed("mirrors:\n  a: &one\n    endpoint: [http://m]\n  b: *one\n  c:\n    <<: *one\n    rewrite: {x: y}\n");
  CHECK(registries.mirrors.at("b").endpoints == std::vector<std::string>{"http://m"});
  CHECK(registries.mirrors.at("c").endpoints == std::vector<std::string>{"http://m"});
  CHECK(registries.mirrors.at("c").rewrites.size() == 1);
}
