// Edits of registries.yaml: what is ours changes, every other byte stays.
#include "plan/registries_yaml/registries_yaml_edit.h"

#include <catch2/catch_test_macros.hpp>

using namespace rf;

namespace {

RegistriesYaml docker(std::vector<std::string> endpoints) {
  RegistriesYaml desired;
  desired.mirrors["docker.io"].endpoints = std::move(endpoints);
  return desired;
}
std::string merged(std::string_view text, const RegistriesYaml& desired) {
  auto result = merge_registries_yaml(text, desired, "r.yaml");
  if (!result) FAIL(to_string(result.error()));
  // What it wrote, it leaves alone.
  CHECK(*merge_registries_yaml(*result, desired, "r.yaml") == *result);
  return *result;
}
Error refused(std::string_view text, const RegistriesYaml& desired) {
  auto result = merge_registries_yaml(text, desired, "r.yaml");
  if (result) FAIL(*result);
  return result.error();
}
constexpr std::string_view fresh =
    "# Entries marked `# regfallback` follow the intent file of regfallback; all others are yours and stay as they "
    "are.\n"
    "mirrors:  # regfallback\n"
    "  \"docker.io\":  # regfallback\n"
    "    endpoint:\n"
    "      - \"http://anubis:32000\"\n";

}  // namespace

TEST_CASE("a new file holds the registries and says whose they are") {
  CHECK(merged("", docker({"http://anubis:32000"})) == fresh);
}

TEST_CASE("a file that held only ours goes when nothing is declared any more") {
  CHECK(merged(fresh, {}).empty());
  CHECK(merged("", {}).empty());
}

TEST_CASE("foreign entries, comments, order and quoting stay byte for byte") {
  const std::string before =
      "# our registries\n"
      "configs:\n"
      "  'harbor.corp':   # the robot\n"
      "    auth:\n"
      "      username: robot\n"
      "      password: \"p: #x\"\n"
      "mirrors:\n"
      "    quay.io: {endpoint: [\"https://q\"]}   # flow\n"
      "    # why ghcr\n"
      "    ghcr.io:\n"
      "        endpoint:\n"
      "        - https://g   # one\n"
      "        rewrite:\n"
      "            \"(.*)\": \"x/$1\"\n";
  const std::string behind = "\n# the end\n";
  const auto theirs = before + behind;
  const auto text = merged(theirs, docker({"http://m"}));
  CHECK(text == before + "    \"docker.io\":  # regfallback\n      endpoint:\n        - \"http://m\"\n" + behind);
  CHECK(merged(text, {}) == theirs);
}

TEST_CASE("items of a user's list that stay are kept as written, comments of those that go stay") {
  CHECK(merged("mirrors:\n"
               "  docker.io:\n"
               "    endpoint:\n"
               "      # near\n"
               "      - http://m:5000  # rack 3\n"
               "      # far\n"
               "      - https://far\n"
               "    rewrite: {a: b}\n",
               docker({"https://new", "http://m:5000/v2"})) ==
        "mirrors:\n"
        "  docker.io:\n"
        "    endpoint:  # regfallback\n"
        "      - \"https://new\"\n"
        "      # near\n"
        "      - http://m:5000  # rack 3\n"
        "      # far\n"
        "    rewrite: {a: b}\n");
}

TEST_CASE("a list that says the same is left alone, however it is written") {
  constexpr std::string_view theirs = "mirrors:\n  docker.io:\n    endpoint: [ m:5000 , \"https://n/v2\" ]\n";
  CHECK(merged(theirs, docker({"https://m:5000", "https://n"})) == theirs);
}

TEST_CASE("a list in flow form on one line is changed where it stands") {
  CHECK(merged("mirrors:\n  docker.io:\n    endpoint: [\"https://a\"]   # mine\n", docker({"http://b", "http://c"})) ==
        "mirrors:\n  docker.io:\n    endpoint: [\"http://b\", \"http://c\"]   # mine  # regfallback\n");
}

