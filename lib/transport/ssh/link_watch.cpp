#include "transport/ssh/link_watch.h"

#include <utility>

namespace rf {

LinkWatch::Verdict LinkWatch::look(const Traffic& now) {
  const Traffic before = std::exchange(before_, now);
  // A slow link that still takes bytes is not cut, though the far side has nothing to say before it has all of them.
  // That its system took a small packet at once says nothing: it does so for a server that hangs.
  const bool taken = before.unsent > 0 && now.sent - now.unsent > before.sent - before.unsent;
  if (now.arrived != before.arrived || taken) {
    unanswered_ = 0;
    return Verdict::alive;
  }
  if (++unanswered_ > most_unanswered_) return Verdict::cut;
  return now.unsent > 0 ? Verdict::wait : Verdict::ask;
}

}  // namespace rf
