#include "node/history.h"

#include <algorithm>
#include <set>

#include "node/managed.h"

namespace rf {
namespace {

using Receipts = std::vector<ReceiptSummary>;

// Neither a rollback nor one that wrote no file.
bool is_change(const ReceiptSummary& receipt) { return receipt.undoes.empty() && !receipt.files.empty(); }

// Oldest first.
Receipts all_applied(const Facts& facts) {
  auto receipts = newest_first(facts);
  std::erase_if(receipts, [](const auto& receipt) { return !in_effect(receipt); });
  std::reverse(receipts.begin(), receipts.end());
  return receipts;
}

// A rollback names earlier transactions only, so one pass from the newest on is enough. A rollback that is undone
// itself undoes nothing any more.
Receipts without_undone(Receipts applied) {
  std::set<std::string, std::less<>> undone;
  for (auto receipt = applied.rbegin(); receipt != applied.rend(); ++receipt)
    if (!undone.contains(receipt->id)) undone.insert(receipt->undoes.begin(), receipt->undoes.end());
  std::erase_if(applied, [&](const auto& receipt) { return undone.contains(receipt.id); });
  return applied;
}

Receipts changes_of(Receipts receipts) {
  std::erase_if(receipts, [](const auto& receipt) { return !is_change(receipt); });
  return receipts;
}

bool is_target(const ReceiptSummary& receipt, const std::string& which) {
  return receipt.id == which || std::to_string(receipt.sequence) == which;
}

Result<Receipts> chosen(const Receipts& applied, const UndoTarget& target) {
  const auto in_effect_now = without_undone(applied);
  switch (target.what) {
    case UndoTarget::What::latest: {
      const auto changes = changes_of(in_effect_now);
      return changes.empty() ? Receipts{} : Receipts{changes.back()};
    }
    case UndoTarget::What::first: return applied;
    case UndoTarget::What::from: {
      const auto from = std::find_if(applied.begin(), applied.end(),
                                     [&](const auto& receipt) { return is_target(receipt, target.which); });
      if (from == applied.end())
        return Error{.kind = ErrorKind::refused,
                     .message = "no applied transaction has the number or id " + target.which,
                     .hint = "'regfallback rollback --list' lists them"};
      return Receipts(from, applied.end());
    }
    case UndoTarget::What::run: break;
  }
  Receipts of_run = in_effect_now;
  std::erase_if(of_run, [&](const auto& receipt) { return receipt.run != target.which; });
  return of_run;
}

bool is_one_of(const Receipts& receipts, const ReceiptSummary& wanted) {
  return std::any_of(receipts.begin(), receipts.end(), [&](const auto& receipt) { return receipt.id == wanted.id; });
}

std::string common_file(const ReceiptSummary& a, const ReceiptSummary& b) {
  for (const auto& file : a.files) {
    const bool directory = file.before == "-" && file.after == "-";
    const auto same = [&](const auto& other) { return other.path == file.path; };
    if (!directory && std::any_of(b.files.begin(), b.files.end(), same)) return file.path;
  }
  return "";
}

// What stays must not rest on a file that is to be put back to before it.
Result<void> check_kept(const Undo& undo) {
  for (const auto& kept : undo.kept) {
    for (const auto& undone : undo.undone) {
      const auto path = common_file(undone, kept);
      if (path.empty()) continue;
      return Error{.kind = ErrorKind::refused,
                   .message = "a later change wrote to " + path + " too: " + describe(kept),
                   .hint = "undo that one first, or both with 'regfallback rollback --undo " +
                           std::to_string(undone.sequence) + "' on this node"};
    }
  }
  return {};
}

// Sequences in between went when the history became too long, and what they changed was handed on to the first one.
bool follows(const ReceiptSummary& later, const ReceiptSummary& earlier, const Facts& facts) {
  const auto between = std::count_if(facts.receipts.begin(), facts.receipts.end(), [&](const auto& receipt) {
    return receipt.sequence > earlier.sequence && receipt.sequence < later.sequence;
  });
  return later.sequence - earlier.sequence == between + 1;
}

void set_reached(Undo& undo, const Receipts& applied, const Facts& facts) {
  const auto& oldest = undo.undone.front();
  Receipts left = applied;
  if (undo.kept.empty()) {
    // Before the oldest one that is undone, with what was in effect then.
    std::erase_if(left, [&](const auto& receipt) { return receipt.sequence >= oldest.sequence; });
    left = without_undone(std::move(left));
  } else {
    left = without_undone(std::move(left));
    std::erase_if(left, [&](const auto& receipt) { return is_one_of(undo.undone, receipt); });
  }
  left = changes_of(std::move(left));
  undo.to_first = left.empty();
  if (!left.empty() && follows(oldest, left.back(), facts)) undo.reached = left.back();
}

}  // namespace

std::string short_name(const ReceiptSummary& receipt) {
  return receipt.run.empty() ? "transaction " + receipt.id : "run " + receipt.run;
}

std::string describe(const ReceiptSummary& receipt) {
  std::string about = receipt.reason;
  if (!receipt.by.empty()) about += (about.empty() ? "by " : " by ") + receipt.by;
  if (!receipt.time.empty()) about += (about.empty() ? "" : ", ") + receipt.time;
  return short_name(receipt) + (about.empty() ? "" : " (" + about + ")");
}

std::vector<ReceiptSummary> transactions_in_effect(const Facts& facts) { return without_undone(all_applied(facts)); }

Result<Undo> choose_undo(const Facts& facts, const UndoTarget& target) {
  const auto applied = all_applied(facts);
  Undo undo;
  RF_TRY(undo.undone, chosen(applied, target));
  if (undo.undone.empty()) {
    const bool of_run =
        std::any_of(applied.begin(), applied.end(), [&](const auto& receipt) { return receipt.run == target.which; });
    undo.nothing = applied.empty()                                   ? Undo::Nothing::never_changed
                   : target.what == UndoTarget::What::run && !of_run ? Undo::Nothing::not_in_run
                                                                     : Undo::Nothing::undone_already;
    return undo;
  }
  undo.newest = applied.back().id;
  undo.kept = changes_of(transactions_in_effect(facts));
  std::erase_if(undo.kept, [&](const auto& receipt) {
    return receipt.sequence <= undo.undone.front().sequence || is_one_of(undo.undone, receipt);
  });
  RF_CHECK(check_kept(undo));
  set_reached(undo, applied, facts);
  return undo;
}

}  // namespace rf
