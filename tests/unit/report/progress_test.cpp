#include <catch2/catch_test_macros.hpp>

#include "report/progress.h"

using namespace rf;

TEST_CASE("progress has one line a node, in the order of the nodes") {
  Progress progress({"anubis", "ra"});
  CHECK(progress.set(1, Mark::busy, "connecting"));
  CHECK_FALSE(progress.set(1, Mark::busy, "connecting"));
  CHECK(progress.set(0, Mark::good, "unchanged"));
  CHECK(progress.picture({.width = 40}, 10) == "= anubis  unchanged\n> ra      connecting\n");
  CHECK(progress.line(1) == "ra: connecting\n");
}

TEST_CASE("no line of progress is wider than the terminal") {
  Progress progress({"anubis"});
  progress.set(0, Mark::bad, std::string(300, 'x'));
  CHECK(display_width(progress.picture({.width = 30}, 10)) <= 30 + 1);
}

TEST_CASE("with more nodes than lines the busy and the failed ones are shown and the rest is counted") {
  Progress progress({"a", "b", "c", "d", "e"});
  progress.set(0, Mark::good, "unchanged");
  progress.set(2, Mark::bad, "refused");
  progress.set(3, Mark::busy, "connecting");
  CHECK(progress.picture({.width = 80}, 3) ==
        "> d  connecting\n! c  refused\n  5 nodes: 2 waiting, 1 busy, 1 done, 1 failed\n");
}

TEST_CASE("what a node says cannot move the cursor") {
  Progress progress({"a\x1b[1A"});
  progress.set(0, Mark::busy, "x\r\x1b[2Ky\n");
  CHECK(progress.picture({.width = 80}, 3).find('\x1b') == std::string::npos);
  CHECK(progress.picture({.width = 80}, 3).find('\r') == std::string::npos);
}
