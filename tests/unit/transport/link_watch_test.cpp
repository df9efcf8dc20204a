#include "transport/ssh/link_watch.h"

#include <catch2/catch_test_macros.hpp>

using namespace rf;
using Verdict = LinkWatch::Verdict;

TEST_CASE("a link is cut when all keep-alives stay unanswered, and not before") {
  LinkWatch watch(3);
  CHECK(watch.look({.arrived = 10, .sent = 5, .unsent = 0}) == Verdict::alive);
  for (int i = 0; i < 3; ++i) CHECK(watch.look({.arrived = 10, .sent = 5, .unsent = 0}) == Verdict::ask);
  CHECK(watch.look({.arrived = 10, .sent = 5, .unsent = 0}) == Verdict::cut);
}

TEST_CASE("whatever arrives begins the count again") {
  LinkWatch watch(1);
  watch.look({.arrived = 10});
  for (std::uint64_t i = 11; i < 20; ++i) {
    CHECK(watch.look({.arrived = i}) == Verdict::alive);
    CHECK(watch.look({.arrived = i}) == Verdict::ask);
  }
}

TEST_CASE("a far side whose system takes keep-alives and whose server hangs is cut off") {
  LinkWatch watch(2);
  watch.look({.arrived = 10, .sent = 100});
  CHECK(watch.look({.arrived = 10, .sent = 100}) == Verdict::ask);
  CHECK(watch.look({.arrived = 10, .sent = 160}) == Verdict::ask);
  CHECK(watch.look({.arrived = 10, .sent = 220}) == Verdict::cut);
}

TEST_CASE("a slow link that still takes bytes is not cut, and no keep-alive waits behind them") {
  LinkWatch watch(1);
  watch.look({.arrived = 10, .sent = 1000, .unsent = 900});
  CHECK(watch.look({.arrived = 10, .sent = 1000, .unsent = 800}) == Verdict::alive);
  CHECK(watch.look({.arrived = 10, .sent = 1500, .unsent = 1290}) == Verdict::alive);  // 10 of them went
  CHECK(watch.look({.arrived = 10, .sent = 1500, .unsent = 1290}) == Verdict::wait);
  CHECK(watch.look({.arrived = 10, .sent = 1500, .unsent = 1290}) == Verdict::cut);
}

TEST_CASE("without patience the first silence cuts the link") {
  LinkWatch watch(0);
  CHECK(watch.look({.arrived = 10}) == Verdict::alive);
  CHECK(watch.look({.arrived = 10}) == Verdict::cut);
}
