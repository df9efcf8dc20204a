// Chains and predicted pulls beside the cases: which endpoints a version asks, how often, and what it then says.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <string>
#include <vector>

#include "chain_builder.h"
#include "containerd/go/go_url.h"

using namespace rf;

TEST_CASE("a list is one name to the transfer service") {
  FileTree tree;
  tree.put_file("/a/reg.io/hosts.toml", "server = \"https://m\"\n[host]\n");
  const auto local = resolve_chain(tree, config_for("2.1.9", "/a:/b", PullMode::local), "reg.io");
  CHECK(local.hosts_dir == "/a/reg.io");
  const auto transfer = resolve_chain(tree, config_for("2.1.9", "/a:/b", PullMode::transfer), "reg.io");
  CHECK_FALSE(transfer.hosts_dir);
  REQUIRE(transfer.endpoints.size() == 1);
  CHECK(transfer.endpoints[0].url() == "https://reg.io/v2");
  REQUIRE(transfer.ignored.size() == 1);
  CHECK(transfer.ignored[0].reason.find("is a list") != std::string::npos);
}

TEST_CASE("the last endpoint is asked again where the version does so") {
  struct Case {
    std::string version;
    std::string answer;
    std::string resolve;
  };
  const auto c = GENERATE(
      Case{"2.0.11", "503", "HEAD https://m 503, HEAD https://reg.io 503"},
      Case{"2.1.9", "503", "HEAD https://m 503, HEAD https://reg.io 503, HEAD https://reg.io 503"},
      Case{"2.1.9", "502", "HEAD https://m 502, HEAD https://reg.io 502"},
      Case{"2.3.1", "eof", "HEAD https://m eof, HEAD https://reg.io eof"},
      Case{"2.3.2", "eof",
           "HEAD https://m eof, HEAD https://reg.io eof, HEAD https://reg.io eof, HEAD https://reg.io eof, "
           "HEAD https://reg.io eof, HEAD https://reg.io eof"},
      Case{"2.3.2", "refused", "HEAD https://m refused, HEAD https://reg.io refused"},
      Case{"1.7.24", "405", "HEAD https://m 405, GET https://m 405, HEAD https://reg.io 405, GET https://reg.io 405"});
  const auto config = config_for(c.version, "/c");
  const auto chain = resolve_chain(with_hosts_toml("reg.io", "[host.\"https://m\"]\n"), config, "reg.io");
  const auto prediction = predict_pull(chain, *parse_image("reg.io/a:1"), assume({"*=" + c.answer}), config);
  CHECK(asked(prediction, "resolve") == c.resolve);
  CHECK_FALSE(prediction.pulled);
}

TEST_CASE("nothing is fetched when no endpoint may pull, and from all of them when one may") {
  const auto config = config_for("1.7.24", "/c");
  const auto none =
      resolve_chain(with_hosts_toml("reg.io",
                                    "server = \"https://s\"\ncapabilities = [\"push\"]\n[host.\"https://m\"]\n"
                                    "capabilities = [\"resolve\"]\n"),
                    config, "reg.io");
  CHECK(predict_pull(none, *parse_image("reg.io/a:1"), {}, config).requests.empty());
  const auto one = resolve_chain(with_hosts_toml("reg.io", "[host.\"https://m\"]\ncapabilities = [\"resolve\"]\n"),
                                 config, "reg.io");
  const auto prediction = predict_pull(one, *parse_image("reg.io/a:1"), assume({"m=404"}), config);
  CHECK(asked(prediction, "resolve") == "HEAD https://reg.io 200");
  CHECK(asked(prediction, "layer") == "GET https://m 404, GET https://reg.io 200");
}

TEST_CASE("the error shown depends on the version") {
  struct Case {
    std::string version;
    std::vector<std::string> answers;
    std::string shown;
  };
  const auto c = GENERATE(Case{"1.7.24", {"m=404", "reg.io=dns"}, "lookup reg.io: no such host"},
                          Case{"2.1.9", {"m=404", "reg.io=dns"}, "reg.io/a:1: not found"},
                          Case{"1.7.24", {"m=refused", "reg.io=403"}, "connection refused"},
                          Case{"2.1.9", {"m=refused", "reg.io=403"}, "403 Forbidden"},
                          Case{"2.1.9", {"m=404", "reg.io=404"}, "reg.io/a:1: not found"});
  const auto config = config_for(c.version, "/c");
  const auto chain = resolve_chain(with_hosts_toml("reg.io", "[host.\"https://m\"]\n"), config, "reg.io");
  const auto prediction = predict_pull(chain, *parse_image("reg.io/a:1"), assume(c.answers), config);
  CHECK(prediction.verdict.find(c.shown) != std::string::npos);
}

