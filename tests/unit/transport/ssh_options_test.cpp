// What `ssh -G` prints, and what a session makes of it.
#include "transport/config/ssh_options.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <fstream>
#include <set>
#include <sstream>

#include "base/text.h"
#include "transport/config/ssh_algorithms.h"
#include "transport/config/ssh_settings.h"

using namespace rf;
using namespace std::chrono_literals;

namespace {

constexpr const char* least = "user me\nhostname 10.0.0.5\nport 22\n";

SshSettings settings_of(const std::string& more) {
  auto settings = parse_ssh_settings(least + more, *parse_target("anubis"), {"me", "/home/me", "1000", ""});
  if (!settings) FAIL(to_string(settings.error()));
  return *std::move(settings);
}

// The options that a part of the page names, by the heading of the part.
std::set<std::string> named_in_page(const std::string& heading) {
  std::stringstream page;
  page << std::ifstream(RF_SOURCE_DIR "/packaging/doc/ssh.md").rdbuf();
  const auto text = page.str();
  const auto from = text.find("### " + heading + "\n");
  REQUIRE(from != std::string::npos);
  auto part = text.substr(from + 4);
  part = part.substr(0, part.find("\n#"));
  std::set<std::string> names;
  for (const auto line : lines(part)) {
    const bool row = line.starts_with("| ");
    const auto cell = row ? line.substr(2, line.find(" |") - 2) : line;
    const auto words = split(cell, '`');
    for (std::size_t i = 1; i < words.size(); i += 2)
      if (words[i].find_first_of(" -_") == words[i].npos && words[i].front() < 'a') names.emplace(words[i]);
  }
  return names;
}

}  // namespace

TEST_CASE("the page on ssh lists every option where it belongs") {
  using Use = SshOption::Use;
  const auto [use, heading] = GENERATE(table<Use, std::string>({{Use::followed, "Followed"},
                                                                {Use::stricter, "Stricter than ssh"},
                                                                {Use::refused, "Refused"},
                                                                {Use::ignored, "Without effect"}}));
  std::set<std::string> names;
  for (const auto& option : ssh_options())
    if (option.use == use) names.emplace(option.name);
  CHECK(names == named_in_page(heading));
}

TEST_CASE("an option that only ssh itself can follow refuses the node with its name, where it is set") {
  const std::string option = GENERATE("ProxyCommand", "KnownHostsCommand", "RefuseConnection");
  const auto with = [&](const std::string& value) {
    return parse_ssh_settings(least + lower(option) + " " + value + "\n", *parse_target("anubis"), {});
  };
  const auto refused = with("/bin/something %h");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::unsupported);
  CHECK(refused.error().message.find(option) != std::string::npos);
  CHECK(refused.error().hint.find("--transport openssh") != std::string::npos);
  CHECK(with("none"));
}

TEST_CASE("options that nobody here knows are kept, to be told of") {
  const auto settings = settings_of("neveruseserver yes\nlogverbose none\nNeverTwice 1\n");
  CHECK(settings.unknown == std::vector<SshWord>{{"neveruseserver", "yes"}, {"nevertwice", "1"}});
}

TEST_CASE("trust, log-ins and ways are read from the configuration") {
  CHECK(settings_of("").unknown_host == SshSettings::UnknownHost::ask);
  CHECK(settings_of("stricthostkeychecking true\n").unknown_host == SshSettings::UnknownHost::refuse);
  CHECK(settings_of("stricthostkeychecking accept-new\n").unknown_host == SshSettings::UnknownHost::accept);
  CHECK(settings_of("stricthostkeychecking false\n").unknown_host == SshSettings::UnknownHost::accept);
  CHECK(settings_of("checkhostip yes\n").address_check == SshSettings::AddressCheck::yes);
  CHECK(settings_of("batchmode yes\n").questions == SshSettings::Questions::none);
  CHECK(settings_of("requiredrsasize 3072\n").required_rsa_bits == 3072);
  CHECK(settings_of("rsaminsize 2048\n").required_rsa_bits == 2048);
  CHECK(settings_of("revokedhostkeys ~/r1 /r2\n").revoked_host_keys == std::vector<std::string>{"/home/me/r1", "/r2"});
  const auto ways = settings_of("preferredauthentications password\npubkeyauthentication true\n").log_ins;
  CHECK((!ways.key && ways.password && !ways.interactive));
  CHECK_FALSE(settings_of("pubkeyauthentication false\n").log_ins.key);
  CHECK_FALSE(settings_of("challengeresponseauthentication no\n").log_ins.interactive);
  const auto from = settings_of("addressfamily inet6\nbindaddress 10.0.0.1\nbindinterface eth1\n").from;
  CHECK((from.family == LocalEnd::Family::inet6 && from.address == "10.0.0.1" && from.interface == "eth1"));
}

