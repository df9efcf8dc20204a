// What every stream promises, whichever it is: the same tests for local, the system's ssh, libssh2, and containers.
#include <unistd.h>

#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <chrono>

#include "client.h"
#include "transport/ways/container.h"
#include "transport/ways/local.h"
#include "transport/ways/openssh.h"

using namespace rf;
using namespace std::chrono_literals;

namespace {

// A way to open shells, and what it needs to live on.
struct Way {
  std::string name;
  std::unique_ptr<Sshd> server;
  std::unique_ptr<Scratch> scratch;
  std::unique_ptr<SshClient> client;
  Container container;

  asio::awaitable<Result<std::unique_ptr<Shell>>> open() {
    Access access;
    access.privilege = Privilege::as_is;
    if (name == "local") co_return co_await open_local(access);
    if (name == "openssh") {
      OpensshOptions options;
      options.config_file = server->config();
      const Target target = named("node");
      co_return co_await open_openssh(target, access, options);
    }
    if (name == "libssh2") {
      if (!client)
        client = std::make_unique<SshClient>(co_await asio::this_coro::executor, options_for(server->config()));
      co_return co_await client->connect(named("node"));
    }
    co_return co_await open_container(container, access);
  }
};

// An engine that answers `exec -i NAME sh…` by running the command here: the same pipes and processes, without a
// container.
void stand_in_engine(Way& way) {
  way.scratch = std::make_unique<Scratch>();
  write_text(*way.scratch / "engine",
             "#!/bin/sh\n[ \"$1 $2\" = 'exec -i' ] || exit 125\n"
             "[ \"$3\" = node ] || { echo \"Error: No such container: $3\" >&2; exit 1; }\nshift 3\nexec \"$@\"\n",
             0700);
  way.container = {*way.scratch / "engine", "node"};
}

// An image of busybox and what it is linked to; the container lives until the test ends it.
void real_container(Way& way) {
  way.scratch = std::make_unique<Scratch>();
  const std::string root = *way.scratch / "root", name = "regfallback-test-" + std::to_string(getpid());
  sh("mkdir -p " + root + "/bin && cp \"$(command -v busybox)\" " + root + "/bin/sh && ln " + root + "/bin/sh " + root +
     "/bin/busybox && "
     "for l in $(ldd \"$(command -v busybox)\" | grep -o '/[^ ]*'); do mkdir -p " +
     root + "$(dirname $l) && cp -L $l " + root +
     "$l; done; "
     "for a in cat sleep printf head tr id kill; do ln -s busybox " +
     root +
     "/bin/$a; done; "
     "tar -C " +
     root + " -c . | docker import - " + name + " >/dev/null && docker run -d --rm --name " + name + " " + name +
     " /bin/sh -c 'sleep 600'");
  way.container = {"docker", name};
}

Way way_for(const std::string& name) {
  Way way;
  way.name = name;
  if (name == "openssh" || name == "libssh2") {
    needs_sshd();
    way.server = std::make_unique<Sshd>();
  }
  if (name == "openssh" && !have("ssh")) SKIP("ssh is not installed");
  if (name == "engine stand-in") stand_in_engine(way);
  if (name == "docker") {
    if (!have("docker")) SKIP("docker is not installed");
    if (std::system("docker ps >/dev/null 2>&1") != 0) SKIP("no docker engine runs here");
    real_container(way);
  }
  return way;
}

Result<Output> run(Way& way, const std::string& program, RunLimits limits = {}) {
  return await([](Way& how, std::string what, RunLimits most) -> asio::awaitable<Result<Output>> {
    RF_CO_TRY(const auto shell, co_await how.open());
    auto output = co_await shell->run(what, most);
    how.client.reset();
    co_return output;
  }(way, program, limits));
}

std::string any_way() { return GENERATE("local", "openssh", "libssh2", "engine stand-in"); }

}  // namespace

TEST_CASE("every way: status, output and complaint come back, and standard input is empty") {
  Way way = way_for(any_way());
  INFO(way.name);
  const auto output =
      run(way, "rf_main() { cat; printf 'no newline'; echo 'to stderr' >&2; sleep 0.05; return 3; }\nrf_main");
  if (!output) FAIL(to_string(output.error()));
  CHECK(output->rc == 3);
  CHECK(output->text == "no newline");
  CHECK(output->complaint == "to stderr\n");
}

