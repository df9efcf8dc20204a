// The transactions of a node by its receipts: which are in effect, and which of them a rollback undoes. Pure.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "node/facts.h"

namespace rf {

// "run 1f2e3d4c (apply of x.yaml by ana@laptop, 2026-11-25T12:00:00Z)"; of older versions, which knew no runs,
// "transaction 795f52015bfa4d54 (...)". One line, as the node gave it.
std::string describe(const ReceiptSummary& receipt);
std::string short_name(const ReceiptSummary& receipt);  // without what is in parentheses

// Which transactions a rollback undoes.
struct UndoTarget {
  enum class What {
    latest,  // the newest one in effect that is not a rollback itself
    first,   // all: the node becomes what it was before the first apply
    from,    // one, by its number or id, and all later ones
    run,     // those of one run
  } what = What::latest;
  std::string which = {};  // of `from` and `run`
};

struct Undo {
  std::vector<ReceiptSummary> undone = {};  // oldest first; empty: there is nothing to undo
  std::vector<ReceiptSummary> kept = {};    // later ones that stay in effect, oldest first
  std::string newest = {};                  // id of the newest applied one: while it is the newest, this choice holds
  // Where the node comes back to: before its first apply; or to the state after `reached`, where that is known.
  bool to_first = false;
  std::optional<ReceiptSummary> reached = {};
  // Why there is nothing to undo.
  enum class Nothing {
    never_changed,   // no transaction was ever applied
    undone_already,  // every one that was asked for is undone
    not_in_run,      // none of them is of the run
    put_back,        // the latest had not ended, and was put back before
  } nothing = Nothing::never_changed;
};

// Error of kind refused: no transaction has that number or id; or a later one that stays in effect wrote to the same
// file.
Result<Undo> choose_undo(const Facts& facts, const UndoTarget& target);

// Oldest first: what was applied and is not undone by a later rollback that is in effect. A rollback is one of them.
std::vector<ReceiptSummary> transactions_in_effect(const Facts& facts);

}  // namespace rf
