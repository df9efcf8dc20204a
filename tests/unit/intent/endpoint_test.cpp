#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "intent/intent.h"
#include "intent/names.h"

using namespace rf;

TEST_CASE("an endpoint has one normal form, however it is written") {
  struct Case {
    std::string text, url;
  };
  const auto c = GENERATE(
      Case{"ghcr.io/your-org", "https://ghcr.io/v2/your-org"}, Case{"docker.io", "https://registry-1.docker.io/v2"},
      Case{"https://docker.io", "https://registry-1.docker.io/v2"},
      Case{"index.docker.io", "https://registry-1.docker.io/v2"}, Case{"http://anubis:32000", "http://anubis:32000/v2"},
      Case{"http://anubis:32000/", "http://anubis:32000/v2"}, Case{"http://anubis:32000/v2/", "http://anubis:32000/v2"},
      Case{"localhost:5000", "http://localhost:5000/v2"}, Case{"127.1.2.3", "http://127.1.2.3/v2"},
      Case{"localhost:443", "https://localhost:443/v2"}, Case{"https://localhost:5000", "https://localhost:5000/v2"},
      Case{"[::1]:5000", "http://[::1]:5000/v2"}, Case{"HTTPS://Harbor.Corp/v2/Proxy", "https://harbor.corp/v2/Proxy"},
      Case{"https://h/proxy/v2", "https://h/proxy/v2"},
      Case{"https://art.corp/api/docker/v2/remote", "https://art.corp/api/docker/v2/remote"},
      Case{"docker.io/library", "https://registry-1.docker.io/v2/library"},
      Case{"[2001:db8::1]", "https://[2001:db8::1]/v2"});
  const auto endpoint = parse_endpoint(c.text);
  REQUIRE(endpoint);
  CHECK(endpoint->url() == c.url);
}

TEST_CASE("an endpoint that could never be reached says how to write it") {
  struct Case {
    std::string text, hint;
  };
  const auto c = GENERATE(
      Case{"https://harbor.corp/proxy",
           "for repositories below /proxy write https://harbor.corp/v2/proxy; for a registry served at /proxy "
           "write https://harbor.corp/proxy/v2"},
      Case{"https://harbor.corp/v2/x/v2", "write https://harbor.corp/v2/x"}, Case{"ftp://h", "write https://h"},
      Case{"h:99999", "a port is a number from 1 to 65535"}, Case{"2001:db8::1", "write [2001:db8::1]"},
      Case{"https://h/v2/../x", "write the path out"}, Case{"https://h/v2//x", "write the path out"},
      Case{"*", "write the host of a mirror"}, Case{"https://h/v2?x=1", "end the URL before ? and #"},
      Case{"https://u:p@h", "write them under endpoints: HOST: auth: { username: NAME, password: { env: VARIABLE } }"});
  const auto endpoint = parse_endpoint(c.text);
  REQUIRE_FALSE(endpoint);
  CHECK(endpoint.error().hint == c.hint);
}

TEST_CASE("a password in an endpoint's URL is not repeated in the message") {
  const auto endpoint = parse_endpoint("https://robot:hunter2@harbor.corp");
  REQUIRE_FALSE(endpoint);
  CHECK(to_string(endpoint.error()).find("hunter2") == std::string::npos);
}

TEST_CASE("a registry is what images name, and a directory could be made of it") {
  for (const auto* good :
       {"*", "docker.io", "anubis:32000", "10.0.0.1:5000", "[::1]:5000", "localhost", "localhost:5000", "ghcr.io"}) {
    INFO(good);
    CHECK(check_registry_name(good).ok());
  }
  for (const auto* bad : {"",          ".",       "..",           "../..",           "/etc",
                          "_default",  "_backup", "a\nb.io",      "x.io/path",       "https://x.io",
                          "Docker.io", "x.io:0",  "x.io:70000",   "x.io:080",        "-x.io",
                          "x-.io",     "x..io",   "anubis",       "index.docker.io", "registry-1.docker.io",
                          "[::1",      "[zz]:5",  "my_host:5000", "x.io:",           "a b.io"}) {
    INFO(bad);
    CHECK_FALSE(check_registry_name(bad).ok());
  }
  CHECK_FALSE(check_registry_name(std::string(260, 'a') + ".io").ok());
  CHECK_FALSE(check_registry_name(std::string("x.io\0y", 6)).ok());
  CHECK(check_registry_name("registry-1.docker.io").error().hint == "write docker.io");
  CHECK(check_registry_name("anubis").error().message ==
        "anubis is not a registry: the image anubis/app means docker.io/anubis/app");
}

TEST_CASE("durations are those Go reads") {
  for (const auto* good : {"2s", "500ms", "1m30s", "1.5s", "10us"}) CHECK(check_duration(good).ok());
  for (const auto* bad : {"3000000h", "0.1ns", "", "2", "s", "2 s", "0s", "1.2.3s", ".s", "-1s", "2d", "1e3s"}) {
    INFO(bad);
    CHECK_FALSE(check_duration(bad).ok());
  }
  CHECK(check_duration("2").error().hint == "write 2s");
}

TEST_CASE("Docker Hub has other names than the one its images are looked up by") {
  for (const auto* name : {"index.docker.io", "registry-1.docker.io", "registry-1.docker.io:443"})
    CHECK(is_docker_hub_alias(name));
  for (const auto* name : {"docker.io", "Index.docker.io", "docker.io.corp", "index.docker.io:99999", "*"})
    CHECK_FALSE(is_docker_hub_alias(name));
}
