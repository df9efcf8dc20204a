// hosts.toml beside the cases: how go-toml 1 and 2 differ, what is ignored with which line, and Go's URLs and
// durations.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>
#include <vector>

#include "base/secret.h"
#include "base/text.h"
#include "containerd/chain/certificates.h"
#include "containerd/chain/hosts_toml.h"
#include "containerd/config/features.h"
#include "containerd/go/go_duration.h"
#include "containerd/go/go_url.h"

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
    out += (i + 1 == hosts->entries.size() ? "|" : "") + hosts->entries[i].host +
           (i + 1 < hosts->entries.size() ? " " : "");
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
      Case{"server = \"s\"\n[host.\"a\"]\nx = \"\"\"\n[host.\"no\"]\n\"\"\"\ny = [\n  "
           "[\"[host.n]\"],\n]\n[host.\"b\"]\n",
           "a b |s", "a b |s"},
      Case{"host.\"c\".capabilities = [\"pull\"]\n[host]\n[host.\"a\"]\nheader.X = \"1\"\n[host.\"a\".header]\nY = "
           "\"2\"\n",
           "c a |", "dropped"},
      Case{"[host.\"a\"]\nheader = {X = \"1\"}\n[host.\"a\".header]\n", "dropped", "dropped"},
      Case{"[host.\"a\"]\n[host\n", "dropped", "dropped"}, Case{"[host.\"a\"]\n= 1\n", "dropped", "dropped"},
      Case{"[host.\"a\"]\nserver = https://x\n", "dropped", "dropped"},
      Case{"[Host.\"a\"]\n", "dropped: invalid `host` tree", "|"},
      Case{"\xEF\xBB\xBF[host.\"a\"]\n", "a |", "dropped: toml: the file begins with a byte order mark"},
      Case{"[host.\"a\"]\n# \x01\n", "a |", "dropped"},
      Case{"[host.\"a\"] skip_verify = true\n[host.b]\n", "a b |", "dropped"},
      Case{"[host.\"http://[::1]:5000\"]\n",
           "dropped: failed to parse TOML: unexpected token table key cannot contain ']', was expecting a table key",
           "[::1]:5000 |"},
      Case{"# nothing\n", "dropped: invalid `host` tree", "|"},
      Case{"[host.\"a\"]\n[host.\"a\"]\n", "dropped", "dropped"},
      Case{"SERVER = \"s\"\n[host.a]\nCapabilities = [\"nope\"]\n", "a |s", "dropped: unknown capability nope"},
      Case{"[host.a]\ndial_timeout = 5\n", "a |",
           "dropped: toml: cannot decode TOML integer into struct field config.hostFileConfig.DialTimeout of type "
           "string"},
      Case{"[host.a]\nca = 1\n", "dropped: invalid type 1 for \"ca\"", "dropped: invalid type 1 for \"ca\""},
      Case{"[host.a]\nclient = [[\"c\"]]\n", "dropped: invalid pair [c] for \"client\"",
           "dropped: invalid pair [c] for \"client\""},
      Case{"[host.a.header]\nx = 1\n", "dropped: invalid type 1 for header \"x\"",
           "dropped: invalid type 1 for header \"x\""},
      Case{"[host.\"https://a b\"]\n",
           "dropped: unable to parse server https://a b: parse \"https://a b\": invalid character \" \" in host name",
           "dropped: unable to parse server https://a b: parse \"https://a b\": invalid character \" \" in host name"});
  INFO(c.text);
  CHECK(order(c.text, go_toml_1).starts_with(c.one));
  CHECK(order(c.text, go_toml_2).starts_with(c.two));
}

TEST_CASE("a client certificate is a file, files, or pairs of files, and two strings are no pair") {
  const auto hosts = parse_hosts_toml(
      "[host.a]\nclient = [\"c.cert\", \"c.key\"]\n[host.b]\nclient = [[\"c\", \"\"], \"/x/y\"]\n", "/d", go_toml_2);
  REQUIRE(hosts);
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  CHECK(hosts->entries[0].client == Pairs{{"/d/c.cert", ""}, {"/d/c.key", ""}});
  CHECK(hosts->entries[1].client == Pairs{{"/d/c", "/d"}, {"/x/y", ""}});
}

TEST_CASE("an empty list of CAs is a TLS option, an empty list of client certificates is none") {
  const auto hosts =
      parse_hosts_toml("[host.\"http://a:1\"]\nca = []\n[host.\"http://b:1\"]\nclient = []\n", "/d", go_toml_2);
  REQUIRE(hosts);
  CHECK(hosts->entries[0].has_tls_options());
  CHECK_FALSE(hosts->entries[1].has_tls_options());
}

TEST_CASE("what a file says in vain is named with its line") {
  const auto hosts = parse_hosts_toml(
      "capabilities = [\"pull\"]\nfoo = 1\n[host.a]\nserver = \"x\"\ndail_timeout = \"1s\"\n", "/d", go_toml_2);
  REQUIRE(hosts);
  REQUIRE(hosts->ignored.size() == 4);
  CHECK(hosts->ignored[0].line == 1);
  CHECK(hosts->ignored[1] == IgnoredLine{2, "unknown key foo", IgnoredKind::unknown_host_key, {.key = "foo"}});
  CHECK(hosts->ignored[2].line == 4);
  CHECK(hosts->ignored[2].reason.starts_with("server is written after a [host] table"));
  CHECK(hosts->ignored[3] == IgnoredLine{5,
                                         "unknown key dail_timeout; did you mean dial_timeout?",
                                         IgnoredKind::unknown_host_key,
                                         {.key = "dail_timeout"}});
}

