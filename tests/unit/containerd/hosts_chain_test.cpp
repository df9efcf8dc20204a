// hosts.toml beside the cases: how go-toml 1 and 2 differ, what is ignored with which line, and Go's URLs and durations.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>
#include <vector>

#include "base/text.h"
#include "containerd/certificates.h"
#include "containerd/chain.h"
#include "containerd/features.h"
#include "containerd/go_duration.h"
#include "containerd/go_url.h"
#include "containerd/hosts_toml.h"

using namespace rf;

namespace {

const Version go_toml_1 = *parse_version("1.7.24");
const Version go_toml_2 = *parse_version("2.1.9");

// "a b |reg": the hosts in order, the root entry behind the bar; "dropped: why" when containerd drops the file.
std::string order(std::string_view text, const Version& version) {
  const auto hosts = parse_hosts_toml(text, "/d", version);
  if (!hosts) return "dropped: " + hosts.error().message;
  std::string out;
  for (std::size_t i = 0; i < hosts->entries.size(); ++i)
    out += (i + 1 == hosts->entries.size() ? "|" : "") + hosts->entries[i].host + (i + 1 < hosts->entries.size() ? " " : "");
  return out;
}

}  // namespace

TEST_CASE("go-toml 1 and 2 list the hosts of the same file differently") {
  struct Case {
    std::string text;
    std::string one;
    std::string two;
  };
  const auto c = GENERATE(
      Case{"[host.\"c\"]\n[host.\"a\"]\n[host.\"c\".header]\nX = \"1\"\n", "c a |", "c a c |"},
      Case{"[host]\n\"c\" = {}\n[host.\"a\"]\n", "c a |", "a |"},
      Case{"[host.\"a\"]\n[host]\n\"c\" = {}\n", "c a |", "a |"},
      Case{"host.\"b\".skip_verify = true\n[host]\n\"c\" = {}\n[host.\"a\"]\n", "c b a |", ""},
      Case{"host.\"c\".capabilities = [\"pull\"]\n[host.\"a\"]\n", "c a |", "a |"},
      Case{"[host.\"c\".header]\nX = \"1\"\n[host.\"a\"]\n[host.\"c\"]\n", "c a |", "c a c |"},
      Case{"server = \"s\"\n[host.\"a\"]\nx = \"\"\"\n[host.\"no\"]\n\"\"\"\ny = [\n  [\"[host.n]\"],\n]\n[host.\"b\"]\n", "a b |s", "a b |s"},
      Case{"host.\"c\".capabilities = [\"pull\"]\n[host]\n[host.\"a\"]\nheader.X = \"1\"\n[host.\"a\".header]\nY = \"2\"\n", "c a |", "dropped"},
      Case{"[host.\"a\"]\nheader = {X = \"1\"}\n[host.\"a\".header]\n", "dropped", "dropped"},
      Case{"[host.\"a\"]\n[host\n", "dropped", "dropped"}, Case{"[host.\"a\"]\n= 1\n", "dropped", "dropped"},
      Case{"[host.\"a\"]\nserver = https://x\n", "dropped", "dropped"},
      Case{"[Host.\"a\"]\n", "dropped: invalid `host` tree", "|"},
      Case{"\xEF\xBB\xBF[host.\"a\"]\n", "a |", "dropped: toml: the file begins with a byte order mark"},
      Case{"[host.\"a\"]\n# \x01\n", "a |", "dropped"},
      Case{"[host.\"a\"] skip_verify = true\n[host.b]\n", "a b |", "dropped"},
      Case{"[host.\"http://[::1]:5000\"]\n",
           "dropped: failed to parse TOML: a table's key cannot hold '[' or ']' before containerd 2.0, quoted or not", "[::1]:5000 |"},
      Case{"# nothing\n", "dropped: invalid `host` tree", "|"}, Case{"[host.\"a\"]\n[host.\"a\"]\n", "dropped", "dropped"},
      Case{"SERVER = \"s\"\n[host.a]\nCapabilities = [\"nope\"]\n", "a |s", "dropped: unknown capability nope"},
      Case{"[host.a]\ndial_timeout = 5\n", "a |",
           "dropped: toml: cannot decode TOML integer into struct field config.hostFileConfig.DialTimeout of type string"},
      Case{"[host.a]\nca = 1\n", "dropped: invalid type 1 for \"ca\"", "dropped: invalid type 1 for \"ca\""},
      Case{"[host.a]\nclient = [[\"c\"]]\n", "dropped: invalid pair [c] for \"client\"", "dropped: invalid pair [c] for \"client\""},
      Case{"[host.a.header]\nx = 1\n", "dropped: invalid type 1 for header \"x\"", "dropped: invalid type 1 for header \"x\""},
      Case{"[host.\"https://a b\"]\n",
           "dropped: unable to parse server https://a b: parse \"https://a b\": invalid character \" \" in host name",
           "dropped: unable to parse server https://a b: parse \"https://a b\": invalid character \" \" in host name"});
  INFO(c.text);
  CHECK(order(c.text, go_toml_1).starts_with(c.one));
  CHECK(order(c.text, go_toml_2).starts_with(c.two));
}