TEST_CASE("requests behind a failed step are marked as not reached") {
  const auto config = config_for("2.1.9", "/c");
  const auto chain = resolve_chain({}, config, "reg.io");
  const auto prediction = predict_pull(chain, *parse_image("reg.io/a:1"), assume({"*=404"}), config);
  for (const auto& request : prediction.requests) CHECK(request.reached == (request.step == "resolve"));
}

TEST_CASE(
    "an http host with TLS options is asked by http when it does not speak TLS, and that is remembered for the fetches") {
  const auto tree = with_hosts_toml("reg.io", "[host.\"http://m:5000\"]\nskip_verify = true\n");
  const auto config = config_for("2.1.9", "/c");
  const auto chain = resolve_chain(tree, config, "reg.io");
  const auto prediction = predict_pull(chain, *parse_image("reg.io/a:1"), assume({"m:5000=http"}), config);
  CHECK(asked(prediction, "resolve") == "HEAD https://m:5000 http, HEAD http://m:5000 200");
  CHECK(asked(prediction, "manifest") == "GET https://m:5000 http, GET http://m:5000 200");
  CHECK(asked(prediction, "config") == "GET http://m:5000 200");
  CHECK(prediction.used == "m:5000");
}

TEST_CASE("a certificate that is not accepted is no reason to fall back to plain http") {
  const auto tree = with_hosts_toml("reg.io", "[host.\"http://m:5000\"]\nskip_verify = false\n");
  const auto config = config_for("2.1.9", "/c");
  const auto chain = resolve_chain(tree, config, "reg.io");
  REQUIRE(chain.endpoints.at(0).http_fallback);
  const auto prediction = predict_pull(chain, *parse_image("reg.io/a:1"), assume({"m:5000=tls"}), config);
  CHECK(asked(prediction, "resolve") == "HEAD https://m:5000 tls, HEAD https://reg.io 200");
}

TEST_CASE("an assumption about one kind of request goes before that about the host") {
  const auto config = config_for("2.1.9", "/c");
  const auto chain = resolve_chain(with_hosts_toml("reg.io", "[host.\"https://m:5000\"]\n"), config, "reg.io");
  const auto prediction = predict_pull(chain, *parse_image("reg.io/a:1"),
                                       assume({"m:5000=200", "m:5000/blobs=404", "*/manifests=500"}), config);
  CHECK(asked(prediction, "resolve") == "HEAD https://m:5000 200");
  CHECK(asked(prediction, "layer") == "GET https://m:5000 404, GET https://reg.io 200");
  CHECK_FALSE(parse_assumption("m:5000/layers=404"));
}

TEST_CASE("a host whose TLS is broken answers plain http") {
  const auto tree = with_hosts_toml("reg.io", "server = \"http://s\"\n[host.\"https://m\"]\n");
  const auto config = config_for("1.6.20", "/c");
  const auto chain = resolve_chain(tree, config, "reg.io");
  const auto prediction = predict_pull(chain, *parse_image("reg.io/a:1"), assume({"*=tls"}), config);
  CHECK(asked(prediction, "resolve") == "HEAD https://m tls, HEAD http://s 200");
  CHECK(prediction.pulled);
}

TEST_CASE("what is said of a host shows no password of its URL") {
  const auto said = [](const std::string& text, const std::string& version) {
    const auto chain = resolve_chain(with_hosts_toml("reg.io", text), config_for(version, "/c"), "reg.io");
    std::string all = chain.error.value_or("");
    for (const auto& ignored : chain.ignored) all += ignored.reason;
    return all;
  };
  const auto not_tried = said("[host]\n\"http://u:pw1@m\" = {}\n", "2.1.9");
  CHECK(not_tried.find("http://u:<secret") != not_tried.npos);
  for (const auto& text : {not_tried, said("[host]\n\"http://u:pw1@m\" = 1\n[host.\"http://b\"]\n", "2.1.9"),
                           said("[host.\"http://u:pw1@m /\"]\n", "2.1.9")})
    CHECK_THAT(text, !Catch::Matchers::ContainsSubstring("pw1"));
}

