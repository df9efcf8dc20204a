#include "fleet/fleet.h"

#include <algorithm>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <stdexcept>

#include "fleet/loop.h"

using namespace rf;
using namespace std::chrono_literals;
using State = NodeEnd::State;

namespace {

std::vector<FleetNode> nodes(int count) {
  std::vector<FleetNode> all;
  for (int i = 0; i < count; ++i) all.push_back({"n" + std::to_string(i)});
  return all;
}

asio::awaitable<void> pause(std::chrono::milliseconds time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(asio::use_awaitable);
}

struct Ran {
  std::vector<NodeEnd> ends;
  std::vector<FleetEvent> events;
  std::vector<State> states() const {
    std::vector<State> all;
    for (const auto& end : ends) all.push_back(end.state);
    return all;
  }
};

Ran run(int count, const FleetPolicy& policy, const FleetJob& job, FleetControl& control) {
  Ran ran;
  const auto all = nodes(count);
  const OnFleetEvent on_event = [&](const FleetEvent& event) { ran.events.push_back(event); };
  ran.ends = run_loop(run_fleet(all, policy, job, on_event, control));
  return ran;
}
Ran run(int count, const FleetPolicy& policy, const FleetJob& job) {
  FleetControl control;
  return run(count, policy, job, control);
}

// Fails on the nodes given.
FleetJob failing(std::vector<std::size_t> bad) {
  return [bad = std::move(bad)](NodeRun& node) -> asio::awaitable<Result<void>> {
    const bool fails = std::find(bad.begin(), bad.end(), node.index()) != bad.end();
    co_await pause(1ms);
    if (fails) co_return Error{ErrorKind::connect, "down"};
    co_return Result<void>();
  };
}

constexpr auto ok = State::succeeded, failed = State::failed, skipped = State::skipped,
               interrupted = State::interrupted;

}  // namespace

TEST_CASE("results stand in input order, whoever ends first") {
  const Ran ran = run(4, {}, [](NodeRun& node) -> asio::awaitable<Result<void>> {
    co_await pause(std::chrono::milliseconds(8 - 2 * node.index()));
    node.progress("step " + std::to_string(node.index()));
    if (node.index() == 2) co_return Error{ErrorKind::auth, "no"};
    co_return Result<void>();
  });
  CHECK(ran.states() == std::vector{ok, ok, failed, ok});
  CHECK(ran.ends[2].error->kind == ErrorKind::auth);
  CHECK(std::count_if(ran.events.begin(), ran.events.end(),
                      [](const auto& e) { return e.kind == FleetEvent::Kind::progress; }) == 4);
  CHECK(ran.events.back().kind != FleetEvent::Kind::started);
}

TEST_CASE("no more nodes run at a time than the window lets in") {
  int now = 0, most = 0;
  const Ran ran = run(20, {.parallel = 3}, [&](NodeRun&) -> asio::awaitable<Result<void>> {
    most = std::max(most, ++now);
    co_await pause(1ms);
    --now;
    co_return Result<void>();
  });
  CHECK(most == 3);
  CHECK(ran.states() == std::vector<State>(20, ok));
}

TEST_CASE("one failure does not stop the others of a batch, but the next batch") {
  CHECK(run(3, {.parallel = 1}, failing({0})).states() == std::vector{failed, ok, ok});
  CHECK(run(4, {.serial = Share{2}}, failing({0})).states() == std::vector{failed, ok, skipped, skipped});
  CHECK(run(4, {.serial = Share{2}, .max_failures = 1}, failing({0})).states() == std::vector{failed, ok, ok, ok});
}

TEST_CASE("a failed canary leaves the rest untouched, whatever may fail") {
  const Ran ran = run(3, {.canary = 1, .max_failures = 5}, failing({0}));
  CHECK(ran.states() == std::vector{failed, skipped, skipped});
  CHECK(ran.ends[1].error->message.find("canary") != std::string::npos);
}

TEST_CASE("more failures than allowed and no further node starts, also within a batch") {
  CHECK(run(5, {.parallel = 1, .max_failures = 1}, failing({0, 1})).states() ==
        std::vector{failed, failed, skipped, skipped, skipped});
}

TEST_CASE("an orderly stop lets running nodes end and starts no other") {
  FleetControl control;
  const Ran ran = run(
      3, {.parallel = 1},
      [&](NodeRun& node) -> asio::awaitable<Result<void>> {
        control.stop();
        co_await pause(5ms);
        CHECK(node.stopping());
        co_return Result<void>();
      },
      control);
  CHECK(ran.states() == std::vector{ok, skipped, skipped});
}

TEST_CASE("the second stop ends what runs, at once") {
  FleetControl control;
  const auto began = std::chrono::steady_clock::now();
  const Ran ran = run(
      3, {},
      [&](NodeRun& node) -> asio::awaitable<Result<void>> {
        if (node.index() == 2) {
          co_await pause(5ms);
          control.stop();
          control.stop();
          co_return Result<void>();
        }
        co_await pause(60s);
        co_return Result<void>();
      },
      control);
  CHECK(ran.states() == std::vector{interrupted, interrupted, ok});
  CHECK(ran.ends[0].error->kind == ErrorKind::interrupted);
  CHECK(std::chrono::steady_clock::now() - began < 5s);
}

TEST_CASE("signals stop the run: first orderly, then now") {
  FleetControl control;
  std::vector<FleetControl::Stop> told;
  const auto all = nodes(2);
  const FleetJob job = [](NodeRun& node) -> asio::awaitable<Result<void>> {
    std::raise(SIGINT);
    while (!node.stopping()) co_await pause(1ms);
    if (node.index() == 0) std::raise(SIGTERM);
    co_await pause(60s);
    co_return Result<void>();
  };
  const FleetPolicy one{.parallel = 1};
  const OnFleetEvent no_one;
  const auto ends = run_loop([](const auto& fleet, const auto& policy, const auto& work, const auto& quiet, auto& stop,
                                auto& heard) -> asio::awaitable<std::vector<NodeEnd>> {
    const InterruptWatch watch(co_await asio::this_coro::executor, stop,
                               [&heard](FleetControl::Stop how) { heard.push_back(how); });
    co_return co_await run_fleet(fleet, policy, work, quiet, stop);
  }(all, one, job, no_one, control, told));
  CHECK(ends[0].state == interrupted);
  CHECK(ends[1].state == skipped);
  CHECK(told == std::vector{FleetControl::Stop::orderly, FleetControl::Stop::now});
}

TEST_CASE("an exception in one node's job is that node's failure") {
  const Ran ran = run(2, {}, [](NodeRun& node) -> asio::awaitable<Result<void>> {
    if (node.index() == 0) throw std::runtime_error("broken");
    co_return Result<void>();
  });
  CHECK(ran.states() == std::vector{failed, ok});
  CHECK(ran.ends[0].error->kind == ErrorKind::internal);
}

TEST_CASE("thousands of nodes pass through one window") {
  const Ran ran = run(4000, {}, failing({}));
  CHECK(std::all_of(ran.ends.begin(), ran.ends.end(), [](const NodeEnd& end) { return end.state == ok; }));
}

TEST_CASE("the limit of open files is raised as far as it goes") { CHECK(raise_file_limit(3) >= 64); }
