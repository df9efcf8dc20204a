#include "run/questions.h"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "fake_nodes.h"
#include "transport/shell/question.h"

using namespace rf;
using namespace std::chrono_literals;

namespace {

struct Told : RunObserver {
  void asking() override { told.emplace_back("asking"); }
  void answered() override { told.emplace_back("answered"); }
  std::vector<std::string> told;
};

// A person who takes a while, and keeps what was asked and in which thread.
struct Person {
  std::atomic<int> open{0}, most_open{0};
  std::vector<std::string> asked;
  std::vector<std::thread::id> threads;

  std::function<Result<std::string>()> asked_for(std::string what, Result<std::string> answer) {
    return [this, what = std::move(what), answer = std::move(answer)] {
      most_open = std::max(most_open.load(), ++open);
      asked.push_back(what);
      threads.push_back(std::this_thread::get_id());
      std::this_thread::sleep_for(100ms);
      --open;
      return answer;
    };
  }
};

struct Answers {
  std::vector<Result<std::string>> got;
  int ticks = 0;
};

// Asks all at once; counts how often the loop came round meanwhile.
Answers ask_all(Told& told, const std::vector<std::function<Result<std::string>()>>& questions) {
  Answers answers;
  asio::io_context loop(1);
  Questions line(loop.get_executor(), told);
  const auto one = [&](std::function<Result<std::string>()> person) -> asio::awaitable<void> {
    auto answer = co_await line.ask<std::string>(std::move(person));
    answers.got.push_back(std::move(answer));
  };
  const auto tick = [&]() -> asio::awaitable<void> {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    while (answers.got.size() < questions.size()) {
      timer.expires_after(1ms);
      co_await timer.async_wait(asio::use_awaitable);
      ++answers.ticks;
    }
  };
  for (const auto& question : questions) asio::co_spawn(loop, one(question), [](std::exception_ptr) {});
  asio::co_spawn(loop, tick(), [](std::exception_ptr) {});
  loop.run();
  return answers;
}

}  // namespace

TEST_CASE("questions come one at a time, in order, in a thread of their own, and the loop goes on") {
  Told told;
  Person person;
  const auto answers = ask_all(told, {person.asked_for("a", std::string("1")), person.asked_for("b", std::string("2")),
                                      person.asked_for("c", Error{.kind = ErrorKind::auth, .message = "no answer"})});
  CHECK(person.asked == std::vector<std::string>{"a", "b", "c"});
  CHECK(person.most_open == 1);
  CHECK(person.threads.front() != std::this_thread::get_id());
  REQUIRE(answers.got.size() == 3);
  CHECK(*answers.got[0] == "1");
  CHECK(*answers.got[1] == "2");
  CHECK(answers.got[2].error().message == "no answer");
  CHECK(answers.ticks > 10);
  CHECK(told.told == std::vector<std::string>{"asking", "answered"});
}

TEST_CASE("after an interrupted question no other one is asked") {
  Told told;
  Person person;
  const auto answers = ask_all(told, {person.asked_for("a", Error{.kind = ErrorKind::interrupted, .message = "Ctrl-C"}),
                                      person.asked_for("b", std::string("2"))});
  CHECK(person.asked == std::vector<std::string>{"a"});
  REQUIRE(answers.got.size() == 2);
  CHECK(answers.got[1].error().kind == ErrorKind::interrupted);
  CHECK(told.told == std::vector<std::string>{"asking", "answered"});
}

TEST_CASE("who asked may be gone before the answer") {
  Told told;
  std::atomic<bool> ended{false};
  {
    asio::io_context loop(1);
    Questions line(loop.get_executor(), told);
    asio::co_spawn(
        loop,
        [&]() -> asio::awaitable<void> {
          std::function<Result<std::string>()> slow = [&ended]() -> Result<std::string> {
            std::this_thread::sleep_for(200ms);
            ended = true;
            return std::string("late");
          };
          co_await line.ask<std::string>(std::move(slow));
        },
        [](std::exception_ptr) {});
    loop.run_for(50ms);
  }
  CHECK(ended);
}

TEST_CASE("a question to the user of a run leaves its connections to the loop") {
  test::FakeNodes nodes{{{"a", {}}}};
  auto run = test::run_over(nodes);
  std::thread::id asked_in;
  run.while_open([&] { asked_in = std::this_thread::get_id(); });
  CHECK(asked_in != std::thread::id());
  CHECK(asked_in != std::this_thread::get_id());
  run.while_open([&] { asked_in = {}; });
  CHECK(asked_in == std::thread::id());
}

TEST_CASE("the sudo password is asked for once, and all nodes get the answer") {
  asio::io_context loop(1);
  int asked = 0;
  std::vector<std::string> got;
  SudoPassword sudo([&](SecretQuestion question) -> asio::awaitable<Result<Secret>> {
    ++asked;
    asio::steady_timer timer(co_await asio::this_coro::executor, 20ms);
    co_await timer.async_wait(asio::use_awaitable);
    co_return Secret(question.node);
  });
  CHECK_FALSE(sudo.known());
  const auto want = [&](std::string node) -> asio::awaitable<void> {
    const auto password = co_await sudo.get(std::move(node));
    got.push_back(password ? std::string(password->expose()) : "none");
  };
  for (const auto* node : {"a", "b", "c"}) asio::co_spawn(loop, want(node), [](std::exception_ptr) {});
  loop.run();
  CHECK(asked == 1);
  CHECK(got == std::vector<std::string>(3, "a"));
  CHECK(sudo.known());
}
