#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "base/text.h"
#include "probe/plan.h"
#include "probe/probe.h"

using namespace rf;

namespace {

ChainEndpoint endpoint(std::string scheme, std::string host, std::string path = "/v2") {
  ChainEndpoint one;
  one.scheme = std::move(scheme);
  one.host = std::move(host);
  one.path = std::move(path);
  return one;
}

Chain chain(std::string registry, std::vector<ChainEndpoint> endpoints) {
  Chain one;
  one.registry = std::move(registry);
  one.endpoints = std::move(endpoints);
  return one;
}

ImageReference alpine() {
  return {.registry = "docker.io", .repository = "library/alpine", .tag = "3.20", .digest = ""};
}

std::string answer_line(int id, std::string_view text) {
  return "answer " + std::to_string(id) + " curl " + base64_encode(text) + "\n";
}

EndpointProbe heard(std::string_view text, bool for_image = false) {
  const Question question{
      .endpoint = endpoint("http", "a"), .method = "GET", .url = "http://a/v2/", .headers = {}, .for_image = for_image};
  return read_answer(question, {.tool = ProbeTool::other, .text = std::string(text)});
}

}  // namespace

TEST_CASE("an endpoint in two chains is asked once") {
  const std::vector<Chain> chains{
      chain("docker.io", {endpoint("http", "anubis:32000"), endpoint("https", "registry-1.docker.io")}),
      chain("ghcr.io", {endpoint("http", "anubis:32000")})};
  CHECK(questions(chains, {}).size() == 2);
}

TEST_CASE("with an image its manifest is asked for, as containerd does: ns for mirrors, none for the registry itself") {
  const auto docker = chain("docker.io", {endpoint("http", "anubis:32000"), endpoint("https", "registry-1.docker.io"),
                                          endpoint("https", "ghcr.io", "/v2/your-org")});
  const ProbeOptions options{.image = alpine()};
  CHECK(ways_to_ask(docker, docker.endpoints[0], options).at(0).url ==
        "http://anubis:32000/v2/library/alpine/manifests/3.20?ns=docker.io");
  CHECK(ways_to_ask(docker, docker.endpoints[1], options).at(0).url ==
        "https://registry-1.docker.io/v2/library/alpine/manifests/3.20");
  CHECK(ways_to_ask(docker, docker.endpoints[2], options).at(0).url ==
        "https://ghcr.io/v2/your-org/library/alpine/manifests/3.20?ns=docker.io");
}

