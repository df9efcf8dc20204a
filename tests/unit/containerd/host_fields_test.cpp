// The keys of a host and its URL: where a request goes, by which scheme, and to whom the settings of the root apply.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "chain_builder.h"

using namespace rf;

namespace {

const std::vector<std::string> some_versions{"1.6.39", "1.7.24", "2.0.11", "2.1.9", "2.2.7", "2.4.0-beta.0"};

// The first endpoint of reg.io, whose hosts.toml has one host with this URL and these lines.
ChainEndpoint host(const std::string& url, const std::string& version, const std::string& lines = {}) {
  return chain_of("reg.io", "[host.\"" + url + "\"]\n" + lines + "\n", version).endpoints.at(0);
}

// "https, then http"
std::string scheme(const std::string& url, const std::string& version, const std::string& lines) {
  const auto endpoint = host(url, version, lines);
  return endpoint.http_fallback ? endpoint.scheme + ", then http" : endpoint.scheme;
}

}  // namespace

TEST_CASE("a URL becomes scheme, host and path as containerd takes it") {
  struct Case {
    std::string written;
    std::string lines;
    std::string url;
  };
  const std::string override_path = "override_path = true";
  const auto c = GENERATE_COPY(
      Case{"m:5000", "", "https://m:5000/v2"}, Case{"http://m", "", "http://m/v2"},
      Case{"HTTPS://m", "", "https://HTTPS:/m/v2"}, Case{"ftp://m", "", "https://ftp:/m/v2"},
      Case{"https://m/foo", "", "https://m/foo/v2"}, Case{"https://m/foo/v2", "", "https://m/foo/v2"},
      Case{"https://m/foov2", "", "https://m/foov2/v2"}, Case{"https://m/v2/", "", "https://m/v2"},
      Case{"https://m/", "", "https://m//v2"}, Case{"https://m/v2/proj", "", "https://m/v2/proj/v2"},
      Case{"https://m/a/../b//c/", "", "https://m/b/c/v2"},
      Case{"https://m/v2/proj/", override_path, "https://m/v2/proj"}, Case{"https://m", override_path, "https://m"},
      Case{"https://m/foo", "override_path = false", "https://m/foo/v2"});
  INFO(c.written << " " << c.lines);
  for (const auto& version : some_versions) CHECK(host(c.written, version, c.lines).url() == c.url);
}

TEST_CASE("an empty path that is taken as it is leaves /v2 out of the request") {
  const auto config = config_for("2.1.9", "/c");
  const auto chain = chain_of("reg.io", "[host.\"https://m\"]\noverride_path = true\n", "2.1.9");
  CHECK(predict_pull(chain, *parse_image("reg.io/a/b:1"), {}, config).requests.at(0).url ==
        "https://m/a/b/manifests/1?ns=reg.io");
}

TEST_CASE("a host with another scheme than http and https is passed over without a request") {
  const auto config = config_for("2.1.9", "/c");
  const auto chain = chain_of("reg.io", "[host.\"httpx://m\"]\n", "2.1.9");
  REQUIRE(urls(chain) == "httpx://m/v2, https://reg.io/v2");
  const auto prediction = predict_pull(chain, *parse_image("reg.io/a:1"), {}, config);
  for (const auto* step : {"resolve", "layer"}) CHECK(asked(prediction, step).find("//m") == std::string::npos);
  CHECK(prediction.pulled);
}

TEST_CASE("a URL without a host is asked for nothing, and as server is none: httpd.example begins with http") {
  for (const auto& version : some_versions) {
    const auto config = config_for(version, "/c");
    const auto chain =
        chain_of("reg.io", "server = \"httpd.example\"\n[host.\"httpd.example\"]\n[host.\"http://\"]\n", version);
    REQUIRE(chain.endpoints.size() == 3);
    for (const auto* first : {&chain.endpoints[0], &chain.endpoints[1]}) CHECK(first->host == "");
    CHECK(chain.endpoints[2].url() == "https://reg.io/v2");
    CHECK(asked(predict_pull(chain, *parse_image("reg.io/a:1"), {}, config), "resolve") == "HEAD https://reg.io 200");
  }
}

