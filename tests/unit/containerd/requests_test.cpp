// Which requests a pull makes, and what an endpoint has to answer for the next one to be asked.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "chain_builder.h"

using namespace rf;

namespace {

const std::string image = "reg.io/a:1";
const std::string by_digest = "reg.io/a@sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";

Prediction pull(const std::string& text, const std::string& version, const std::vector<std::string>& answers = {},
                const std::string& of = image) {
  const auto reference = *parse_image(of);
  return predict_pull(chain_of(reference.registry, text, version), reference, assume(answers),
                      config_for(version, "/c"));
}

const std::string one_mirror = "[host.\"https://m\"]\n";

}  // namespace

TEST_CASE("a tag is resolved only where pull and resolve are allowed, a digest wherever pull is") {
  const auto host = [](const std::string& capabilities) {
    return "[host.\"https://m\"]\ncapabilities = [" + capabilities + "]\n";
  };
  for (const auto* capabilities : {"\"pull\"", "\"resolve\"", "\"push\""})
    CHECK(asked(pull(host(capabilities), "2.1.9"), "resolve") == "HEAD https://reg.io 200");
  CHECK(asked(pull(host("\"pull\", \"resolve\""), "2.1.9"), "resolve") == "HEAD https://m 200");
  CHECK(asked(pull(host("\"pull\""), "2.1.9", {}, by_digest), "resolve") == "HEAD https://m 200");
  CHECK(asked(pull(host("\"resolve\""), "2.1.9", {}, by_digest), "resolve") == "HEAD https://reg.io 200");
}

TEST_CASE("every object starts again at the first endpoint") {
  const auto prediction = pull(one_mirror, "2.1.9", {"m=refused"});
  CHECK(asked(prediction, "resolve") == "HEAD https://m refused, HEAD https://reg.io 200");
  for (const auto* step : {"manifest", "config", "layer"})
    CHECK(asked(prediction, step) == "GET https://m refused, GET https://reg.io 200");
}

TEST_CASE("any answer that is no success is followed by the next endpoint") {
  for (const auto* answer :
       {"400", "401", "404", "405", "410", "416", "500", "502", "503", "504", "refused", "dns", "eof", "timeout"})
    for (const auto* version : {"1.5.18", "1.6.39", "1.7.24", "2.0.11", "2.1.9", "2.3.4"}) {
      INFO(answer << " on " << version);
      const auto prediction = pull(one_mirror, version, {std::string("m=") + answer});
      CHECK(prediction.pulled);
      CHECK(prediction.used == "reg.io");
      CHECK(asked(prediction, "layer") == std::string("GET https://m ") + answer + ", GET https://reg.io 200");
    }
}

TEST_CASE("a redirect that leads nowhere ends the resolve and is passed over by a fetch") {
  for (const auto* answer : {"m=300", "m=304"}) {
    const auto prediction = pull(one_mirror, "2.1.9", {answer});
    CHECK_FALSE(prediction.pulled);
    CHECK(asked(prediction, "resolve").find("reg.io") == std::string::npos);
    CHECK(asked(prediction, "layer").find("reg.io") != std::string::npos);
  }
}

TEST_CASE("408 and 429 are repeated at once, six requests in all, five from 2.3.2 on") {
  struct Case {
    std::string version;
    std::size_t requests;
  };
  const auto c = GENERATE(Case{"1.5.18", 6}, Case{"1.7.34", 6}, Case{"2.2.7", 6}, Case{"2.3.1", 6}, Case{"2.3.2", 5},
                          Case{"2.4.0-beta.0", 5});
  for (const auto* answer : {"m=408", "m=429"}) {
    const auto prediction = pull(one_mirror, c.version, {answer});
    CHECK(prediction.pulled);
    std::size_t seen = 0;
    for (const auto& request : prediction.requests)
      seen += request.step == "resolve" && request.url.starts_with("https://m/") ? 1 : 0;
    CHECK(seen == c.requests);
  }
}

TEST_CASE("the last endpoint is asked again: once after 500, 503 and 504, four times after end of file and timeouts") {
  const auto requests = [](const std::string& answer, const std::string& version) {
    std::size_t seen = 0;
    for (const auto& request : pull(one_mirror, version, {"*=" + answer}).requests)
      seen += request.step == "resolve" && request.url.starts_with("https://reg.io/") ? 1 : 0;
    return seen;
  };
  for (const auto* answer : {"500", "503", "504"}) {
    CHECK(requests(answer, "2.0.11") == 1);
    CHECK(requests(answer, "2.1.0") == 2);
  }
  for (const auto* answer : {"eof", "timeout"}) {
    CHECK(requests(answer, "2.3.1") == 1);
    CHECK(requests(answer, "2.3.2") == 5);
  }
  for (const auto* answer : {"404", "501", "502", "refused", "dns"}) CHECK(requests(answer, "2.3.4") == 1);
}