TEST_CASE("why a whole file does not count is a kind, with the capability that is not known") {
  struct Case {
    std::string text;
    Version version;
    IgnoredKind kind;
    std::string capability = {};
  };
  const std::vector<Case> cases{{"[host", go_toml_1, IgnoredKind::not_toml},
                                {"[host", go_toml_2, IgnoredKind::not_toml},
                                {"[host.\"http://[::1]:5000\"]\n", go_toml_1, IgnoredKind::bracket_in_header},
                                {"\xEF\xBB\xBF[host.\"http://a\"]\n", go_toml_2, IgnoredKind::byte_order_mark},
                                {"[host.\"http://a\"]\ncapabilities = [\"pull\", \"Fetch\"]\n", go_toml_1,
                                 IgnoredKind::unknown_capability, "Fetch"},
                                {"capabilities = [\"pull\", \"Fetch\"]\n[host.\"http://a\"]\n", go_toml_2,
                                 IgnoredKind::unknown_capability, "Fetch"},
                                {"server = \"https://a\"\n", go_toml_1, IgnoredKind::no_host_table},
                                {"host = 1\n", go_toml_2, IgnoredKind::wrong_value},
                                {"[host]\na = 1\n", go_toml_2, IgnoredKind::wrong_value},
                                {"[host.\"http://a\"]\nskip_verify = \"true\"\n", go_toml_1, IgnoredKind::wrong_value},
                                {"[host.\"http://a\"]\nclient = 1\n", go_toml_2, IgnoredKind::wrong_value},
                                {"server = 1\n[host.\"http://a\"]\n", go_toml_2, IgnoredKind::wrong_value},
                                {"[host]\nserver = \"x\"\n[host.\"http://a\"]\n", go_toml_1, IgnoredKind::crash}};
  for (const auto& one : cases) {
    CAPTURE(one.text, to_string(one.version));
    const auto read = read_hosts_toml(one.text, "/d", one.version);
    const auto* fault = std::get_if<HostsFault>(&read);
    REQUIRE(fault != nullptr);
    CHECK(fault->kind == one.kind);
    CHECK(fault->capability == one.capability);
    CHECK(parse_hosts_toml(one.text, "/d", one.version).error() == fault->error);
  }
}

TEST_CASE("a host and a key that do nothing are told apart from what is said of them") {
  const auto newer = parse_hosts_toml("[host]\n\"https://u:p@a\" = {}\n", "/d", go_toml_2);
  REQUIRE(newer);
  REQUIRE(newer->ignored.size() == 1);
  CHECK(newer->ignored[0].kind == IgnoredKind::inline_host);
  CHECK(newer->ignored[0].subject == IgnoredSubject{.url = masked_url("https://u:p@a")});
  const auto older = parse_hosts_toml("[host.a]\ndial_timeout = \"1s\"\n", "/d", go_toml_1);
  REQUIRE(older);
  REQUIRE(older->ignored.size() == 1);
  CHECK(older->ignored[0].kind == IgnoredKind::key_too_new);
  CHECK(older->ignored[0].subject == IgnoredSubject{.key = "dial_timeout"});
}

TEST_CASE("keys a version does not know do nothing, whatever their type") {
  const auto hosts = parse_hosts_toml("[host.\"https://a/x\"]\noverride_path = \"yes\"\ndial_timeout = 3\n", "/d",
                                      *parse_version("1.5.18"));
  REQUIRE(hosts);
  CHECK(hosts->entries[0].path == "/x/v2");
  CHECK(hosts->ignored.size() == 2);
}

TEST_CASE("durations are read and printed as Go does") {
  struct Case {
    std::string text;
    std::string printed;
  };
  const auto c = GENERATE(
      Case{"2s", "2s"}, Case{"1.5h90ms", "1h30m0.09s"}, Case{"0", "0s"}, Case{"-1s", "-1s"}, Case{".5s", "500ms"},
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
  const auto c =
      GENERATE(Case{"https://u:p@h:1/a%41?q#f", "https h:1 /aA"}, Case{"http://", "http  "},
               Case{"httpd.example", "  httpd.example"}, Case{"http:5000", "http  "}, Case{"https://h:", "https h: "},
               Case{"HTTP://x", "http x "}, Case{"https://[::1", "parse \"https://[::1\": missing ']' in host"},
               Case{"https://h:x", "parse \"https://h:x\": invalid port \":x\" after host"},
               Case{"https://h/%zz", "parse \"https://h/%zz\": invalid URL escape \"%zz\""},
               Case{"https://a\x7F", "parse \"https://a\\x7f\": net/url: invalid control character in URL"});
  const auto url = parse_go_url(c.text);
  CHECK((url ? url->scheme + " " + url->host + " " + url->path : url.error().message) == c.parts);
}

TEST_CASE("only loopback addresses and the name localhost are localhost") {
  for (const auto* host : {"localhost", "localhost:5000", "127.0.0.1", "127.255.0.9:80", "::1", "[::1]:5000",
                           "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"})
    CHECK(is_localhost(host));
  for (const auto* host :
       {"localhost.localdomain", "0.0.0.0", "[::1]", "128.0.0.1", "127.1", "127.0.0.01", "::2", "1::1", "registry"})
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
      Case{Feature::localhost_plain_http,
           {"1.6.9", "1.6.24", "1.7.0", "1.7.6"},
           {"1.5.18", "1.6.8", "1.6.25", "1.7.7", "2.0.0"}},
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
        "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may "
        "have been switched");
}