TEST_CASE("keep-alives are the configuration's, or every 15 s") {
  const auto keep_alive = [](std::string_view text) { return parse_ssh_program_settings(text).keep_alive; };
  CHECK(keep_alive("") == KeepAlive{15s, 3});
  CHECK(keep_alive("serveraliveinterval 0\nserveralivecountmax 7\n") == KeepAlive{15s, 3});
  CHECK(keep_alive("serveraliveinterval 60\nserveralivecountmax 2\n") == KeepAlive{60s, 2});
  CHECK(keep_alive("serveraliveinterval 5\n") == KeepAlive{5s, 3});
}

TEST_CASE("an ssh that marks a server's questions is known by its options") {
  using ServerQuestions = SshProgramSettings::ServerQuestions;
  CHECK(parse_ssh_program_settings("user root\n").server_questions == ServerQuestions::unmarked);
  CHECK(parse_ssh_program_settings("stdinnull no\n").server_questions == ServerQuestions::marked);
}

TEST_CASE("algorithms are the few that are built in, as far as the configuration admits them") {
  const HostName name{"anubis", 22, ""};
  const auto offered = [&](const std::string& more) {
    return offered_algorithms(settings_of(more).algorithms, {}, name);
  };
  const auto usual = offered("");
  REQUIRE(usual);
  CHECK(usual->ciphers == "aes128-ctr,aes256-ctr,aes192-ctr");
  CHECK(usual->macs == "hmac-sha2-256,hmac-sha2-512");
  CHECK(usual->host_keys.starts_with("ssh-ed25519,"));
  CHECK(usual->rsa_signatures == "rsa-sha2-512,rsa-sha2-256");
  CHECK(offered("ciphers chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes256-ctr\n")->ciphers == "aes256-ctr");
  CHECK(offered("ciphers chacha20-poly1305@openssh.com,aes256-gcm@openssh.com\n")->ciphers == "aes256-gcm@openssh.com");
  CHECK(offered("pubkeyacceptedalgorithms ssh-rsa,ssh-ed25519\n")->rsa_signatures == "");
  for (const std::string option : {"Ciphers", "MACs", "KexAlgorithms", "HostKeyAlgorithms"}) {
    const auto none = offered(lower(option) + " something-else\n");
    REQUIRE_FALSE(none);
    CHECK(none.error().kind == ErrorKind::unsupported);
    CHECK(none.error().message.find(option) != std::string::npos);
  }
}

TEST_CASE("a user key signs with what PubkeyAcceptedAlgorithms admits, and never with SHA-1") {
  const auto some = settings_of("pubkeyacceptedalgorithms rsa-sha2-256,ssh-rsa\n").algorithms;
  CHECK(admits_key(some, "ssh-rsa"));
  CHECK_FALSE(admits_key(some, "ssh-ed25519"));
  CHECK(admits_signature(some, "rsa-sha2-256"));
  CHECK_FALSE(admits_signature(some, "rsa-sha2-512"));
  CHECK_FALSE(admits_signature(some, "ssh-rsa"));
  CHECK_FALSE(admits_signature({}, "ssh-rsa"));
  CHECK(admits_signature({}, "ssh-ed25519"));
}