TEST_CASE("capabilities are all of them when none is named, in any case of letters") {
  using Capabilities = std::vector<std::string>;
  CHECK(host("https://m", "2.1.9").capabilities == Capabilities{"pull", "resolve", "push"});
  CHECK(host("https://m", "2.1.9", "capabilities = []").capabilities == Capabilities{"pull", "resolve", "push"});
  CHECK(host("https://m", "2.2.0", "capabilities = []").capabilities ==
        Capabilities{"pull", "resolve", "push", "referrers"});
  CHECK(host("https://m", "2.2.0", "capabilities = [\"resolve\", \"PULL\"]").capabilities ==
        Capabilities{"pull", "resolve"});
}

TEST_CASE("one capability that is not known drops the whole file") {
  const std::string text =
      "server = \"https://s\"\n[host.\"https://m\"]\n[host.\"https://n\"]\ncapabilities = [\"pull\", \"referrers\"]\n";
  CHECK(urls(chain_of("reg.io", text, "2.1.9")) == "https://reg.io/v2");
  CHECK(urls(chain_of("reg.io", text, "2.2.0")) == "https://m/v2, https://n/v2, https://s/v2");
}

TEST_CASE("a value of the wrong type drops the whole file where the key is known") {
  const auto dropped = [](const std::string& line, const std::string& version) {
    return urls(chain_of("reg.io", "server = \"https://s\"\n[host.\"https://m\"]\n" + line + "\n", version)) ==
           "https://reg.io/v2";
  };
  for (const auto* line :
       {"capabilities = \"pull\"", "capabilities = [1]", "ca = 1", "ca = [1]", "client = true", "client = [[\"c\"]]",
        "skip_verify = \"yes\"", "header = \"X\"", "header = {X = 1}", "override_path = \"yes\""}) {
    INFO(line);
    for (const auto& version : some_versions) CHECK(dropped(line, version));
  }
  CHECK_FALSE(dropped("override_path = \"yes\"", "1.5.18"));
  CHECK_FALSE(dropped("dial_timeout = 5", "2.0.6"));
  CHECK(dropped("dial_timeout = 5", "2.0.7"));
}

TEST_CASE("a dial_timeout that is no duration drops the file where the key is known") {
  const std::string text = "[host.\"https://m\"]\ndial_timeout = \"5\"\n";
  for (const auto* version : {"1.7.34", "2.0.6"})
    CHECK(urls(chain_of("reg.io", text, version)) == "https://m/v2, https://reg.io/v2");
  for (const auto* version : {"2.0.7", "2.1.9"}) CHECK(urls(chain_of("reg.io", text, version)) == "https://reg.io/v2");
  CHECK(host("https://m", "2.0.7", "dial_timeout = \"90s\"").dial_timeout == "1m30s");
}

TEST_CASE("settings of the root without server hold for the registry itself, except its capabilities") {
  const std::string text =
      "capabilities = [\"push\"]\nskip_verify = true\nca = \"/etc/ca.pem\"\nclient = \"/etc/c.pem\"\n"
      "dial_timeout = \"2s\"\nheader = {X = \"1\"}\n[host.\"https://m\"]\n";
  const auto chain = chain_of("docker.io", text, "2.1.9");
  REQUIRE(urls(chain) == "https://m/v2, https://registry-1.docker.io/v2");
  const auto& itself = chain.endpoints[1];
  CHECK(itself.capabilities == std::vector<std::string>{"pull", "resolve", "push"});
  CHECK(itself.skip_verify);
  CHECK(itself.ca == std::vector<std::string>{"/etc/ca.pem"});
  CHECK(itself.client.size() == 1);
  CHECK(itself.dial_timeout == "2s");
  CHECK(itself.headers == std::vector<Header>{{"X", {"1"}}});
  CHECK(chain.endpoints[0].headers.empty());
  CHECK(chain.endpoints[0].ca.empty());
  const auto given = chain_of("docker.io", "server = \"https://s\"\n" + text, "2.1.9");
  CHECK(given.endpoints[1].capabilities == std::vector<std::string>{"push"});
}