TEST_CASE("a path is escaped again when it is asked for") {
  const auto tree = with_hosts_toml("reg.io", "server = \"https://m/a%20(b)/c\"\n[host]\n");
  const auto config = config_for("1.7.24", "/c");
  const auto chain = resolve_chain(tree, config, "reg.io");
  const auto prediction = predict_pull(chain, *parse_image("reg.io/a:1"), {}, config);
  CHECK(chain.endpoints.at(0).path == "/a (b)/c/v2");
  CHECK(prediction.requests.at(0).url == "https://m/a%20%28b%29/c/v2/a/manifests/1?ns=reg.io");
  CHECK(escape_path("/a(b)/c") == "/a(b)/c");
}

TEST_CASE("containerd 1.x takes a backslash in a header's key as it stands") {
  const auto first = [](const std::string& text, const std::string& version) {
    const auto chain = resolve_chain(with_hosts_toml("reg.io", text), config_for(version, "/c"), "reg.io");
    return chain.endpoints.empty() ? chain.error.value_or("") : chain.endpoints.at(0).url();
  };
  for (const char* version : {"1.6.20", "1.7.24"}) {
    CHECK(first("[host.\"http://m/a\\u0041\"]\n", version) == "http://m/a\\u0041/v2");
    CHECK(first("[host.\"http://m/a\\\\b\"]\n", version) == "http://m/a\\\\b/v2");
    CHECK(first("[host.'http://m/a\\u0041']\n", version) == "http://m/a\\u0041/v2");
    CHECK(first("[host.\"\\u0068ttp://m\"]\n", version) ==
          "https://reg.io/v2");  // no URL begins so: the file is dropped
    CHECK(first("[host.\"http://m/a\\\"b\"]\n", version) == "https://reg.io/v2");  // the quote ends there
    CHECK(first("\xEF\xBB\xBF[host.\"http://m/a\\u0041\"]\n", version) == "http://m/a\\u0041/v2");
    CHECK(first("[host]\n\"http://m/a\\u0041\" = {}\n", version) == "http://m/aA/v2");
  }
  CHECK(first("[host.\"\\u0068ttp://m/a\\u0041\"]\n", "2.1.9") == "http://m/aA/v2");
}

TEST_CASE("a host that is no table ends containerd 1.x where there are several, and only the file otherwise") {
  const std::string several = "[host.\"http://m\"]\n[host]\nserver = \"http://s\"\n";
  for (const char* version : {"1.6.20", "1.7.24"}) {
    const auto chain = resolve_chain(with_hosts_toml("reg.io", several), config_for(version, "/c"), "reg.io");
    CHECK(chain.error == "containerd crashes: panic: interface conversion: interface {} is string, not *toml.Tree");
    CHECK(chain.endpoints.empty());
    REQUIRE(chain.ignored.size() == 1);
    CHECK(chain.ignored[0].line == 3);
    const auto one = resolve_chain(with_hosts_toml("reg.io", "[host]\nserver = \"http://s\"\n"),
                                   config_for(version, "/c"), "reg.io");
    CHECK_FALSE(one.error);
    CHECK(one.endpoints.at(0).host == "reg.io");
  }
  CHECK_FALSE(resolve_chain(with_hosts_toml("reg.io", several), config_for("2.1.9", "/c"), "reg.io").error);
}

TEST_CASE("without config_path localhost is asked by plain http, except by the transfer service") {
  auto config = config_for("2.1.9", "", PullMode::local);
  CHECK(resolve_chain({}, config, "localhost:5000").endpoints.at(0).url() == "http://localhost:5000/v2");
  config.pull_mode = PullMode::transfer;
  const auto chain = resolve_chain({}, config, "localhost:5000");
  CHECK(chain.endpoints.at(0).url() == "https://localhost:5000/v2");
  CHECK(chain.endpoints.at(0).http_fallback);
}

TEST_CASE("credentials say where they come from and that they cannot be used") {
  auto config = config_for("1.7.24", "/c");
  config.auths["m"] = {
      .username = "u", .password = Secret("p"), .auth = {}, .identity_token = {}, .where = {"/config.toml", 7, 1}};
  config.auths["reg.io"] = {
      .username = {}, .password = {}, .auth = Secret("bm8="), .identity_token = {}, .where = {"/config.toml", 9, 1}};
  const auto tree = with_hosts_toml("reg.io", "[host.\"https://m\".header]\nAuthorization = \"x\"\n");
  const auto chain = resolve_chain(tree, config, "reg.io");
  REQUIRE(chain.endpoints.size() == 2);
  CHECK(chain.endpoints[0].credentials ==
        "header Authorization (/c/reg.io/hosts.toml), then configs.\"m\".auth (/config.toml:7)");
  CHECK(chain.endpoints[1].credentials ==
        "configs.\"reg.io\".auth (/config.toml:9), unusable: auth has no ':' between user and password");
}

