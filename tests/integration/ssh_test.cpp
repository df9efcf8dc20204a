// The libssh2 transport against a real sshd: log-ins, host keys, noise.
#include <unistd.h>

#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "client.h"

using namespace rf;
using namespace std::chrono_literals;

TEST_CASE("a program runs over one connection and one channel") {
  needs_sshd();
  const Sshd server;
  const auto text = ask(options_for(server.config()), "echo one; echo two >&2; cat");
  if (!text) FAIL(to_string(text.error()));
  CHECK(*text == "one\n");
  const auto log = server.log();
  CHECK(log.find("Accepted publickey") != std::string::npos);
  CHECK(log.find("Accepted publickey") == log.rfind("Accepted publickey"));
}

TEST_CASE("every type of user key logs in, rsa with SHA-2") {
  needs_sshd();
  const auto* type =
      GENERATE("ed25519", "ecdsa -b 256", "ecdsa -b 384", "ecdsa -b 521", "rsa -b 2048", "rsa -b 3072 -m PEM");
  const Sshd server;
  const std::string key = server.directory() / "other";
  sh("ssh-keygen -q -N '' -t " + std::string(type) + " -f " + key + " && cat " + key + ".pub >" +
     (server.directory() / "authorized_keys"));
  Target target = named("node");
  target.identity = key;
  const auto text = ask(options_for(server.config()), "echo fine", target);
  if (!text) FAIL(to_string(text.error()) << server.log());
  CHECK(*text == "fine\n");
}

TEST_CASE("every type of host key is verified, rsa alone too") {
  needs_sshd();
  const auto* type = GENERATE("ed25519", "ecdsa", "rsa");
  Sshd::Options options;
  options.host_keys = {type};
  const Sshd server(options);
  const auto text = ask(options_for(server.config()));
  if (!text) FAIL(to_string(text.error()));
}

TEST_CASE("nothing is authenticated before the verdict on the host key") {
  needs_sshd();
  const Sshd server;
  const auto port = std::to_string(server.port());
  const std::string other = sh("ssh-keygen -q -N '' -C '' -t ed25519 -f " + (server.directory() / "strange") +
                               " && cat " + (server.directory() / "strange.pub"));
  struct Case {
    std::string known;
    const char* says;
  };
  const Case cases[] = {{"", "is not known"},
                        {"[127.0.0.1]:" + port + " " + other, "has CHANGED"},
                        {"@revoked * " + server.host_key_line("ed25519") + "\n[127.0.0.1]:" + port + " " +
                             server.host_key_line("ed25519") + "\n",
                         "is revoked"}};
  for (const Case& c : cases) {
    write_text(server.known_hosts(), c.known);
    const auto text = ask(options_for(server.config()));
    REQUIRE_FALSE(text);
    CHECK(text.error().kind == ErrorKind::host_key);
    INFO(to_string(text.error()));
    CHECK(text.error().message.find(c.says) != std::string::npos);
    CHECK(text.error().message.find("SHA256:") != std::string::npos);
    CHECK_FALSE(text.error().hint.empty());
  }
  CHECK(server.log().find("userauth-request") == std::string::npos);
  CHECK(server.log().find("publickey") == std::string::npos);
}

TEST_CASE("a new host key is added where that was asked for, and then known") {
  needs_sshd();
  const Sshd server;
  write_text(server.known_hosts(), "# mine");
  SshOptions options = options_for(server.config());
  options.unknown_host_key = UnknownHostKey::accept;
  std::vector<NewHostKey> accepted;
  options.on_accepted = [&](const NewHostKey& key) { accepted.push_back(key); };
  REQUIRE(ask(options));
  CHECK(accepted.size() == 1);
  CHECK(read_text(server.known_hosts()) ==
        "# mine\n[127.0.0.1]:" + std::to_string(server.port()) + " " + server.host_key_line("ed25519") + "\n");
  CHECK(ask(options_for(server.config())));
}

TEST_CASE("a refused log-in names the keys that were tried") {
  needs_sshd();
  const Sshd server;
  write_text(server.directory() / "authorized_keys", "");
  const auto text = ask(options_for(server.config()));
  REQUIRE_FALSE(text);
  CHECK(text.error().kind == ErrorKind::auth);
  CHECK(text.error().message.find("user_key") != std::string::npos);
}

TEST_CASE("an encrypted key asks for its passphrase once for all nodes") {
  needs_sshd();
  const Sshd server;
  sh("ssh-keygen -q -p -P '' -N 'open sesame' -f " + server.user_key());
  int asked = 0;
  SshOptions options = options_for(server.config());
  options.ask_secret = [&asked](SecretQuestion) -> asio::awaitable<Result<Secret>> {
    ++asked;
    co_return Secret("open sesame");
  };
  const int reached = await([](SshOptions how) -> asio::awaitable<int> {
    SshClient client(co_await asio::this_coro::executor, std::move(how));
    int opened = 0;
    for (int i = 0; i < 3; ++i) {
      auto shell = co_await client.connect(named("node"));
      opened += shell.ok();
    }
    co_return opened;
  }(options));
  CHECK(reached == 3);
  CHECK(asked == 1);
  const auto nobody = ask(options_for(server.config()));
  REQUIRE_FALSE(nobody);
  CHECK(nobody.error().message.find("encrypted") != std::string::npos);
}