TEST_CASE("every way: any byte survives") {
  Way way = way_for(any_way());
  INFO(way.name);
  const auto output =
      run(way, "i=1; while [ $i -lt 256 ]; do printf \"\\\\$(printf %o $i)\"; i=$((i+1)); done; printf '\\000'");
  if (!output) FAIL(to_string(output.error()));
  std::string all;
  for (int i = 1; i <= 256; ++i) all += static_cast<char>(i % 256);
  CHECK(output->text == all);
}

TEST_CASE("every way: programs run one after the other in one shell") {
  Way way = way_for(any_way());
  INFO(way.name);
  const auto text = await([](Way& how) -> asio::awaitable<std::string> {
    auto shell = co_await how.open();
    if (!shell) co_return to_string(shell.error());
    std::string all;
    for (int i = 0; i < 20; ++i) {
      const std::string program = "n=$((${n:-0} + 1)); echo $n";
      const auto output = co_await (*shell)->run(program, RunLimits{});
      if (!output) co_return to_string(output.error());
      all += output->text.substr(0, output->text.find('\n'));
    }
    how.client.reset();
    co_return all;
  }(way));
  CHECK(text == "1234567891011121314151617181920");
}

TEST_CASE("every way: a program that never ends, or never stops printing, ends at its limits") {
  Way way = way_for(any_way());
  INFO(way.name);
  const auto began = std::chrono::steady_clock::now();
  const auto hung = run(way, "sleep 60", {.time = 300ms});
  REQUIRE_FALSE(hung);
  CHECK(hung.error().kind == ErrorKind::timeout);
  const auto flood = run(way, "while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done",
                         {.time = 20s, .bytes = 200'000});
  REQUIRE_FALSE(flood);
  CHECK(flood.error().kind == ErrorKind::protocol);
  CHECK(std::chrono::steady_clock::now() - began < 15s);
}

TEST_CASE("every way: a shell that dies leaves an unknown state, with its last words") {
  Way way = way_for(any_way());
  INFO(way.name);
  const auto died = run(way, "echo last words >&2; kill -9 $$");
  REQUIRE_FALSE(died);
  CHECK(died.error().kind == ErrorKind::protocol);
  INFO(to_string(died.error()));
  CHECK(died.error().message.find("last words") != std::string::npos);
  const auto broken = run(way, "if then");
  REQUIRE_FALSE(broken);
  CHECK(broken.error().kind == ErrorKind::protocol);
}

TEST_CASE("every way: closing from outside ends a run that waits") {
  Way way = way_for(any_way());
  INFO(way.name);
  const bool failed = await([](Way& how) -> asio::awaitable<bool> {
    auto shell = co_await how.open();
    if (!shell) co_return false;
    asio::steady_timer timer(co_await asio::this_coro::executor, 100ms);
    timer.async_wait([&](std::error_code) { (*shell)->close(); });
    const std::string program = "sleep 60";
    const auto output = co_await (*shell)->run(program, RunLimits{});
    (*shell)->close();
    how.client.reset();
    co_return !output.ok();
  }(way));
  CHECK(failed);
}

TEST_CASE("a container that is not there is named") {
  Way way = way_for("engine stand-in");
  way.container.name = "absent";
  const auto output = run(way, "true");
  REQUIRE_FALSE(output);
  CHECK(output.error().message.find("no container \"absent\"") != std::string::npos);
  way.container.name = "--privileged";
  CHECK(run(way, "true").error().kind == ErrorKind::usage);
}

TEST_CASE("a real container engine runs the same shell") {
  if (!have("busybox")) SKIP("busybox is not installed");
  Way way = way_for("docker");
  const auto output = run(way, "id -u; cat");
  sh("docker rm -f " + way.container.name + "; docker rmi " + way.container.name);
  if (!output) FAIL(to_string(output.error()));
  CHECK(output->text == "0\n");
}