TEST_CASE("a client certificate is a file, files, or pairs of files, and two strings are no pair") {
  const auto hosts = parse_hosts_toml("[host.a]\nclient = [\"c.cert\", \"c.key\"]\n[host.b]\nclient = [[\"c\", \"\"], \"/x/y\"]\n", "/d", go_toml_2);
  REQUIRE(hosts);
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  CHECK(hosts->entries[0].client == Pairs{{"/d/c.cert", ""}, {"/d/c.key", ""}});
  CHECK(hosts->entries[1].client == Pairs{{"/d/c", "/d"}, {"/x/y", ""}});
}

TEST_CASE("an empty list of CAs is a TLS option, an empty list of client certificates is none") {
  const auto hosts = parse_hosts_toml("[host.\"http://a:1\"]\nca = []\n[host.\"http://b:1\"]\nclient = []\n", "/d", go_toml_2);
  REQUIRE(hosts);
  CHECK(hosts->entries[0].has_tls_options());
  CHECK_FALSE(hosts->entries[1].has_tls_options());
}

TEST_CASE("what a file says in vain is named with its line") {
  const auto hosts = parse_hosts_toml("capabilities = [\"pull\"]\nfoo = 1\n[host.a]\nserver = \"x\"\ndail_timeout = \"1s\"\n", "/d", go_toml_2);
  REQUIRE(hosts);
  REQUIRE(hosts->ignored.size() == 4);
  CHECK(hosts->ignored[0].line == 1);
  CHECK(hosts->ignored[1] == IgnoredLine{2, "unknown key foo", IgnoredKind::unknown_host_key});
  CHECK(hosts->ignored[2].line == 4);
  CHECK(hosts->ignored[2].reason.starts_with("server stands behind a [host] header"));
  CHECK(hosts->ignored[3] == IgnoredLine{5, "unknown key dail_timeout; did you mean dial_timeout?", IgnoredKind::unknown_host_key});
}

TEST_CASE("keys a version does not know do nothing, whatever their type") {
  const auto hosts = parse_hosts_toml("[host.\"https://a/x\"]\noverride_path = \"yes\"\ndial_timeout = 3\n", "/d", *parse_version("1.5.18"));
  REQUIRE(hosts);
  CHECK(hosts->entries[0].path == "/x/v2");
  CHECK(hosts->ignored.size() == 2);
}

TEST_CASE("durations are read and printed as Go does") {
  struct Case {
    std::string text;
    std::string printed;
  };
  const auto c = GENERATE(Case{"2s", "2s"}, Case{"1.5h90ms", "1h30m0.09s"}, Case{"0", "0s"}, Case{"-1s", "-1s"}, Case{".5s", "500ms"},
                          Case{"1h60m", "2h0m0s"}, Case{"1us", "1\xC2\xB5s"}, Case{"1.0000001s", "1.0000001s"}, Case{"3ns", "3ns"},
                          Case{"9223372036854775807ns", "2562047h47m16.854775807s"}, Case{"x", "time: invalid duration \"x\""},
                          Case{"5", "time: missing unit in duration \"5\""}, Case{"1d", "time: unknown unit \"d\" in duration \"1d\""},
                          Case{"", "time: invalid duration \"\""});
  const auto duration = parse_go_duration(c.text);
  CHECK((duration ? print_go_duration(*duration) : duration.error().message) == c.printed);
}

