// What to say of each cause of a failed pull. Internal to the room.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "diagnose/pull_message.h"
#include "diagnose/view.h"

namespace rf {

// The page of findings that says more, "" for none, and further findings that bear on the cause although they are
// notes.
struct PullPages {
  std::string_view rule;
  std::span<const std::string_view> notes;
};
PullPages pages_of(PullCause cause);

// The next thing to do. `chain` and `endpoint` may be null where the node's are not known.
std::string pull_fix(const PullFailure& failure, const View& view, const Chain* chain, const ChainEndpoint* endpoint);

}  // namespace rf
