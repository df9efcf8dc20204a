// What became of a node, in one vocabulary: the last line of the node's worker, the result of a run, the table and JSON
// of a report, and the exit code all say these words. Pure.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "node/facts.h"

namespace rf {

enum class Outcome {
  unchanged,    // it was as it should be
  applied,      // the new state, and the runtime is well
  not_begun,    // its turn did not come, or its transaction never began; nothing was done
  unreachable,  // nothing was done
  refused,      // a rule of ours or a missing ability forbids it; nothing was done
  busy,         // another transaction is under way; nothing was done
  conflict,     // a file changed since the plan; nothing was done
  rolled_back,  // the change failed; the node is as it was
  unknown,      // the connection was lost on the way; the node ends the transaction without us
  stuck,        // neither new nor old: the change failed and so did putting it back; a person is needed
};
std::string_view to_string(Outcome outcome);  // "rolled-back"

// Of the worker's last line, "end WORD"; nothing for a word that is not one of its own.
std::optional<Outcome> outcome_of_end(std::string_view word);
// Of an Error before the change was sent; and after, when it may have begun.
Outcome outcome_before(const Error& error);
Outcome outcome_after(const Error& error);

// As it happens.
struct ApplyEvent {
  enum class Kind { step, warning, error };
  Kind kind = Kind::step;
  std::string text;  // of a step: check, stage, validate, commit, restart, health, finish, rollback
  bool operator==(const ApplyEvent&) const = default;
};

// How a transaction ended, as its node told.
struct Applied {
  Outcome outcome = Outcome::unchanged;
  std::string id;          // of the transaction; the receipt with this id is in facts_after
  std::string cause = {};  // why it is not applied
  std::vector<std::string> warnings = {};
  bool settling = false;  // applied so far: the node watches its runtime on, and puts the old state back when that dies
  std::optional<Facts> facts_after =
      {};  // read by the same script when the transaction had ended; see complete_facts()
};

// "was rolled back", "has been applied", ...
std::string_view how_it_ended(const Applied& ended);

// What a run did to one node.
struct NodeResult {
  Outcome outcome = Outcome::not_begun;
  std::optional<Error> error = {};
  std::string detail = {};            // one line of the node's: why it was rolled back, warnings
  std::string transaction = {};       // id of its receipt, "" when nothing was done
  std::optional<bool> verified = {};  // planning again from the node's facts gave an empty plan; nothing: not looked at
  bool restarted = false;
  int milliseconds = 0;
};
// What a transaction told, as a result; `verified` is for the caller.
void settle(NodeResult& result, const Result<Applied>& applied);
// As it should be, by all that was looked at.
bool is_well(const NodeResult& result);

// What a run over many nodes comes to, the worst first: one node decides.
enum class Verdict {
  needs_person,     // a node is stuck, or its state is not known
  interrupted,      // the user ended the run
  not_as_declared,  // a node was changed, and planning again shows more changes
  failed,           // a node is in its old state, or was not reached
  well,
};
enum class RunEnd { complete, interrupted };
Verdict verdict_of(std::span<const NodeResult> results, RunEnd end);

}  // namespace rf
