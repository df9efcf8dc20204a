// A transaction of an earlier run that has not ended, before another one changes the node.
#pragma once
#include <asio/awaitable.hpp>
#include <optional>

#include "apply/apply.h"

namespace rf {

// What comes first. A plan is made from files as they are, and they may be about to change.
enum class BeforeChange {
  nothing,
  wait,       // its worker is alive: its end is waited for
  take_over,  // its worker is gone: the node puts back what it left, or finishes what was applied
  only_retry  // it is stuck: the worker of the next transaction tries once more to put it back
};
BeforeChange before_change(const Facts& facts);

// Waits or takes over where that comes first. How that transaction ended; nothing where nothing was done and the facts
// still hold.
asio::awaitable<Result<std::optional<Applied>>> end_unfinished(Shell& shell, const Facts& facts,
                                                               const FactsQuery& query);

// "Nothing to change" is no answer while one is unfinished. Error of kind refused, with the reason.
Result<void> check_ended(const Facts& facts);

}  // namespace rf
