// When a link counts as cut: what is looked at once an interval, and what follows from it. Pure.
#pragma once
#include <cstdint>

namespace rf {

class LinkWatch {
 public:
  // `most_unanswered`: so many keep-alives may stay without an answer for an interval each.
  explicit LinkWatch(int most_unanswered) : most_unanswered_(most_unanswered) {}

  // Bytes since the connection was made.
  struct Traffic {
    std::uint64_t arrived = 0;  // read, or waiting to be read
    std::uint64_t sent = 0;     // handed to the system
    std::uint64_t unsent = 0;   // of them, what the far side's system has not taken yet
  };
  enum class Verdict {
    alive,
    ask,   // nothing was heard: a keep-alive is to be sent
    wait,  // as `ask`, but what was sent before has not left yet: a keep-alive would only stand in line
    cut,
  };
  Verdict look(const Traffic& now);

 private:
  const int most_unanswered_;
  int unanswered_ = 0;
  Traffic before_ = {};
};

}  // namespace rf
