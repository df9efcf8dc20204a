#include "transport/intake.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

using namespace rf;

namespace {

// How many bytes are taken, in pieces of this size, before the server is given up; `delivered` of each piece go on to a channel.
std::size_t taken(Intake& intake, std::size_t piece, std::size_t delivered, std::size_t most) {
  const std::string bytes(piece, 'x');
  std::size_t count = 0;
  while (count < most && intake.take(bytes)) {
    intake.deliver(delivered);
    count += piece;
  }
  return count;
}

Intake logged_in() {
  Intake intake;
  REQUIRE(intake.take("SSH-2.0-OpenSSH_9.9\r\n"));
  intake.log_in();
  return intake;
}

}  // namespace

TEST_CASE("a banner is found wherever it is cut, behind other lines") {
  Intake intake;
  for (const char byte : std::string("hello\r\nnot SSH-2\nSSH")) {
    REQUIRE(intake.take({&byte, 1}));
    CHECK_FALSE(intake.saw_banner());
  }
  REQUIRE(intake.take("-2.0-x"));
  CHECK(intake.saw_banner());
}

TEST_CASE("what comes before the banner, and before the log-in, has an end") {
  Intake talker;
  CHECK(taken(talker, 100, 0, 1u << 20) <= Intake::longest_banner);
  CHECK(std::string(talker.fault()).find("before its ssh banner") != std::string::npos);
  Intake greeted;
  REQUIRE(greeted.take("SSH-2.0-x\n"));
  CHECK(taken(greeted, 1000, 0, 8u << 20) <= Intake::most_before_log_in);
  CHECK(std::string(greeted.fault()).find("before authentication") != std::string::npos);
}

TEST_CASE("after the log-in what goes on to channels may be any amount, and the rest may not") {
  auto useful = logged_in();
  CHECK(taken(useful, 64, 1, 1u << 28) >= 1u << 28);  // a byte in each packet
  CHECK(useful.fault() == nullptr);
  auto useless = logged_in();
  CHECK(taken(useless, 65'536, 0, 1u << 30) <= Intake::most_undelivered);
  CHECK(std::string(useless.fault()).find("nobody asked for") != std::string::npos);
}

TEST_CASE("a turn ends when enough has come") {
  auto intake = logged_in();
  intake.begin_turn();
  CHECK(intake.room());
  REQUIRE(intake.take(std::string(Intake::most_in_a_turn, 'x')));
  CHECK_FALSE(intake.room());
  intake.begin_turn();
  CHECK(intake.room());
}