TEST_CASE("the upstream is left out by naming the mirror as server") {
  for (const auto& version : some_versions) {
    CHECK(urls(chain_of("reg.io", "[host.\"https://m\"]\n", version)) == "https://m/v2, https://reg.io/v2");
    CHECK(urls(chain_of("reg.io", "server = \"https://m\"\n[host.\"https://m\"]\n", version)) ==
          "https://m/v2, https://m/v2");
    CHECK(urls(chain_of("reg.io", "server = \"https://m\"\n[host]\n", version)) == "https://m/v2");
  }
}

TEST_CASE("hosts and server on localhost are verified https unless they say otherwise") {
  for (const auto& version : some_versions) {
    const auto chain = chain_of("reg.io", "server = \"127.0.0.1:5000\"\n[host.\"localhost:5000\"]\n", version);
    CHECK(urls(chain) == "https://localhost:5000/v2, https://127.0.0.1:5000/v2");
    for (const auto& endpoint : chain.endpoints) CHECK_FALSE((endpoint.http_fallback || endpoint.skip_verify));
    CHECK(scheme("http://localhost:5000", version, "") == "http");
  }
}

TEST_CASE("a registry on localhost is not verified, whatever the root says") {
  const auto itself = [](const std::string& registry, const std::string& version) {
    return chain_of(registry, "skip_verify = false\n[host]\n", version).endpoints.at(0);
  };
  CHECK(itself("localhost:5000", "2.1.9").skip_verify);
  CHECK(itself("localhost:5000", "1.6.16").skip_verify);
  CHECK_FALSE(itself("localhost:80", "2.1.9").skip_verify);
  CHECK_FALSE(itself("localhost:5000", "1.5.18").skip_verify);
}

TEST_CASE("an http host with TLS options is asked by https first: never on port 80, without a port by version") {
  struct Case {
    std::string url;
    std::string lines;
    std::string version;
    std::string scheme;
  };
  const std::string first = "https, then http";
  const auto c = GENERATE_COPY(
      Case{"http://m:5000", "skip_verify = false", "1.6.24", "http"},
      Case{"http://m:5000", "skip_verify = false", "1.6.25", first},
      Case{"http://m:5000", "skip_verify = false", "1.7.6", "http"},
      Case{"http://m:5000", "skip_verify = false", "1.7.7", first},
      Case{"http://m:5000", "ca = \"/ca\"", "2.1.9", first},
      Case{"http://m:5000", "client = \"/etc/c.pem\"", "2.1.9", first}, Case{"http://m:5000", "", "2.1.9", "http"},
      Case{"http://m:5000", "header = {X = \"1\"}", "2.1.9", "http"},
      Case{"http://m:80", "skip_verify = true", "1.7.34", "http"},
      Case{"http://m:80", "skip_verify = true", "2.1.9", "http"},
      Case{"http://m", "skip_verify = true", "1.6.39", "http"}, Case{"http://m", "skip_verify = true", "1.7.7", first},
      Case{"http://m", "skip_verify = true", "1.7.8", "http"}, Case{"http://m", "skip_verify = true", "1.7.23", "http"},
      Case{"http://m", "skip_verify = true", "1.7.24", first}, Case{"http://m", "skip_verify = true", "2.0.0", first},
      Case{"https://m:5000", "skip_verify = true", "2.1.9", "https"});
  INFO(c.url << " " << c.lines << " on " << c.version);
  CHECK(scheme(c.url, c.version, c.lines) == c.scheme);
}

TEST_CASE("headers are sent as written, and to the token server from 2.1 on") {
  const auto old = host("https://m", "2.0.11", "header = {x-Lower = [\"a\", \"b\"]}");
  CHECK(old.headers == std::vector<Header>{{"x-Lower", {"a", "b"}}});
  CHECK_FALSE(old.headers_sent_to_token_server);
  CHECK(host("https://m", "2.1.0", "header = {x-Lower = [\"a\", \"b\"]}").headers_sent_to_token_server);
}