TEST_CASE("an endpoint that falls back to http is asked both ways, and the first that speaks counts") {
  auto local = endpoint("https", "localhost:5000");
  local.http_fallback = true;
  const std::vector<Chain> chains{chain("localhost:5000", {local})};
  REQUIRE(questions(chains, {}).size() == 2);
  const auto probe = read_probe(
      "client curl\n" + answer_line(0, "curl: (35) wrong version number\nrc 35\n") +
          answer_line(1, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\nrf 200 0.002 127.0.0.1\nrc 0\n"),
      chains, {});
  REQUIRE(probe);
  CHECK(probe->registries[0].endpoints[0].answer == Answer::serves);
}

TEST_CASE("of what openssl says the first error is the reason") {
  const auto said = heard(
      "4037:error:0A00010B:SSL routines:tls_validate_record_header:wrong version "
      "number:../ssl/record/methods/tlsany_meth.c:77:\n"
      "4037:error:0A000197:SSL routines:SSL_shutdown:shutdown while in init:../ssl/ssl_lib.c:2804:\nrc 1\n");
  CHECK(said.answer == Answer::tls);
  CHECK(said.detail.find("wrong version number") != std::string::npos);
}

TEST_CASE("machine metadata addresses are never asked") {
  const auto host = GENERATE("169.254.169.254", "169.254.169.254:80", "[fd00:ec2::254]", "metadata.google.internal",
                             "[fe80::1]:5000");
  CHECK(is_forbidden_host(host));
  const std::vector<Chain> chains{chain("x.io", {endpoint("http", host)})};
  CHECK(questions(chains, {}).empty());
  const auto probe = read_probe("client curl\n", chains, {});
  REQUIRE(probe);
  CHECK(probe->registries[0].endpoints[0].answer == Answer::not_asked);
}
TEST_CASE("usual addresses are asked") {
  const auto host = GENERATE("anubis:32000", "10.0.0.7", "[fd00::7]:5000", "metadata.corp.example", "localhost:5000");
  CHECK_FALSE(is_forbidden_host(host));
}

TEST_CASE("an answer is told apart from every way of not answering") {
  struct Case {
    std::string_view text;
    Answer answer;
  };
  const auto c = GENERATE(
      Case{"HTTP/1.1 200 OK\nContent-Type: application/json\nrf 200 0.01 10.0.0.1\nrc 0", Answer::serves},
      Case{"HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Bearer realm=\"https://auth\"\nrf 401 0.01\nrc 0",
           Answer::wants_token},
      Case{"HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Basic realm=\"x\"\nrf 401 0.01\nrc 0", Answer::unauthorized},
      Case{"HTTP/1.1 200 OK\nContent-Type: text/html\nrf 200 0.01\nrc 0", Answer::wrong_content},
      Case{"HTTP/1.1 404 Not Found\nrf 404 0.01\nrc 0", Answer::not_found},
      Case{"HTTP/2 429\nrf 429 0.01\nrc 0", Answer::rate_limited},
      Case{"HTTP/1.1 307 Temporary\nLocation: http://other/\nrf 307 0.01\nrc 0", Answer::redirects},
      Case{"HTTP/1.1 502 Bad Gateway\nrf 502 0.01\nrc 0", Answer::server_error},
      Case{"curl: (6) Could not resolve host: a\nrf 000 0.0\nrc 6", Answer::dns},
      Case{"curl: (28) Resolving timed out after 5000 milliseconds\nrf 000 0.0\nrc 28", Answer::dns},
      Case{"curl: (7) Failed to connect to a port 1 after 0 ms: Connection refused\nrc 7", Answer::refused},
      Case{"curl: (7) Failed to connect to a: No route to host\nrc 7", Answer::unreachable},
      Case{"curl: (28) Connection timed out after 5001 milliseconds\nrc 28", Answer::timeout},
      Case{"curl: (60) SSL certificate problem: unable to get local issuer certificate\nrc 60", Answer::tls},
      Case{"curl: (52) Empty reply from server\nrc 52", Answer::closed});
  CHECK(to_string(heard(c.text).answer) == to_string(c.answer));
}

TEST_CASE("an image that is not there is no finding: the chain goes on") {
  CHECK(heard("HTTP/1.1 404 Not Found\nrc 0", true).answer == Answer::not_found);
  CHECK_FALSE(is_finding(Answer::not_found, true));
  CHECK(is_finding(Answer::not_found, false));
  CHECK(heard("HTTP/1.1 200 OK\nContent-Type: application/vnd.oci.image.index.v1+json\nrc 0", true).answer ==
        Answer::serves);
  CHECK(heard("HTTP/1.1 200 OK\nContent-Type: application/json\nrc 0", true).answer == Answer::wrong_content);
}

TEST_CASE("the time and the address are curl's") {
  const auto probe = heard("HTTP/1.1 200 OK\nContent-Type: application/json\n\nrf 200 1.042318 10.1.2.3\nrc 0");
  CHECK(probe.milliseconds == 1042);
  CHECK(probe.address == "10.1.2.3");
}

TEST_CASE("nothing of a node's or user's text becomes syntax of the program or of curl's configuration") {
  auto evil = endpoint("http", "a");
  evil.headers = {{"Authorization", {"Basic c2VjcmV0"}}, {"X", {"a\"\nurl = \"http://evil\"\\"}}};
  evil.ca = {"/etc/ssl/$(reboot)'.pem"};
  const std::vector<Chain> chains{chain("x'; touch /tmp/p; '.io", {evil})};
  const auto program = probe_program(chains, {.image = alpine(), .runtime_socket = "/run/x;reboot"});
  const auto main = program.substr(program.find("rf_main()"));
  CHECK(main.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=_(){}& \n'-") ==
        std::string::npos);
  CHECK(program.find("c2VjcmV0") == std::string::npos);
  CHECK(curl_quote("a\"b\\c\nurl") == "\"a\\\"b\\\\curl\"");
}

TEST_CASE("the runtime's log says which hosts a pull skipped") {
  const std::string log =
      "time=\"2026\" level=info msg=\"trying next host\" error=\"failed to do request: dial tcp: connect: connection "
      "refused\" host=\"anubis:32000\"\n"
      "time=\"2026\" level=info msg=\"trying next host - response was http.StatusNotFound\" host=ghcr.io\n";
  const auto probe = read_probe(
      "client curl\npull 0 2 " + base64_encode("Image is up to date\n") + "\nlog " + base64_encode(log) + "\n", {},
      {.image = alpine()});
  REQUIRE(probe);
  REQUIRE(probe->pull);
  CHECK(probe->pull->result == PullProbe::Result::pulled);
  CHECK(probe->pull->skipped == std::vector<std::pair<std::string, std::string>>{
                                    {"anubis:32000", "failed to do request: dial tcp: connect: connection refused"},
                                    {"ghcr.io", "http.StatusNotFound"}});
}

TEST_CASE("a line the program never prints is an error, a missing answer is not asked") {
  const std::vector<Chain> chains{chain("a.io", {endpoint("https", "a.io")})};
  CHECK(!read_probe("client curl\nrm -rf\n", chains, {}));
  const auto probe = read_probe("client curl\n", chains, {});
  REQUIRE(probe);
  CHECK(probe->registries[0].endpoints[0].answer == Answer::not_asked);
}

TEST_CASE("times and statuses of a node are numbers that can be counted with") {
  CHECK(heard("HTTP/1.1 200 OK\nrf 200 2147483647.9 x\n").milliseconds > 0);
  CHECK(heard("HTTP/1.1 200 OK\nms -5\n").milliseconds == 0);
  CHECK(heard("HTTP/1.1 -200 OK\n").status == 0);
  CHECK(heard("HTTP/1.1 99999 OK\n").status == 999);
  const auto probe = read_probe("pull 0 2147483647 QQ==\n", {}, {});
  REQUIRE(probe);
  CHECK(probe->pull->milliseconds > 0);
}

TEST_CASE("a log that names hosts without end is read up to a bound") {
  std::string log;
  for (int i = 0; i < 300'000; ++i) log += "host=h" + std::to_string(i) + "\n";
  const auto probe = read_probe("pull 1 3 QQ==\nlog " + base64_encode(log) + "\n", {}, {});
  REQUIRE(probe);
  CHECK(probe->pull->skipped.size() == 200);
}

TEST_CASE("an endpoint that cannot be reached keeps a node from being changed, one that answers does not") {
  const auto probed = [](Answer answer) {
    NodeProbe probe{.client = "curl", .registries = {}, .pull = {}};
    for (const auto* registry : {"docker.io", "ghcr.io"})
      probe.registries.push_back(
          {chain(registry, {endpoint("http", "m")}), {{.endpoint = endpoint("http", "m"), .answer = answer}}});
    return probe;
  };
  const auto effective = [](const char* version, PullMode mode = PullMode::client) {
    EffectiveConfig config;
    config.containerd = *parse_version(version);
    config.pull_mode = mode;
    return config;
  };
  const auto old = effective("1.7.24"), later = effective("2.3.0", PullMode::transfer);
  for (const auto answer : {Answer::serves, Answer::wants_token, Answer::unauthorized, Answer::server_error})
    CHECK(check_reachable(probed(answer), old));
  for (const auto answer : {Answer::refused, Answer::dns, Answer::unreachable, Answer::timeout, Answer::plain_http,
                            Answer::tls, Answer::closed}) {
    const auto refused = check_reachable(probed(answer), old);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::refused);
    // The words of `test` and of the doctor, once for both registries.
    CHECK(
        refused.error().message.find("1 endpoint cannot be reached from this node: docker.io, ghcr.io: http://m/v2: " +
                                     answer_words({.registry = {}, .url = {}, .answer = answer})) != std::string::npos);
    CHECK(not_serving(probed(answer)).empty());
  }
  const auto says = [&](const EffectiveConfig& config, std::string_view words) {
    return check_reachable(probed(Answer::timeout), config).error().message.find(words) != std::string::npos;
  };
  CHECK(says(old, "and containerd 1.7.24 cancels the pull after 5 minutes"));
  CHECK(says(effective("1.6.20"), "waits forever"));
  CHECK(says(effective("2.1.9", PullMode::transfer), "waits forever"));
  CHECK(says(effective("2.1.9", PullMode::local), "cancels the pull after 5 minutes"));
  CHECK(says(later, "tries the next endpoint after 30 s"));
  auto nobody = probed(Answer::not_asked);
  nobody.client.clear();
  CHECK(check_reachable(nobody, old).error().message == "this node has no program to ask an endpoint with");
  auto broken = probed(Answer::server_error);
  for (auto& registry : broken.registries) registry.endpoints[0].status = 502;
  CHECK(not_serving(broken) == std::vector<std::string>{"docker.io, ghcr.io: http://m/v2: answers 502"});
}

TEST_CASE("the registry itself, in a chain for every other one, is not asked: it has no name") {
  const std::vector<Chain> chains{chain("*", {endpoint("http", "m"), endpoint("https", "unnamed.invalid")})};
  CHECK(questions(chains, {}).size() == 1);
  const auto probe = read_probe("client curl\n" + answer_line(0, "HTTP/1.1 200 OK\nrc 0"), chains, {});
  REQUIRE(probe);
  CHECK(probe->registries[0].endpoints.size() == 1);
}

TEST_CASE("the words of every tool come to the same answer") {
  struct Case {
    std::string_view text;
    Answer answer;
  };
  const auto c = GENERATE(
      // curl since 7.85 does not say why; its log does.
      Case{
          "curl: (7) Failed to connect to a port 1 after 0 ms: Couldn't connect to server\n* connect to 127.0.0.1 port "
          "1 failed: Connection refused\nrc 7",
          Answer::refused},
      Case{"curl: (7) Failed to connect to a port 1 after 3 ms: Couldn't connect to server\n* connect to 10.9.9.9 port "
           "1 failed: No route to host\nrc 7",
           Answer::unreachable},
      Case{"curl: (35) error:0A00010B:SSL routines::wrong version number\nrc 35", Answer::plain_http},
      Case{"curl: (35) gnutls_handshake() failed: An unexpected TLS packet was received.\nrc 35", Answer::plain_http},
      Case{"--2026-11-27--  https://a/\nConnecting to a:1... failed: Connection refused.\nrc 4", Answer::refused},
      Case{"Resolving a... failed: Temporary failure in name resolution.\nwget: unable to resolve host address\nrc 4",
           Answer::dns},
      Case{"Connecting to a:1... connected.\nGnuTLS: An unexpected TLS packet was received.\nUnable to establish SSL "
           "connection.\nrc 4",
           Answer::plain_http},
      Case{
          "Connecting to a:1... connected.\nHTTP request sent, awaiting response... No data received.\nGiving up.\nrc 4",
          Answer::closed},
      Case{"40A7:error:8000006F:system library:BIO_connect:Connection refused:../crypto/bio/bio_sock2.c:117:calling "
           "connect()\n40A7:error:10000067:BIO routines:BIO_connect:connect error:\nconnect:errno=111\nrc 1",
           Answer::refused},
      Case{"40A7:error:10080002:BIO routines:BIO_lookup_ex:system lib:bio_addr.c:746:Name or service not "
           "known\nconnect:errno=0\nrc 1",
           Answer::dns},
      Case{"40A7:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:ssl3_record.c:350:\nrc 1",
           Answer::plain_http},
      Case{"rf: line 1: a: Name or service not known\nrf: line 1: /dev/tcp/a/443: Invalid argument\nrc 1", Answer::dns},
      Case{"rf: connect: Network is unreachable\nrf: line 1: /dev/tcp/a/1: Network is unreachable\nrc 1",
           Answer::unreachable},
      // Of two addresses: the one that refused.
      Case{
          "Connecting to a|::1|:1... failed: Network is unreachable.\nConnecting to a|10.0.0.1|:1... failed: Connection "
          "refused.\nrc 4",
          Answer::refused},
      Case{"\nrc 124", Answer::timeout});
  const Question question{
      .endpoint = endpoint("https", "a"), .method = "GET", .url = "https://a/v2/", .headers = {}, .for_image = false};
  CHECK(to_string(read_answer(question, {.tool = ProbeTool::other, .text = std::string(c.text)}).answer) ==
        to_string(c.answer));
}

TEST_CASE("an endpoint's own name is none of the tool's words") {
  const Question question{.endpoint = endpoint("https", "refused-timeout.tls.corp:5000"),
                          .method = "GET",
                          .url = "https://refused-timeout.tls.corp:5000/v2/",
                          .headers = {},
                          .for_image = false};
  const auto said = read_answer(
      question, {.tool = ProbeTool::wget,
                 .text = "--2026--  https://refused-timeout.tls.corp:5000/v2/\nResolving refused-timeout.tls.corp "
                         "(refused-timeout.tls.corp)... failed: Name or service not known.\nrc 4"});
  CHECK(said.answer == Answer::dns);
  CHECK(said.detail.find("Name or service not known") != std::string::npos);
}