TEST_CASE("a HEAD answered 403 is followed by one GET from 2.3.3 on") {
  CHECK(asked(pull(one_mirror, "2.3.2", {"m=403"}), "resolve") == "HEAD https://m 403, HEAD https://reg.io 200");
  CHECK(asked(pull(one_mirror, "2.3.3", {"m=403"}), "resolve") ==
        "HEAD https://m 403, GET https://m 403, HEAD https://reg.io 200");
  CHECK(asked(pull(one_mirror, "2.3.3", {"m=403"}), "layer") == "GET https://m 403, GET https://reg.io 200");
}

TEST_CASE("a digest is asked for below /blobs, by version only when no endpoint gave an HTTP error") {
  const auto blobs = [](const std::string& version, const std::string& answer) {
    std::string out;
    for (const auto& request : pull(one_mirror, version, {"*=" + answer}, by_digest).requests)
      if (request.step == "resolve" && request.url.find("/blobs/") != std::string::npos)
        out += request.url.substr(8, 1);
    return out;
  };
  for (const auto* version : {"1.7.34", "2.0.10", "2.0.11", "2.1.9", "2.2.5", "2.2.6", "2.3.0"})
    CHECK(blobs(version, "404") == "mr");
  for (const auto* version : {"1.7.34", "2.0.10", "2.1.9", "2.2.5"}) CHECK(blobs(version, "502") == "mr");
  for (const auto* version : {"2.0.11", "2.2.6", "2.3.0"}) CHECK(blobs(version, "502") == "");
}

TEST_CASE("ns is added where the host is written otherwise than the registry") {
  struct Case {
    std::string of;
    std::string server;
    std::string query;
  };
  const auto c = GENERATE(
      Case{"reg.io/a:1", "https://reg.io", ""}, Case{"reg.io/a:1", "https://reg.io:443", "?ns=reg.io"},
      Case{"reg.io:5000/a:1", "http://reg.io:5000", ""}, Case{"reg.io:5000/a:1", "https://m", "?ns=reg.io%3A5000"},
      Case{"docker.io/library/a:1", "https://registry-1.docker.io", ""},
      Case{"docker.io/library/a:1", "https://docker.io", ""},
      Case{"reg.io/a:1", "https://registry-1.docker.io", "?ns=reg.io"});
  const auto url = pull("server = \"" + c.server + "\"\n[host]\n", "2.1.9", {}, c.of).requests.at(0).url;
  CHECK(url.substr(url.find("/manifests/1") + 12) == c.query);
}

TEST_CASE("an http host with TLS options and no port is asked by http when it refuses https, from 1.7.24 on") {
  const std::string without_port = "[host.\"http://m\"]\nskip_verify = true\n";
  for (const auto* answer : {"refused", "timeout"}) {
    const std::string word = answer;
    CHECK(asked(pull(without_port, "1.7.24", {"m=" + word}), "resolve") ==
          "HEAD https://m " + word + ", HEAD http://m " + word + ", HEAD https://reg.io 200");
    CHECK(asked(pull(without_port, "1.7.7", {"m=" + word}), "resolve") ==
          "HEAD https://m " + word + ", HEAD https://reg.io 200");
    CHECK(asked(pull("[host.\"http://m:5000\"]\nskip_verify = true\n", "1.7.24", {"m:5000=" + word}), "resolve") ==
          "HEAD https://m:5000 " + word + ", HEAD https://reg.io 200");
  }
}

TEST_CASE("an https host is never asked by http, an http host without TLS options never by https") {
  for (const auto* answer : {"refused", "timeout", "eof", "500"}) {
    CHECK(asked(pull("[host.\"https://m\"]\nskip_verify = true\n", "2.1.9", {std::string("m=") + answer}), "layer")
              .find("http://") == std::string::npos);
    CHECK(asked(pull("[host.\"http://m:5000\"]\n", "2.1.9", {std::string("m:5000=") + answer}), "layer")
              .find("https://m") == std::string::npos);
  }
}