TEST_CASE("URLs are taken apart as Go does") {
  struct Case {
    std::string text;
    std::string parts;  // "scheme host path", or the error
  };
  const auto c = GENERATE(
      Case{"https://u:p@h:1/a%41?q#f", "https h:1 /aA"}, Case{"http://", "http  "}, Case{"httpd.example", "  httpd.example"},
      Case{"http:5000", "http  "}, Case{"https://h:", "https h: "}, Case{"HTTP://x", "http x "},
      Case{"https://[::1", "parse \"https://[::1\": missing ']' in host"}, Case{"https://h:x", "parse \"https://h:x\": invalid port \":x\" after host"},
      Case{"https://h/%zz", "parse \"https://h/%zz\": invalid URL escape \"%zz\""},
      Case{"https://a\x7F", "parse \"https://a\\x7f\": net/url: invalid control character in URL"});
  const auto url = parse_go_url(c.text);
  CHECK((url ? url->scheme + " " + url->host + " " + url->path : url.error().message) == c.parts);
}

TEST_CASE("only loopback addresses and the name localhost are localhost") {
  for (const auto* host : {"localhost", "localhost:5000", "127.0.0.1", "127.255.0.9:80", "::1", "[::1]:5000", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"})
    CHECK(is_localhost(host));
  for (const auto* host : {"localhost.localdomain", "0.0.0.0", "[::1]", "128.0.0.1", "127.1", "127.0.0.01", "::2", "1::1", "registry"})
    CHECK_FALSE(is_localhost(host));
}

TEST_CASE("features begin and end at the versions of the table") {
  struct Case {
    Feature feature;
    std::vector<std::string> with;
    std::vector<std::string> without;
  };
  const auto c = GENERATE(
      Case{Feature::default_dir, {"1.6.17", "1.6.39", "1.7.0", "2.4.0-beta.0"}, {"1.5.18", "1.6.16"}},
      Case{Feature::no_host_table, {"1.7.32", "2.0.0"}, {"1.6.39", "1.7.31"}},
      Case{Feature::dial_timeout, {"2.0.7", "2.1.0"}, {"1.7.34", "2.0.6"}},
      Case{Feature::dial_timeout_is_tls, {"2.0.7", "2.0.11"}, {"2.0.6", "2.1.0"}},
      Case{Feature::localhost_plain_http, {"1.6.9", "1.6.24", "1.7.0", "1.7.6"}, {"1.5.18", "1.6.8", "1.6.25", "1.7.7", "2.0.0"}},
      Case{Feature::https_first, {"1.6.25", "1.7.7", "2.0.0"}, {"1.6.24", "1.7.6"}},
      Case{Feature::https_first_needs_port, {"1.6.25", "1.6.39", "1.7.8", "1.7.23"}, {"1.7.7", "1.7.24", "2.0.0"}},
      Case{Feature::five_tries, {"2.3.2", "2.4.0-beta.0"}, {"2.3.1", "2.2.7"}},
      Case{Feature::blobs_unless_http_error, {"2.0.11", "2.2.6", "2.3.0"}, {"1.7.34", "2.0.10", "2.1.9", "2.2.5"}});
  for (const auto& version : c.with) CHECK(has_feature(*parse_version(version), c.feature));
  for (const auto& version : c.without) CHECK_FALSE(has_feature(*parse_version(version), c.feature));
}

TEST_CASE("a certificate file must hold a certificate, and a pair must belong together") {
  CHECK_FALSE(pem_holds_certificate("junk"));
  CHECK_FALSE(pem_holds_certificate("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
  CHECK(key_pair_error("junk", "junk") == "tls: failed to find any PEM data in certificate input");
  CHECK(key_pair_error("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "") ==
        "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched");
}

namespace {

EffectiveConfig config_for(const std::string& version, const std::string& config_path, PullMode mode = PullMode::client) {
  EffectiveConfig config;
  config.containerd = *parse_version(version);
  config.config_path = config_path;
  config.pull_mode = mode;
  if (mode == PullMode::transfer) {
    config.hosts_roots = {config_path};
  } else {
    for (const auto root : split(config_path, ':')) config.hosts_roots.emplace_back(root);
  }
  return config;
}

Assumptions assume(const std::vector<std::string>& texts) {
  Assumptions assumptions;
  for (const auto& text : texts) assumptions.insert(*parse_assumption(text));
  return assumptions;
}

FileTree with_hosts_toml(const std::string& registry, const std::string& text) {
  FileTree tree;
  tree.put_file("/c/" + registry + "/hosts.toml", text);
  return tree;
}

// "HEAD m 503, HEAD m 503, GET ..." of one step.
std::string asked(const Prediction& prediction, std::string_view step) {
  std::string out;
  for (const auto& request : prediction.requests) {
    if (request.step != step) continue;
    const auto host = request.url.substr(0, request.url.find('/', 8));
    out += (out.empty() ? "" : ", ") + request.method + " " + host + " " + request.assumed;
  }
  return out;
}

}  // namespace

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
  const auto c = GENERATE(Case{"2.0.11", "503", "HEAD https://m 503, HEAD https://reg.io 503"},
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
  const auto none = resolve_chain(with_hosts_toml("reg.io", "server = \"https://s\"\ncapabilities = [\"push\"]\n[host.\"https://m\"]\n"
                                                            "capabilities = [\"resolve\"]\n"), config, "reg.io");
  CHECK(predict_pull(none, *parse_image("reg.io/a:1"), {}, config).requests.empty());
  const auto one = resolve_chain(with_hosts_toml("reg.io", "[host.\"https://m\"]\ncapabilities = [\"resolve\"]\n"), config, "reg.io");
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

TEST_CASE("an http host with TLS options is asked by http when it does not speak TLS, and that is remembered for the fetches") {
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
  const auto prediction = predict_pull(chain, *parse_image("reg.io/a:1"), assume({"m:5000=200", "m:5000/blobs=404", "*/manifests=500"}), config);
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
    CHECK(first("[host.\"\\u0068ttp://m\"]\n", version) == "https://reg.io/v2");   // no URL begins so: the file is dropped
    CHECK(first("[host.\"http://m/a\\\"b\"]\n", version) == "https://reg.io/v2");  // the quote ends there
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
    const auto one = resolve_chain(with_hosts_toml("reg.io", "[host]\nserver = \"http://s\"\n"), config_for(version, "/c"), "reg.io");
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
  config.auths["m"] = {.username = "u", .password = Secret("p"), .auth = {}, .identity_token = {}, .where = {"/config.toml", 7, 1}};
  config.auths["reg.io"] = {.username = {}, .password = {}, .auth = Secret("bm8="), .identity_token = {}, .where = {"/config.toml", 9, 1}};
  const auto tree = with_hosts_toml("reg.io", "[host.\"https://m\".header]\nAuthorization = \"x\"\n");
  const auto chain = resolve_chain(tree, config, "reg.io");
  REQUIRE(chain.endpoints.size() == 2);
  CHECK(chain.endpoints[0].credentials == "header Authorization (/c/reg.io/hosts.toml), then configs.\"m\".auth (/config.toml:7)");
  CHECK(chain.endpoints[1].credentials ==
        "configs.\"reg.io\".auth (/config.toml:9), unusable: auth holds no ':' between user and password");
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
  const auto c = GENERATE(Case{"alpine", "docker.io/library/alpine:latest"}, Case{"index.docker.io/a/b:1", "docker.io/a/b:1"},
                          Case{"localhost/a", "localhost/a:latest"}, Case{"anubis:32000/app", "anubis:32000/app:latest"},
                          Case{"a/b", "docker.io/a/b:latest"}, Case{"[::1]:5000/a:1", "[::1]:5000/a:1"},
                          Case{"reg.io/a__b/c-d.e:T_1", "reg.io/a__b/c-d.e:T_1"});
  const auto image = parse_image(c.text);
  REQUIRE(image);
  CHECK(to_string(*image) == c.read);
  for (const auto* wrong : {"", "A", "reg.io/A", "a:", "a@sha256:12", "reg.io/", "a b", "reg.io/a//b", "a:-x", "reg.io/a..b"})
    CHECK_FALSE(parse_image(wrong).ok());
}

TEST_CASE("assumptions are HOST=ANSWER") {
  CHECK(parse_assumption("m:5000=503")->second == Assumption{Assumption::Kind::status, 503});
  CHECK(parse_assumption("*=timeout")->first == "*");
  for (const auto* wrong : {"m", "=404", "m=", "m=99", "m=600", "m=4x4", "m=down"}) CHECK_FALSE(parse_assumption(wrong).ok());
}