TEST_CASE("a certificate outside the tree means nothing for facts, and a failed pull for a whole tree") {
  const auto tree = with_hosts_toml("reg.io", "[host.\"https://m\"]\nca = \"/elsewhere/ca.pem\"\n");
  const auto config = config_for("1.7.24", "/c");
  CHECK_FALSE(resolve_chain(tree, config, "reg.io").error);
  CHECK(resolve_chain(tree, config, "reg.io", {.missing_certificates = ChainOptions::Missing::fails}).error);
  const auto below = with_hosts_toml("reg.io", "[host.\"https://m\"]\nca = \"ca.pem\"\n");
  CHECK(resolve_chain(below, config, "reg.io").error);
  CHECK(certificate_files(tree, config) == std::vector<std::string>{"/elsewhere/ca.pem"});
}

TEST_CASE("images are read as the kubelet reads them") {
  struct Case {
    std::string text;
    std::string read;
  };
  const auto c =
      GENERATE(Case{"alpine", "docker.io/library/alpine:latest"}, Case{"index.docker.io/a/b:1", "docker.io/a/b:1"},
               Case{"localhost/a", "localhost/a:latest"}, Case{"anubis:32000/app", "anubis:32000/app:latest"},
               Case{"a/b", "docker.io/a/b:latest"}, Case{"[::1]:5000/a:1", "[::1]:5000/a:1"},
               Case{"reg.io/a__b/c-d.e:T_1", "reg.io/a__b/c-d.e:T_1"});
  const auto image = parse_image(c.text);
  REQUIRE(image);
  CHECK(to_string(*image) == c.read);
  for (const auto* wrong :
       {"", "A", "reg.io/A", "a:", "a@sha256:12", "reg.io/", "a b", "reg.io/a//b", "a:-x", "reg.io/a..b"})
    CHECK_FALSE(parse_image(wrong).ok());
}

TEST_CASE("assumptions are HOST=ANSWER") {
  CHECK(parse_assumption("m:5000=503")->second == Assumption{Assumption::Kind::status, 503});
  CHECK(parse_assumption("*=timeout")->first == "*");
  for (const auto* wrong : {"m", "=404", "m=", "m=99", "m=600", "m=4x4", "m=down"})
    CHECK_FALSE(parse_assumption(wrong).ok());
}

TEST_CASE("a failed pull reads as its mode says") {
  const auto chain = chain_of("reg.io", "[host.\"https://m\"]\n", "2.1.9");
  auto config = config_for("2.1.9", "/c");
  config.pull_mode = PullMode::transfer;
  const auto verdict = [&] {
    return predict_pull(chain, *parse_image("reg.io/a:1"), assume({"*=404"}), config).verdict;
  };
  CHECK(verdict() ==
        "fails: failed to pull and unpack image \"reg.io/a:1\": failed to resolve image: reg.io/a:1: not found");
  config.pull_mode = PullMode::local;
  CHECK(
      verdict() ==
      "fails: failed to pull and unpack image \"reg.io/a:1\": failed to resolve reference \"reg.io/a:1\": reg.io/a:1: not "
      "found");
}

TEST_CASE("a fetch shows the first error") {
  struct Case {
    std::string version;
    std::vector<std::string> answers;
    std::string shown;
  };
  const auto c = GENERATE(
      Case{"1.6.20", {"m/blobs=404", "reg.io/blobs=503"}, "could not fetch content descriptor"},
      Case{"2.1.9", {"m/blobs=404", "reg.io/blobs=503"}, "could not fetch content descriptor"},
      Case{"2.1.9", {"m/blobs=eof", "reg.io/blobs=404"}, "failed to do request: Get"},
      Case{"1.7.24", {"m/blobs=401", "reg.io/blobs=404"}, "unexpected status code https://m/v2/a/blobs/"},
      Case{
          "2.1.9", {"m/blobs=401", "reg.io/blobs=404"}, "unexpected status from GET request to https://m/v2/a/blobs/"});
  const auto chain = chain_of("reg.io", "[host.\"https://m\"]\n", c.version);
  const auto prediction =
      predict_pull(chain, *parse_image("reg.io/a:1"), assume(c.answers), config_for(c.version, "/c"));
  CHECK_FALSE(prediction.pulled);
  CHECK(prediction.verdict.find("failed to copy: httpReadSeeker: failed open: " + c.shown) != std::string::npos);
}
