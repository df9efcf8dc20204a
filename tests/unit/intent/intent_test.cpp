#include "intent/intent.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace rf;

namespace {

constexpr auto design_example = R"(version: 1

nodes:
  - anubis
  - ops@babel:2222
  - { name: ra, ssh: { identity: ~/.ssh/cluster, jump: anubis } }
  - kind:dev

registries:
  anubis:32000:
    upstream: http://anubis:32000
    fallback: [ghcr.io/your-org, docker.io]
  docker.io:
    mirrors: [http://anubis:32000]
  ghcr.io:
    mirrors: [http://anubis:32000]
    upstream: none
  "*":
    mirrors: [https://harbor.corp/v2/proxy]

endpoints:
  harbor.corp:
    auth: { username: robot, password: { env: HARBOR_TOKEN } }
    tls:  { ca: certs/corp-ca.pem, client: { cert: c.pem, key: /k.pem }, insecure_skip_verify: false }
    dial_timeout: 2s
    capabilities: [pull, resolve]
    headers: { X-Team: infra }
)";

std::vector<std::string> problems(const std::string& text, unsigned mode = 0) {
  std::vector<std::string> out;
  for (const auto& problem : parse_intent({.file = "f", .text = text, .mode_bits = mode}).problems)
    out.push_back(to_string(problem));
  return out;
}

std::vector<std::string> registry(const std::string& body) {
  return problems("version: 1\nregistries:\n  docker.io:\n" + body);
}

std::vector<std::string> urls(const std::vector<Endpoint>& chain) {
  std::vector<std::string> out;
  for (const auto& endpoint : chain) out.push_back(endpoint.url());
  return out;
}

}  // namespace

TEST_CASE("the whole format is read into the model") {
  const auto parsed = parse_intent({.file = "/etc/rf/regfallback.yaml", .text = design_example, .mode_bits = 0644});
  REQUIRE(parsed.problems == std::vector<Error>{});
  CHECK(parsed.warnings.empty());
  const auto& intent = parsed.intent;
  REQUIRE(intent.nodes.size() == 4);
  CHECK(intent.nodes[1].user == "ops");
  CHECK(intent.nodes[2].identity == "~/.ssh/cluster");
  CHECK(intent.nodes[2].jump == "anubis");
  CHECK(intent.nodes[3].kind == NodeSpec::Kind::kind_cluster);
  REQUIRE(intent.registries.size() == 4);
  CHECK(urls(intent.registry("anubis:32000")->chain()) == std::vector<std::string>{"http://anubis:32000/v2",
                                                                                   "https://ghcr.io/v2/your-org",
                                                                                   "https://registry-1.docker.io/v2"});
  CHECK(urls(intent.registry("docker.io")->chain()) ==
        std::vector<std::string>{"http://anubis:32000/v2", "https://registry-1.docker.io/v2"});
  CHECK(urls(intent.registry("ghcr.io")->chain()) == std::vector<std::string>{"http://anubis:32000/v2"});
  CHECK(urls(intent.registry("*")->chain()) == std::vector<std::string>{"https://harbor.corp/v2/proxy"});
  CHECK(intent.registry("docker.io")->where == Location{"/etc/rf/regfallback.yaml", 13, 3});
  const auto& harbor = intent.endpoints.at("harbor.corp");
  CHECK(harbor.username == "robot");
  CHECK(harbor.password->kind == SecretRef::Kind::env);
  CHECK(harbor.password->value == "HARBOR_TOKEN");
  CHECK(harbor.ca_file == "/etc/rf/certs/corp-ca.pem");
  CHECK(harbor.client_cert_file == "/etc/rf/c.pem");
  CHECK(harbor.client_key_file == "/k.pem");
  CHECK(harbor.dial_timeout == "2s");
  CHECK(harbor.capabilities == std::vector<std::string>{"pull", "resolve"});
  CHECK(harbor.headers == std::vector<std::pair<std::string, std::string>>{{"X-Team", "infra"}});
}

TEST_CASE("every problem is named at once, in file order, with its place and a way out") {
  CHECK(
      problems(R"(version: 2
regsitries:
  docker.io: {}
registries:
  docker.io:
    mirror: [http://a:1]
    upstream: [https://x.io]
  docker.io:
    mirrors: [http://b:1]
  index.docker.io:
    mirrors: [ftp://x]
endpoints:
  a:1:
    tls: { ca: 5, skip_verify: true }
    password: x
)") ==
      std::vector<std::string>{
          "f:1:10: expected the number 1, found \"2\"\n  hint: write 1",
          "f:2:1: unknown key \"regsitries\"\n  hint: did you mean `registries`?",
          "f:6:5: unknown key \"mirror\"\n  hint: did you mean `mirrors`?",
          "f:7:15: expected an endpoint, or none, found a list",
          "f:8:3: \"docker.io\" is written twice; the first is on line 5\n  hint: merge the two",
          "f:10:3: \"index.docker.io\" is Docker Hub, whose images are looked up as docker.io\n  hint: write docker.io",
          "f:11:15: \"ftp://x\" starts with ftp://; registries speak http or https\n  hint: write https://x",
          "f:14:19: unknown key \"skip_verify\"\n  hint: did you mean `insecure_skip_verify`?",
          "f:15:5: unknown key \"password\"\n  hint: the keys allowed here are auth, tls, dial_timeout, capabilities, headers",
      });
}

TEST_CASE("an empty file and a wrong root say how to begin") {
  CHECK(problems("") == std::vector<std::string>{
                            "f:1:1: the file is empty\n  hint: 'regfallback init' writes a commented starter file"});
  CHECK(problems("- a\n") == std::vector<std::string>{"f:1:1: expected the keys version and registries, found a list"});
  CHECK(problems("version: 1\n") ==
        std::vector<std::string>{
            "f:1:1: the key `registries` is missing\n  hint: registries: For every registry, the endpoints to try."});
  CHECK(problems("version: 1\nregistries: {}\n").empty());
}

TEST_CASE("YAML that is none is one problem with its place") {
  CHECK(problems("version: 1\nregistries: [\n").size() == 1);
  CHECK(problems("version: 1\n\tx: 1\n")[0].starts_with("f:2:"));
  CHECK(problems("a: 1\n---\nb: 2\n")[0].find("a second document starts here") != std::string::npos);
  CHECK(problems("version: 1\nregistries: *nowhere\n").size() == 1);
}

TEST_CASE("chains that no runtime could follow are refused") {
  CHECK(registry("    mirrors: [docker.io]\n")[0].find("appears twice in the chain of docker.io") != std::string::npos);
  CHECK(registry("    mirrors: [http://a:1, http://a:1/v2/]\n").size() == 1);
  CHECK(registry("    upstream: none\n")[0].find("no endpoint is left") != std::string::npos);
  CHECK(problems("version: 1\nregistries:\n  \"*\": { fallback: [http://a:1] }\n").size() == 1);
  CHECK(problems("version: 1\nregistries:\n  \"*\": { mirrors: [http://a:1], upstream: http://b:1 }\n").size() == 1);
  CHECK(problems("version: 1\nregistries:\n  \"*\": { fallback: [http://a:1], upstream: none }\n").empty());
}

TEST_CASE("TLS settings for an endpoint that is plain http are refused where it is used") {
  CHECK(problems("version: 1\nregistries:\n  docker.io: { mirrors: [http://a:1] }\nendpoints:\n  a:1: { tls: { ca: "
                 "x.pem } }\n") ==
        std::vector<std::string>{"f:3:26: http://a:1/v2 is plain http, but endpoints: a:1: tls is set (line 5)\n  "
                                 "hint: write https://a:1 here, or remove the tls settings"});
}

TEST_CASE("options for a host that is used nowhere are a warning with a suggestion") {
  const auto parsed =
      parse_intent({.file = "f",
                    .text = "version: 1\nregistries:\n  docker.io: { mirrors: [http://anubis:32000] }\nendpoints:\n  "
                            "anubis:3200: { dial_timeout: 2s }\n  docker.io: { dial_timeout: 2s }\n"});
  CHECK(parsed.ok());
  REQUIRE(parsed.warnings.size() == 1);
  CHECK(parsed.warnings[0].hint == "did you mean anubis:32000?");
  CHECK(parsed.intent.endpoints.contains("registry-1.docker.io"));
}

TEST_CASE("a secret in clear is taken only from a file that nobody else can read, and is never shown") {
  const std::string text =
      "version: 1\nregistries:\n  docker.io: { mirrors: [https://h] }\nendpoints:\n  h:\n    auth: { username: u, "
      "password: hunter2 }\n    headers: { X-Api-Key: hunter3 }\n";
  CHECK(problems(text, 0600).empty());
  const auto found = problems(text, 0640);
  REQUIRE(found.size() == 2);
  CHECK(found[0].find("X-Api-Key") != std::string::npos);
  for (const auto& problem : found) CHECK(problem.find("hunter") == std::string::npos);
}

TEST_CASE("credentials are complete or refused") {
  const auto auth = [](const std::string& value) {
    return problems("version: 1\nregistries:\n  docker.io: { mirrors: [https://h] }\nendpoints:\n  h: { auth: " +
                    value + " }\n")
        .size();
  };
  CHECK(auth("{ username: u, password: { file: p } }") == 0);
  CHECK(auth("{ password: { docker-config: ~/.docker/config.json } }") == 0);
  CHECK(auth("{ username: u, password: { docker-config: x } }") == 1);
  CHECK(auth("{ password: { env: X } }") == 1);
  CHECK(auth("{ username: u }") == 1);
  CHECK(auth("{ username: u, password: { env: X, file: y } }") == 1);
  CHECK(auth("{ username: u, password: {} }") == 1);
  CHECK(auth("{ username: u, password: { env: $X } }") == 1);
  CHECK(auth("{ username: 'u:v', password: { env: X } }") == 1);
}

TEST_CASE("headers cannot carry line breaks, nor replace what is made from other keys") {
  const auto header = [](const std::string& value) {
    return problems("version: 1\nregistries:\n  docker.io: { mirrors: [https://h] }\nendpoints:\n  h: { headers: " +
                    value + " }\n")
        .size();
  };
  CHECK(header("{ X-A: b }") == 0);
  CHECK(header("{ X-A: 1 }") == 0);
  CHECK(header("{ X-A: \"b\\r\\nEvil: 1\" }") == 1);
  CHECK(header("{ \"X A\": b }") == 1);
  CHECK(header("{ Authorization: Basic }") == 1);
}

TEST_CASE("aliases can be used, and cannot multiply") {
  CHECK(problems("version: 1\nregistries:\n  docker.io: &m { mirrors: [http://a:1] }\n  ghcr.io: *m\n").empty());
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const auto name = std::to_string(i), last = "*a" + std::to_string(i - 1);
    bomb += "a" + name + ": &a" + name + " [" + last;
    for (int j = 0; j < 9; ++j) bomb += ", " + last;
    bomb += "]\n";
  }
  CHECK(problems(bomb).size() == 1);
  CHECK(problems("a: &a [*a]\n").size() == 1);
}

TEST_CASE("depth and size have limits") {
  CHECK(problems("a: " + std::string(100, '[') + std::string(100, ']') + "\n").size() == 1);
  CHECK(problems(std::string(100000, '[')).size() == 1);
  CHECK(problems("#" + std::string(1024 * 1024, 'x')).size() == 1);
}

TEST_CASE("flags say the same as a file") {
  const auto parsed =
      intent_from_flags({.mirrors = {"docker.io=http://anubis:32000", "anubis:32000=ghcr.io/your-org,docker.io"}});
  REQUIRE(parsed.ok());
  CHECK(urls(parsed.intent.registry("docker.io")->chain()) ==
        std::vector<std::string>{"http://anubis:32000/v2", "https://registry-1.docker.io/v2"});
  CHECK(urls(parsed.intent.registry("anubis:32000")->chain()) ==
        std::vector<std::string>{"http://anubis:32000/v2", "https://ghcr.io/v2/your-org",
                                 "https://registry-1.docker.io/v2"});
  const auto own = intent_from_flags({.mirrors = {"x.io:5000=http://m:1,http://x.io:5000,http://n:1"}});
  CHECK(urls(own.intent.registries[0].chain()) ==
        std::vector<std::string>{"http://m:1/v2", "http://x.io:5000/v2", "http://n:1/v2"});
  CHECK(intent_from_flags({.mirrors = {"ghcr.io=http://m:1,none"}}).intent.registries[0].chain().size() == 1);
  CHECK(intent_from_flags({.mirrors = {"ghcr.io=http://m:1", "ghcr.io=http://n:1"}})
            .intent.registries[0]
            .mirrors.size() == 2);
  CHECK(intent_from_flags({.mirrors = {"ghcr.io", "anubis=x", "ghcr.io=ftp://x"}}).problems.size() == 3);
}

TEST_CASE("a registry of your own is asked first, and the registries named after it follow") {
  const auto chain = [](RegistryFlags flags) {
    const auto parsed = intent_from_flags(flags);
    for (const auto& problem : parsed.problems) FAIL(to_string(problem));
    return urls(parsed.intent.registries.front().chain());
  };
  using Urls = std::vector<std::string>;
  const Urls own{"https://anubis:32000/v2", "https://ghcr.io/v2", "https://registry-1.docker.io/v2"};
  CHECK(chain({.mirrors = {"anubis:32000=ghcr.io,docker.io"}}) == own);
  CHECK(chain({.fallbacks = {"anubis:32000=ghcr.io,docker.io"}}) == own);
  CHECK(chain({.mirrors = {"anubis:32000=http://anubis:32000"}, .fallbacks = {"anubis:32000=ghcr.io"}}) ==
        Urls{"http://anubis:32000/v2", "https://ghcr.io/v2"});
  // URLs are mirrors, and so is what is named for a public registry.
  CHECK(chain({.mirrors = {"harbor.corp:8443=http://cache:5000"}}) ==
        Urls{"http://cache:5000/v2", "https://harbor.corp:8443/v2"});
  CHECK(chain({.mirrors = {"docker.io=mirror.gcr.io"}}) ==
        Urls{"https://mirror.gcr.io/v2", "https://registry-1.docker.io/v2"});
  CHECK(chain({.mirrors = {"docker.io=http://m:1"}, .fallbacks = {"docker.io=quay.io"}}) ==
        Urls{"http://m:1/v2", "https://registry-1.docker.io/v2", "https://quay.io/v2"});
  CHECK(chain({.mirrors = {"ghcr.io=http://m:1,none"}, .fallbacks = {"ghcr.io=http://n:1"}}) ==
        Urls{"http://m:1/v2", "http://n:1/v2"});
  const auto wrong = intent_from_flags({.fallbacks = {"ghcr.io", "quay.io=ftp://x"}});
  REQUIRE(wrong.problems.size() == 2);
  CHECK(wrong.problems[0].message == "--fallback ghcr.io has no '='");
  CHECK(wrong.problems[0].kind == ErrorKind::usage);
}

TEST_CASE("the starter file is a valid intent, with or without what was found") {
  CHECK(problems(starter_intent({}, nullptr)).empty());
  const auto found =
      intent_from_flags({.mirrors = {"*=https://h/v2/p", "docker.io=http://anubis:32000", "[::1]:5000=docker.io,none"}})
          .intent;
  const auto text = starter_intent({"anubis", "ops@babel:2222", "[::1]:22"}, &found);
  INFO(text);
  const auto parsed = parse_intent({.file = "f", .text = text});
  REQUIRE(parsed.problems == std::vector<Error>{});
  CHECK(parsed.intent.nodes.size() == 3);
  REQUIRE(parsed.intent.registries.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(parsed.intent.registries[i].chain() == found.registries[i].chain());
}