TEST_CASE("the agent's key is used, and its rsa signatures are SHA-2") {
  needs_sshd();
  if (!have("ssh-agent")) SKIP("ssh-agent is not installed");
  const auto* type = GENERATE("ed25519", "rsa -b 2048", "ecdsa");
  const Sshd server;
  const std::string socket = server.directory() / "agent", key = server.directory() / "agent_key";
  sh("ssh-keygen -q -N '' -t " + std::string(type) + " -f " + key + " && cat " + key + ".pub >" +
     (server.directory() / "authorized_keys"));
  const Background agent({"ssh-agent", "-D", "-a", socket});
  sh("i=0; until test -S " + socket + "; do sleep 0.05; i=$((i+1)); test $i -lt 100; done; SSH_AUTH_SOCK=" + socket +
     " ssh-add -q " + key + " && rm " + key);
  std::string config = read_text(server.config());
  config.replace(config.find("IdentityAgent none"), 18, "IdentityAgent " + socket);
  config.replace(config.find("IdentitiesOnly yes"), 18, "IdentitiesOnly no");
  write_text(server.config(), config);
  const auto text = ask(options_for(server.config()));
  if (!text) FAIL(to_string(text.error()) << server.log());
}

TEST_CASE("banners, motd and what rc files print are no obstacle; a ForceCommand is, and it is named") {
  needs_sshd();
  Scratch scratch;
  write_text(scratch / "banner", std::string(3000, 'b') + "\n\x1b]52;c;x\x07\n");
  Sshd::Options noisy;
  noisy.more = "Banner " + (scratch / "banner") + "\nPrintMotd yes\n";
  const Sshd server(noisy);
  CHECK(ask(options_for(server.config())));
  Sshd::Options forced;
  forced.more = "ForceCommand echo only this";
  const Sshd other(forced);
  const auto text = ask(options_for(other.config()));
  REQUIRE_FALSE(text);
  CHECK(text.error().message.find("only this") != std::string::npos);
}

TEST_CASE("a closed port, an unknown name and a chain of errors say what to do") {
  Scratch scratch;
  write_text(scratch / "config",
             "Host node\n  HostName 127.0.0.1\n  Port " + std::to_string(free_port()) +
                 "\nHost nowhere\n  HostName name.invalid\nHost proxied\n  ProxyCommand nc %h %p\n");
  Target target = named("node");
  const auto refused = ask(options_for(scratch / "config"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::connect);
  CHECK(refused.error().message.find("connection refused") != std::string::npos);
  target.host = "nowhere";
  const auto unknown = ask(options_for(scratch / "config"), "true", target);
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().message.find("could not be resolved") != std::string::npos);
  target.host = "proxied";
  const auto proxied = ask(options_for(scratch / "config"), "true", target);
  REQUIRE_FALSE(proxied);
  CHECK(proxied.error().hint.find("--transport openssh") != std::string::npos);
}

TEST_CASE("large programs and large output pass whole") {
  needs_sshd();
  const Sshd server;
  const auto text = ask(options_for(server.config()), "rf_main() {\n: '" + std::string(700'000, 'x') +
                                                          "'\nhead -c 5000000 /dev/zero | tr '\\0' y; }\nrf_main");
  if (!text) FAIL(to_string(text.error()));
  CHECK(text->size() == 5'000'000);
}

TEST_CASE("a node behind two jump hosts is reached, several at a time over one connection to each") {
  needs_sshd();
  const Sshd first, second, last;
  std::string config;
  int number = 0;
  for (const Sshd* server : {&first, &second, &last}) {
    std::string one = read_text(server->config());
    one.replace(0, 9, "Host hop" + std::to_string(++number));
    config += one;
  }
  config += "Host hop3\n  ProxyJump hop1,hop2\n";
  write_text(first.directory() / "all", config);
  const int reached = await([](SshOptions how) -> asio::awaitable<int> {
    SshClient client(co_await asio::this_coro::executor, std::move(how));
    Target target;
    target.host = "hop3";
    std::vector<std::unique_ptr<Shell>> shells;
    int fine = 0;
    for (int i = 0; i < 5; ++i) {
      auto shell = co_await client.connect(target);
      if (!shell) {
        UNSCOPED_INFO(to_string(shell.error()));
        co_return -1;
      }
      shells.push_back(*std::move(shell));
    }
    for (const auto& shell : shells) {
      const auto output = co_await shell->run("head -c 300000 /dev/zero | tr '\\0' y", RunLimits{});
      fine += output && output->text.size() == 300'000;
    }
    co_return fine;
  }(options_for(first.directory() / "all")));
  CHECK(reached == 5);
  const auto log = first.log();
  CHECK(log.find("Accepted publickey") == log.rfind("Accepted publickey"));
}

TEST_CASE("jump hosts that form a circle are named, and nobody waits for anybody") {
  needs_sshd();
  const Sshd server;
  write_text(server.directory() / "circle",
             read_text(server.config()) +
                 "Host one\n  ProxyJump two\nHost two\n  ProxyJump one\nHost self\n  ProxyJump self\n");
  alarm(60);  // a fault would wait for ever
  const auto kinds = await([](SshOptions how) -> asio::awaitable<std::vector<ErrorKind>> {
    const auto executor = co_await asio::this_coro::executor;
    SshClient client(executor, std::move(how));
    std::vector<ErrorKind> said;
    const auto ask_for = [&](std::string name) -> asio::awaitable<void> {
      const auto shell = co_await client.connect(named(name));
      said.push_back(shell ? ErrorKind::internal : shell.error().kind);
    };
    for (const char* name : {"one", "two", "self"}) asio::co_spawn(executor, ask_for(name), [](std::exception_ptr) {});
    asio::steady_timer pause(executor);
    while (said.size() < 3) {
      pause.expires_after(std::chrono::milliseconds(10));
      co_await pause.async_wait(asio::use_awaitable);
    }
    co_return said;
  }(options_for(server.directory() / "circle")));
  alarm(0);
  CHECK(kinds == std::vector<ErrorKind>(3, ErrorKind::usage));
}
