// What became of a node: the outcome of a transaction and what it said on its way.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/facts.h"

namespace rf {

enum class Outcome {
  unchanged,    // nothing was to be done
  applied,      // the new state, and the runtime is well
  conflict,     // a file changed since the plan; nothing was done
  rolled_back,  // the change failed; the node is as it was
  stuck,        // the change failed and so did putting it back: a person is needed
  unreachable,  // the node was not reached; nothing was done
};
std::string_view to_string(Outcome outcome);  // "rolled-back"

// As it happens.
struct ApplyEvent {
  enum class Kind { step, warning, error };
  Kind kind = Kind::step;
  std::string text;  // of a step: check, stage, validate, commit, restart, health, finish, rollback
  bool operator==(const ApplyEvent&) const = default;
};

struct Applied {
  Outcome outcome = Outcome::unchanged;
  std::string id;          // of the transaction; the receipt with this id is in facts_after
  std::string cause = {};  // why it is not applied
  std::vector<std::string> warnings = {};
  bool settling = false;  // applied so far: the node watches its runtime on, and puts the old state back when that dies
  std::vector<std::string> undone = {};  // of a rollback: "SEQUENCE-ID" of what it undid, oldest first
  std::optional<Facts> facts_after =
      {};  // read by the same script when the transaction had ended; see complete_facts()
};

}  // namespace rf
