#include "transport/known_hosts/known_hosts.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "base/text.h"
#include "transport/keys/wire.h"

using namespace rf;
using Status = HostKeyVerdict::Status;

namespace {

std::string ed25519(char seed) { return wire_string("ssh-ed25519") + wire_string(std::string(32, seed)); }
std::string rsa() { return wire_string("ssh-rsa") + wire_string("\x01\x00\x01") + wire_string(std::string(257, 'r')); }
std::string text_of(const std::string& blob) { return key_type(blob) + " " + base64_encode(blob); }
const std::string a = ed25519('a'), b = ed25519('b');

KnownHosts parse(const std::string& text) {
  KnownHosts known;
  parse_known_hosts(text, "known_hosts", known);
  return known;
}
HostKeyVerdict judge(const std::string& text, const std::string& blob, HostName name = {"anubis", 22, ""}) {
  const KnownHosts known = parse(text);
  auto verdict = judge_host_key(known, name, blob);
  verdict.entry = nullptr;
  return verdict;
}

}  // namespace

TEST_CASE("names and patterns: which first field names which host") {
  struct Case {
    const char* hosts;
    const char* name;
    bool named;
  };
  const auto c =
      GENERATE(Case{"anubis", "anubis", true}, Case{"ANUBIS", "anubis", true}, Case{"babel,anubis", "anubis", true},
               Case{"anubis", "anubis2", false}, Case{"*.corp", "a.corp", true}, Case{"*.corp", "corp", false},
               Case{"*,!anubis", "anubis", false}, Case{"!anubis,*", "anubis", false}, Case{"!anubis", "babel", false},
               Case{"n?de", "node", true}, Case{"n?de", "nde", false}, Case{"*", "[anubis]:2222", true},
               Case{"[anubis]:2222", "[anubis]:2222", true}, Case{"[anubis]:*", "[anubis]:2222", true},
               Case{"", "anubis", false}, Case{"**a**b*", "xaxxbx", true}, Case{"|1|bad|bad", "anubis", false});
  INFO(c.hosts << " / " << c.name);
  CHECK(names_host(c.hosts, c.name) == c.named);
}

TEST_CASE("a hashed name names its host and no other") {
  const HostName name{"Anubis", 2222, ""};
  const std::string line = known_hosts_line(name, a, std::string(20, 's'));
  CHECK(line.substr(0, 3) == "|1|");
  CHECK(judge(line, a, name).status == Status::match);
  CHECK(judge(line, a, {"anubis", 2223, ""}).status == Status::unknown);
  CHECK(parse(line).hashed);
}

TEST_CASE("the verdict is OpenSSH's") {
  struct Case {
    std::string file;
    Status status;
  };
  const std::string known = "anubis " + text_of(a) + "\n";
  const auto c = GENERATE_COPY(
      Case{"", Status::unknown}, Case{known, Status::match}, Case{"anubis " + text_of(b) + "\n", Status::changed},
      Case{"anubis " + text_of(rsa()) + "\n", Status::changed},    // another type counts as changed
      Case{"anubis " + text_of(b) + "\n" + known, Status::match},  // any matching key is enough
      Case{known + "@revoked * " + text_of(a) + "\n", Status::revoked},
      Case{known + "@revoked * " + text_of(b) + "\n", Status::match},
      Case{"@revoked anubis " + text_of(b) + "\n", Status::unknown},
      Case{"@cert-authority * " + text_of(b) + "\n", Status::unknown},
      Case{"babel " + text_of(a) + "\n", Status::unknown}, Case{"*,!anubis " + text_of(a) + "\n", Status::unknown},
      Case{"broken\n@what x\nanubis ssh-ed25519 !!!!\nanubis ssh-rsa " + base64_encode(a) + "\n" + known,
           Status::match},
      Case{std::string(5000, 'x') + " " + text_of(b) + "\n" + known, Status::match},
      Case{"  \t# anubis\n \t" + known, Status::match},
      Case{"anubis ssh-new " + base64_encode(wire_string("ssh-new") + wire_string("x")) + "\n", Status::unknown},
      Case{"anubis " + text_of(a) + "\r\n", Status::match},
      Case{"anubis " + text_of(a) + " ops@laptop\n", Status::match});
  INFO(c.file);
  CHECK(judge(c.file, a).status == c.status);
}

TEST_CASE("the plain name counts for another port only to accept") {
  const HostName other{"anubis", 2222, ""};
  CHECK(judge("anubis " + text_of(a) + "\n", a, other).status == Status::match);
  CHECK(judge("anubis " + text_of(b) + "\n", a, other).status == Status::unknown);
  CHECK(judge("anubis " + text_of(a) + "\n[anubis]:2222 " + text_of(b) + "\n", a, other).status == Status::changed);
  CHECK(judge("[anubis]:22 " + text_of(b) + "\nanubis " + text_of(a) + "\n", a).status == Status::match);
  CHECK(judge("anubis " + text_of(a) + "\n@revoked anubis " + text_of(a) + "\n", a, other).status == Status::unknown);
}

TEST_CASE("an alias replaces host and port") {
  CHECK(judge("ra " + text_of(a) + "\n", a, {"10.0.0.1", 2222, "Ra"}).status == Status::match);
  CHECK(judge("10.0.0.1 " + text_of(a) + "\n", a, {"10.0.0.1", 22, "ra"}).status == Status::unknown);
}

TEST_CASE("lines that cannot be read give a warning with their place and end nothing") {
  const auto known =
      parse("anubis\nanubis ssh-ed25519\n@marker anubis " + text_of(a) + "\nanubis " + text_of(a) + "\n");
  CHECK(known.entries.size() == 1);
  REQUIRE(known.warnings.size() == 3);
  CHECK(known.warnings[2].where->line == 3);
  CHECK(known.entries[0].where.line == 4);
}

TEST_CASE("algorithms of known keys are asked for first, certificates and SHA-1 never") {
  CHECK(host_key_algorithms(parse("anubis " + text_of(rsa()) + "\n"), {"anubis", 22, ""}).substr(0, 25) ==
        "rsa-sha2-512,rsa-sha2-256");
  const auto all = host_key_algorithms(KnownHosts{}, {"anubis", 22, ""});
  CHECK(all.substr(0, 12) == "ssh-ed25519,");
  CHECK(all.find("cert") == std::string::npos);
  CHECK(all.find("ssh-rsa") == std::string::npos);
}

TEST_CASE("only an authority is known: unknown, and said so") {
  CHECK(judge("@cert-authority *.corp,anubis " + text_of(b) + "\n", a).only_authority);
  CHECK_FALSE(judge("babel " + text_of(b) + "\n", a).only_authority);
}
