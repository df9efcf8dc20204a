#include "transport/ssh/server_limits.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

using namespace rf;

namespace {

// How many bytes are taken, in pieces of this size, before the server is given up; `delivered` of each piece go on to a
// channel.
std::size_t taken(ServerLimits& limits, std::size_t piece, std::size_t delivered, std::size_t most) {
  const std::string bytes(piece, 'x');
  std::size_t count = 0;
  while (count < most && limits.take(bytes)) {
    limits.deliver(delivered);
    count += piece;
  }
  return count;
}

ServerLimits logged_in() {
  ServerLimits limits;
  REQUIRE(limits.take("SSH-2.0-OpenSSH_9.9\r\n"));
  limits.log_in();
  return limits;
}

}  // namespace

TEST_CASE("a banner is found wherever it is cut, behind other lines") {
  ServerLimits limits;
  for (const char byte : std::string("hello\r\nnot SSH-2\nSSH")) {
    REQUIRE(limits.take({&byte, 1}));
    CHECK_FALSE(limits.saw_banner());
  }
  REQUIRE(limits.take("-2.0-x"));
  CHECK(limits.saw_banner());
}

TEST_CASE("what comes before the banner, and before the log-in, has an end") {
  ServerLimits talker;
  CHECK(taken(talker, 100, 0, 1u << 20) <= ServerLimits::longest_banner);
  CHECK(std::string(talker.fault()).find("before its ssh banner") != std::string::npos);
  ServerLimits greeted;
  REQUIRE(greeted.take("SSH-2.0-x\n"));
  CHECK(taken(greeted, 1000, 0, 8u << 20) <= ServerLimits::most_before_log_in);
  CHECK(std::string(greeted.fault()).find("before authentication") != std::string::npos);
}

TEST_CASE("after the log-in what goes on to channels may be any amount, and the rest may not") {
  auto useful = logged_in();
  CHECK(taken(useful, 64, 1, 1u << 28) >= 1u << 28);  // a byte in each packet
  CHECK(useful.fault() == nullptr);
  auto useless = logged_in();
  CHECK(taken(useless, 65'536, 0, 1u << 30) <= ServerLimits::most_undelivered);
  CHECK(std::string(useless.fault()).find("unrequested data") != std::string::npos);
}

TEST_CASE("a turn ends when enough has come") {
  auto limits = logged_in();
  limits.begin_turn();
  CHECK(limits.room());
  REQUIRE(limits.take(std::string(ServerLimits::most_in_a_turn, 'x')));
  CHECK_FALSE(limits.room());
  limits.begin_turn();
  CHECK(limits.room());
}
