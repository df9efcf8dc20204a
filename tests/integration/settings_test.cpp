// Plain ssh configurations, as we read them and as the ssh client does.
#include <catch2/generators/catch_generators.hpp>

#include "client.h"
#include "transport/config/simple_config.h"

using namespace rf;

namespace {

void expect_same(const SshSettings& ours, const SshSettings& theirs) {
  CHECK(ours.host_name == theirs.host_name);
  CHECK(ours.user == theirs.user);
  CHECK(ours.port == theirs.port);
  CHECK(ours.identities == theirs.identities);
  CHECK(ours.agent == theirs.agent);
  CHECK(ours.user_known_hosts == theirs.user_known_hosts);
  CHECK(ours.global_known_hosts == theirs.global_known_hosts);
  CHECK(ours.host_key_alias == theirs.host_key_alias);
  CHECK(ours.connect_timeout == theirs.connect_timeout);
  CHECK(ours.new_names == theirs.new_names);
  REQUIRE(ours.jumps.size() == theirs.jumps.size());
  for (std::size_t i = 0; i < ours.jumps.size(); ++i) CHECK(to_string(ours.jumps[i]) == to_string(theirs.jumps[i]));
}

}  // namespace

TEST_CASE("a plain configuration says for us what it says for ssh") {
  if (!have("ssh")) SKIP("ssh is not installed");
  const std::string plain = GENERATE(
      "",
      "# nothing\n\nHost a\n  HostName 10.0.0.1\n  Port 2222\n  User ops\nHost *\n  User root\n  ConnectTimeout 7\n",
      "User first\nHost a b\n  User second\n  HostName %h.Corp\nHost !a *\n  Port 99\n",
      "Host=a\nPort=23\nIdentitiesOnly yes\nIdentityAgent none\n",
      "Host n?de *.corp\n  ProxyJump ops@bastion:2222,inner\nHost a\n  ProxyJump none\n",
      "Host *\n  UserKnownHostsFile ~/kh1 /tmp/kh2\n  GlobalKnownHostsFile none\n  HostKeyAlias alias\n  "
      "HashKnownHosts yes\n  StrictHostKeyChecking no\n",
      "Host a\n  IdentityFile ~/.ssh/one\n  IdentityFile /keys/%h\nHost *\n  IdentityFile ~/.ssh/two\n  IdentityAgent "
      "~/agent\n  SendEnv LANG LC_*\n");
  const Scratch scratch;
  write_text(scratch / "config", plain);
  const LocalUser local = local_user();
  const auto config = read_simple_config(scratch / "config", local.home);
  REQUIRE(config);
  for (const char* name : {"a", "b", "node", "x.corp", "ops@a:1", "10.0.0.1"}) {
    INFO(plain << "---\n" << name);
    const auto target = *parse_target(name);
    const auto text = config->answer(target, local.name);
    REQUIRE(text);
    const auto ours = parse_ssh_settings(*text, target, local);
    const auto theirs = await([](Target which, std::string file) -> asio::awaitable<Result<SshSettings>> {
      const SshConfigFile path{file};
      co_return co_await read_ssh_settings(which, path);
    }(target, scratch / "config"));
    if (!ours) FAIL(to_string(ours.error()));
    REQUIRE(theirs);
    expect_same(*ours, *theirs);
    if (plain.find("IdentityFile") != std::string::npos) CHECK(ours->identity_files == theirs->identity_files);
  }
}

TEST_CASE("what is not plain is left to ssh") {
  const auto* text = GENERATE("Match all\n  User x\n", "Host a\n  User \"x\"\n", "CanonicalizeHostname yes\n",
                              "Host a\n  Include other\n", "Host a\n  HostName $X\n", "Usr x\n", "Host a # comment\n",
                              "Host A\n", "Host a,b\n");
  SimpleConfig config;
  const bool plain = config.add(text, [](std::string_view) { return std::vector<std::string>{}; });
  INFO(text);
  CHECK_FALSE(plain);
}

TEST_CASE("included files count where they are included") {
  SimpleConfig config;
  REQUIRE(config.add("Include more/*.conf\nUser late\n", [](std::string_view pattern) {
    CHECK(pattern == "more/*.conf");
    return std::vector<std::string>{"Host a\n  User early\n"};
  }));
  CHECK(config.answer(*parse_target("a"), "me")->find("user early\n") != std::string::npos);
  CHECK(config.answer(*parse_target("b"), "me")->find("user late\n") != std::string::npos);
}
