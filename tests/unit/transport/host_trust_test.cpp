#include "transport/config/host_trust.h"

#include <openssl/sha.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "base/text.h"
#include "transport/keys/wire.h"

using namespace rf;
using Answer = HostTrust::Answer;

namespace {

std::string ed25519(char fill) { return wire_string("ssh-ed25519") + wire_string(std::string(32, fill)); }
std::string rsa(std::size_t bytes) {
  return wire_string("ssh-rsa") + wire_string("\x03") + wire_mpint(std::string(bytes, '\xc1'));
}
std::string line(const std::string& host, const std::string& blob) {
  return host + " " + key_type(blob) + " " + base64_encode(blob) + "\n";
}

struct Asked {
  SshSettings settings = {};
  std::string known = {};
  std::string revoked = {};
  std::string address = "10.0.0.5";
  std::string blob = ed25519('a');
  UnknownHostKey unknown = UnknownHostKey::ask;

  HostTrust judge() {
    settings.host_name = "anubis";
    settings.user_known_hosts = {"/home/me/.ssh/known_hosts"};
    if (!revoked.empty()) settings.revoked_host_keys = {"/etc/revoked"};
    KnownHosts hosts;
    parse_known_hosts(known, "known_hosts", hosts);
    RevokedKeys keys;
    REQUIRE(parse_revoked_keys(revoked, "/etc/revoked", keys));
    return judge_host(settings, hosts, keys, {host_name_of(settings), address, blob}, unknown);
  }
};

void check_refused(const HostTrust& trust, const std::string& part) {
  REQUIRE(trust.answer == Answer::refused);
  REQUIRE(trust.why);
  INFO(to_string(*trust.why));
  CHECK(trust.why->kind == ErrorKind::host_key);
  CHECK(to_string(*trust.why).find(part) != std::string::npos);
  CHECK_FALSE(trust.why->hint.empty());
}

// A key revocation list with one section.
std::string list(std::uint8_t kind, const std::string& data) {
  return std::string("SSHKRL\n\0", 8) + wire_number(1) + std::string(24, '\0') + wire_string("") + wire_string("note") +
         static_cast<char>(kind) + wire_string(data);
}

}  // namespace

TEST_CASE("an unknown key is for the configuration, the flag and the person to decide") {
  using Unknown = SshSettings::UnknownHost;
  struct Case {
    Unknown configured;
    UnknownHostKey flag;
    Answer answer;
  };
  const auto c = GENERATE(Case{Unknown::ask, UnknownHostKey::ask, Answer::ask},
                          Case{Unknown::ask, UnknownHostKey::refuse, Answer::refused},
                          Case{Unknown::ask, UnknownHostKey::accept, Answer::add},
                          Case{Unknown::refuse, UnknownHostKey::ask, Answer::refused},
                          Case{Unknown::refuse, UnknownHostKey::accept, Answer::add},
                          Case{Unknown::accept, UnknownHostKey::ask, Answer::add},
                          Case{Unknown::accept, UnknownHostKey::refuse, Answer::add});
  Asked asked{.unknown = c.flag};
  asked.settings.unknown_host = c.configured;
  CHECK(asked.judge().answer == c.answer);
}

TEST_CASE("nobody is asked about a host with BatchMode") {
  Asked asked;
  asked.settings.questions = SshSettings::Questions::none;
  check_refused(asked.judge(), "is not known");
}

TEST_CASE("no wish lets a changed or revoked key in") {
  Asked asked{.known = line("anubis", ed25519('b')), .unknown = UnknownHostKey::accept};
  asked.settings.unknown_host = SshSettings::UnknownHost::accept;
  check_refused(asked.judge(), "StrictHostKeyChecking");
  asked.known = "@revoked * " + line("", ed25519('a')).substr(1) + line("anubis", ed25519('a'));
  check_refused(asked.judge(), "is revoked");
}

TEST_CASE("a key of RevokedHostKeys is refused, known or not") {
  const auto known = GENERATE(std::string(), line("anubis", ed25519('a')));
  Asked asked{.known = known, .revoked = "# gone\n" + line("", ed25519('a')).substr(1)};
  asked.settings.unknown_host = SshSettings::UnknownHost::accept;
  check_refused(asked.judge(), "RevokedHostKeys");
  asked.blob = ed25519('c');
  asked.known = "";
  CHECK(asked.judge().answer == Answer::add);
}

TEST_CASE("a short RSA host key is refused by RequiredRSASize") {
  Asked asked{.known = line("anubis", rsa(256)), .blob = rsa(256)};
  CHECK(rsa_bits(asked.blob) == 2048);
  CHECK(asked.judge().answer == Answer::known);
  asked.settings.required_rsa_bits = 2049;
  check_refused(asked.judge(), "RequiredRSASize");
}

TEST_CASE("CheckHostIP refuses an address for which another key is known, and only then") {
  Asked asked{.known = line("anubis", ed25519('a')) + line("10.0.0.5", ed25519('b'))};
  CHECK(asked.judge().answer == Answer::known);
  asked.settings.address_check = SshSettings::AddressCheck::yes;
  check_refused(asked.judge(), "CheckHostIP");
  asked.settings.host_key_alias = "ra";
  asked.known += line("ra", ed25519('a'));
  CHECK(asked.judge().answer == Answer::known);
  asked.settings.host_key_alias = "";
  asked.address = "10.0.0.6";
  CHECK(asked.judge().answer == Answer::known);
  asked.address = "";  // through a jump host
  CHECK(asked.judge().answer == Answer::known);
}

TEST_CASE("key revocation lists revoke keys and digests of keys") {
  const auto blob = ed25519('a');
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(blob.data()), blob.size(), digest);
  const std::string sha1(reinterpret_cast<const char*>(digest), sizeof digest);
  for (const auto& text : {list(2, wire_string(ed25519('z')) + wire_string(blob)), list(3, wire_string(sha1))}) {
    RevokedKeys keys;
    REQUIRE(parse_revoked_keys(text, "f", keys));
    CHECK(is_revoked(keys, blob));
    CHECK_FALSE(is_revoked(keys, ed25519('b')));
  }
  RevokedKeys certificates;
  REQUIRE(parse_revoked_keys(list(1, "anything"), "f", certificates));
  CHECK_FALSE(is_revoked(certificates, blob));
}

TEST_CASE("a file of RevokedHostKeys that cannot be read refuses with file and line") {
  const auto cut = list(2, wire_string(ed25519('a')));
  const auto text = GENERATE_COPY(std::string("\nnonsense\n"), std::string("\nssh-ed25519 AAAA\n"),
                                  "\nssh-rsa " + base64_encode(ed25519('a')) + "\n", cut.substr(0, cut.size() - 1),
                                  cut.substr(0, 20), list(9, ""), list(4, wire_string("s")));
  RevokedKeys keys;
  const auto read = parse_revoked_keys(text, "/etc/revoked", keys);
  REQUIRE_FALSE(read);
  CHECK(read.error().kind == ErrorKind::host_key);
  CHECK(read.error().message.find("RevokedHostKeys") != std::string::npos);
  REQUIRE(read.error().where);
  CHECK(read.error().where->file == "/etc/revoked");
  CHECK(read.error().where->line == (text.starts_with("\n") ? 2 : 0));
}
