#include "transport/shell/child.h"

#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <chrono>

#include "loop.h"

using namespace rf;
using namespace std::chrono_literals;

namespace {

// Ends the whole program where a fault would wait for ever.
struct Watchdog {
  Watchdog() { alarm(30); }
  ~Watchdog() { alarm(0); }
};

Result<Output> run_on(std::vector<std::string> argv, RunLimits limits) {
  return await([](std::vector<std::string> words, RunLimits most) -> asio::awaitable<Result<Output>> {
    ChildCommand command;
    command.argv = std::move(words);
    RF_CO_TRY(auto stream, spawn_child(co_await asio::this_coro::executor, command));
    Shell shell(std::move(stream));
    co_return co_await shell.run("echo fine", most);
  }(std::move(argv), limits));
}

}  // namespace

TEST_CASE("a child that complains without end meets its time limit") {
  const Watchdog watchdog;
  const auto began = std::chrono::steady_clock::now();
  const auto output = run_on({"/bin/sh", "-c", "yes complaint >&2; :"}, {.time = 300ms});
  REQUIRE_FALSE(output);
  CHECK(output.error().kind == ErrorKind::timeout);
  CHECK(std::chrono::steady_clock::now() - began < 5s);
}

TEST_CASE("a program whose output is captured is ended at its time, and at its size") {
  const Watchdog watchdog;
  for (const char* program : {"yes >&2; :", "exec yes", "exec sleep 60"}) {
    INFO(program);
    ChildCommand command;
    command.argv = {"/bin/sh", "-c", program};
    const auto output = await(capture_child(command, 300ms));
    REQUIRE_FALSE(output);
    CHECK(output.error().kind == ErrorKind::timeout);
  }
}

TEST_CASE("a shell behind a child gives a program's text, exit status and complaint apart") {
  const Watchdog watchdog;
  const auto output = await([]() -> asio::awaitable<Result<Output>> {
    ChildCommand command;
    command.argv = {"/bin/sh", "-s"};
    RF_CO_TRY(auto stream, spawn_child(co_await asio::this_coro::executor, command));
    Shell shell(std::move(stream));
    co_return co_await shell.run("echo out; echo err >&2; (exit 7)", {.time = 10s});
  }());
  REQUIRE(output);
  CHECK(output->text == "out\n");
  CHECK(output->rc == 7);
  CHECK(output->complaint == "err\n");
}

TEST_CASE("a child has our environment, but for the variables that it is given") {
  const Watchdog watchdog;
  REQUIRE(setenv("RF_TEST_OURS", "ours", 1) == 0);
  REQUIRE(setenv("RF_TEST_REPLACED", "ours", 1) == 0);
  ChildCommand command;
  command.argv = {"/bin/sh", "-c", "echo $RF_TEST_OURS $RF_TEST_REPLACED $RF_TEST_NEW"};
  command.environment = {"RF_TEST_REPLACED=its own", "RF_TEST_NEW=new"};
  const auto output = await(capture_child(command, 10s));
  unsetenv("RF_TEST_OURS");
  unsetenv("RF_TEST_REPLACED");
  REQUIRE(output);
  CHECK(output->text == "ours its own new\n");
}
