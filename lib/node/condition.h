// Whether a node serves images at all, before any chain is asked about.
#pragma once
#include <optional>
#include <string_view>

#include "base/result.h"
#include "node/profile.h"

namespace rf {

struct NodeCondition {
  enum class Kind {
    serves_nothing,    // no pull succeeds, whatever the chain is
    next_start_fails,  // it goes on with what it was started with, until it is started again
  } kind = Kind::serves_nothing;
  Error error;  // why; with the line that is to blame, and the next step
};
std::string_view to_string(NodeCondition::Kind kind);  // "serves-nothing"

// Of files alone, which tell of no process.
std::optional<NodeCondition> condition_of(const EffectiveConfig& config);
// Of a node, whose configuration may be looked at otherwise than `detection` did.
std::optional<NodeCondition> condition_of(const Detection& detection, const EffectiveConfig& config);

}  // namespace rf