TEST_CASE("an entry without a list gets one, and loses only that again") {
  constexpr std::string_view theirs = "mirrors:\n  docker.io:   # default\n  quay.io:\n";
  const auto text = merged(theirs, docker({"http://m"}));
  CHECK(text == "mirrors:\n  docker.io:   # default\n    endpoint:  # regfallback\n      - \"http://m\"\n  quay.io:\n");
  CHECK(merged(text, {}) == theirs);
}

TEST_CASE("an empty section is opened") {
  CHECK(merged("mirrors: {}\n", docker({"http://m"})) ==
        "mirrors:\n  \"docker.io\":  # regfallback\n    endpoint:\n      - \"http://m\"\n");
  CHECK(merged("mirrors:\nconfigs:\n", docker({"http://m"})) ==
        "mirrors:\n  \"docker.io\":  # regfallback\n    endpoint:\n      - \"http://m\"\nconfigs:\n");
}

TEST_CASE("a file without a last newline is continued on a line of its own") {
  const auto text = merged("configs:\n  a:\n    tls: {ca_file: /a}", docker({"http://m"}));
  CHECK(text.starts_with("configs:\n  a:\n    tls: {ca_file: /a}\nmirrors:"));
}

TEST_CASE("credentials and certificates go into configs, and follow their changes") {
  auto desired = docker({"https://harbor.corp"});
  desired.configs["harbor.corp"].auth = RegistriesYamlAuth{.username = "robot", .password = Secret("a\"b\n")};
  desired.configs["harbor.corp"].tls = RegistriesYamlTls{.ca_file = "/ca.crt"};
  const auto text = merged("configs:\n  harbor.corp:\n    tls:\n      ca_file: /old.crt\n", desired);
  const auto read = parse_registries_yaml(text, "r");
  REQUIRE(read.ok());
  CHECK(read->configs == desired.configs);
  desired.configs["harbor.corp"].auth.reset();
  CHECK(merged(text, desired).find("robot") == std::string::npos);
  const auto gone = merged(text, {});
  CHECK(gone == "configs:\n  harbor.corp:\n");
}

TEST_CASE("an entry that was ours entirely loses the part that is not wanted any more") {
  RegistriesYaml desired;
  desired.configs["h"].auth = RegistriesYamlAuth{.username = "u", .password = Secret("p")};
  desired.configs["h"].tls = RegistriesYamlTls{.ca_file = "/ca"};
  const auto both = merged("", desired);
  desired.configs["h"].tls.reset();
  const auto one = merged(both, desired);
  CHECK(one.find("ca_file") == std::string::npos);
  CHECK(one.find("username") != std::string::npos);
}

TEST_CASE("what cannot be edited safely is refused, and says where") {
  CHECK(refused("{mirrors: {docker.io: {endpoint: [a]}}}\n", docker({"http://m"})).kind == ErrorKind::refused);
  CHECK(refused("mirrors:\n  docker.io: {endpoint: [\"a\"]}\n", docker({"http://m"})).kind == ErrorKind::refused);
  CHECK(refused("mirrors:\n  a: &x\n    endpoint: [a]\n  docker.io: *x\n", docker({"http://m"})).kind ==
        ErrorKind::refused);
  CHECK(refused("mirrors:\n  docker.io: &x\n    endpoint:\n      - a\n  b: *x\n", docker({"http://m"})).kind ==
        ErrorKind::refused);
  CHECK(refused("mirrors:\n  docker.io:\n    endpoint: [\n      a\n    ]\n", docker({"http://m"})).where->line == 3);
  CHECK(refused("mirrors:\n---\nx: y\n", docker({"http://m"})).kind == ErrorKind::refused);
  CHECK(refused("mirrors: [", docker({"http://m"})).kind == ErrorKind::parse);
}

TEST_CASE("an anchored entry beside ours does not disturb") {
  const auto text = merged("mirrors:\n  a: &x\n    endpoint: [a]\n  b: *x\n", docker({"http://m"}));
  CHECK(text.starts_with("mirrors:\n  a: &x\n    endpoint: [a]\n  b: *x\n  \"docker.io\":  # regfallback\n"));
}
