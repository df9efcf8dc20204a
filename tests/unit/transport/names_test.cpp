#include <algorithm>
#include <asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <chrono>

#include "transport/config/target.h"
#include "transport/shell/bootstrap.h"
#include "transport/ways/container.h"
#include "transport/ways/openssh.h"

using namespace rf;
using namespace std::chrono_literals;

TEST_CASE("a target is read as ssh writes it") {
  struct Case {
    const char* text;
    const char* user;
    const char* host;
    int port;
  };
  const auto c =
      GENERATE(Case{"anubis", "", "anubis", 0}, Case{"ops@babel:2222", "ops", "babel", 2222},
               Case{"[fe80::1%eth0]:22", "", "fe80::1%eth0", 22}, Case{"fe80::1", "", "fe80::1", 0},
               Case{"ssh://a@b:1", "a", "b", 1}, Case{"DOM\\u@h", "DOM\\u", "h", 0}, Case{"a@b@h", "a@b", "h", 0});
  const auto target = parse_target(c.text);
  REQUIRE(target);
  CHECK(target->user == c.user);
  CHECK(target->host == c.host);
  CHECK(target->port == c.port);
}

TEST_CASE("what could be an option or shell syntax is not a target") {
  const auto* text = GENERATE("", "-oProxyCommand=x", "a b", "a;b", "a@-x", "-a@b", "a@", "@b", "h:0", "h:65536", "h:x",
                              "h:", "[::1", "[::1]x", "a\nb", "$(id)@h", "h`id`", "'h'");
  const auto target = parse_target(text);
  REQUIRE_FALSE(target);
  CHECK(target.error().kind == ErrorKind::usage);
}

TEST_CASE("the system's ssh gets names only after --, and only constants to run") {
  Target target;
  target.host = "h";
  target.user = "u";
  target.port = 22;
  target.identity = "/k";
  target.jump = "j";
  const std::string command(bootstrap_command(Access{}));
  const auto argv = openssh_command(target, command, {}, {}, 30s);
  REQUIRE(argv.size() > 3);
  CHECK(argv[argv.size() - 3] == "--");
  CHECK(argv[argv.size() - 2] == "h");
  CHECK(argv.back() == command);
  CHECK(std::find(argv.begin(), argv.end(), "BatchMode=yes") != argv.end());
  CHECK(std::find(argv.begin(), argv.end(), "StrictHostKeyChecking=yes") != argv.end());
}

TEST_CASE(
    "unknown hosts of the system's ssh are refused, asked about or let in as the flags and the configuration want") {
  using Wish = OpensshOptions::UnknownHostKey;
  using Configured = SshSettings::UnknownHost;
  struct Case {
    Wish wish;
    Configured configured;
    const char* checking;
  };
  const auto c = GENERATE(Case{Wish::ask, Configured::ask, "ask"}, Case{Wish::ask, Configured::refuse, "yes"},
                          Case{Wish::ask, Configured::accept, "accept-new"}, Case{Wish::refuse, Configured::ask, "yes"},
                          Case{Wish::accept, Configured::refuse, "accept-new"});
  asio::io_context loop(1);
  OpensshOptions options{.unknown_host_key = c.wish};
  options.askpass = std::make_shared<Askpass>(loop.get_executor(), AskpassOptions{});
  Target target;
  target.host = "h";
  const SshProgramSettings settings{.keep_alive = {}, .unknown_host = c.configured};
  const auto argv = openssh_command(target, "true", options, settings, 30s);
  CHECK(std::find(argv.begin(), argv.end(), std::string("StrictHostKeyChecking=") + c.checking) != argv.end());
  CHECK(std::find(argv.begin(), argv.end(), "BatchMode=yes") == argv.end());
}

TEST_CASE("ssh's own messages become kinds of errors") {
  struct Case {
    const char* said;
    ErrorKind kind;
  };
  const auto c = GENERATE(Case{"Host key verification failed.", ErrorKind::host_key},
                          Case{"root@h: Permission denied (publickey).", ErrorKind::auth},
                          Case{"ssh: connect to host h port 22: Connection timed out", ErrorKind::timeout},
                          Case{"ssh: connect to host h port 22: Connection refused", ErrorKind::connect});
  Target target;
  target.host = "h";
  const Error error = openssh_error(target, {ErrorKind::connect, std::string("no shell (it said \"") + c.said + "\")"});
  CHECK(error.kind == c.kind);
  CHECK(error.message == std::string("ssh: ") + c.said);
  CHECK_FALSE(error.hint.empty());
}

TEST_CASE("the bootstrap passes through every login shell: one line, no exclamation mark or backslash, quotes closed") {
  Access as_is, root, with_password;
  as_is.privilege = Privilege::as_is;
  with_password.sudo = std::make_shared<SudoPassword>(Secret("x"));
  for (const Access& access : {as_is, root, with_password}) {
    const auto command = bootstrap_command(access);
    CHECK(command.find_first_of("!\\\n\r`") == std::string_view::npos);
    CHECK(std::count(command.begin(), command.end(), '\'') == 2);
    CHECK(command.substr(0, 17) == "exec /bin/sh -c '");
  }
}

TEST_CASE("sudo's complaints are told apart") {
  struct Case {
    const char* said;
    const char* message;
  };
  const auto c =
      GENERATE(Case{"sudo: a password is required", "asks for a password"},
               Case{"sudo: sorry, you must have a tty to run sudo", "requiretty"},
               Case{"u is not in the sudoers file.", "may not become root"},
               Case{"Sorry, user u is not allowed to execute '/bin/sh' as root on h.", "may not become root"},
               Case{"Sorry, try again.", "did not accept the password"},
               Case{"sudo: 1 incorrect password attempt", "did not accept the password"},
               Case{"sudo: unable to stat /etc/sudoers: \x1b[2J", "sudo failed"});
  const Error error = sudo_error(c.said);
  CHECK(error.kind == ErrorKind::privilege);
  CHECK(error.message.find(c.message) != std::string::npos);
  CHECK(error.message.find('\x1b') == std::string::npos);
}
