// Which transactions are in effect, and which of them a rollback undoes.
#include "node/history.h"

#include <catch2/catch_test_macros.hpp>

using namespace rf;

namespace {

using What = UndoTarget::What;

// A node's receipts, the oldest first: ids t1, t2, ...
struct History {
  Facts facts;

  ReceiptSummary& add(std::string run, std::vector<std::string> paths) {
    const int number = facts.receipts.empty() ? 1 : facts.receipts.back().sequence + 1;
    ReceiptSummary receipt;
    receipt.sequence = number;
    receipt.id = "t" + std::to_string(number);
    receipt.run = std::move(run);
    receipt.result = ReceiptResult::applied;
    for (auto& path : paths) receipt.files.push_back({.path = std::move(path), .before = "a", .after = "b"});
    facts.receipts.push_back(std::move(receipt));
    return facts.receipts.back();
  }
  History& change(std::string run, std::vector<std::string> paths = {"/f"}) {
    add(std::move(run), std::move(paths));
    return *this;
  }
  History& rollback_of(std::vector<std::string> ids, std::vector<std::string> paths = {"/f"}) {
    add("back", std::move(paths)).undoes = std::move(ids);
    return *this;
  }
  History& failed() {
    add("bad", {"/f"}).result = ReceiptResult::rolled_back;
    return *this;
  }
  // As the node does with a target, so that the next one begins from there.
  void undo(const UndoTarget& target) {
    const auto undo = choose_undo(facts, target);
    REQUIRE(undo.ok());
    std::vector<std::string> ids;
    for (const auto& receipt : undo->undone) ids.push_back(receipt.id);
    rollback_of(ids);
  }
};

std::vector<std::string> ids_of(const std::vector<ReceiptSummary>& receipts) {
  std::vector<std::string> ids;
  for (const auto& receipt : receipts) ids.push_back(receipt.id);
  return ids;
}
using Ids = std::vector<std::string>;

Ids undone(const History& history, const UndoTarget& target = {}) {
  const auto undo = choose_undo(history.facts, target);
  REQUIRE(undo.ok());
  return ids_of(undo->undone);
}
Undo undo_of(const History& history, const UndoTarget& target = {}) {
  auto undo = choose_undo(history.facts, target);
  REQUIRE(undo.ok());
  return *std::move(undo);
}

}  // namespace

TEST_CASE("each rollback goes back by one more, and never forward again") {
  History history;
  history.change("r1").change("r2").failed().change("r4");
  for (const auto* const id : {"t4", "t2", "t1"}) {
    CHECK(undone(history) == Ids{id});
    history.undo({});
  }
  const auto nothing = undo_of(history);
  CHECK(nothing.undone.empty());
  CHECK(nothing.nothing == Undo::Nothing::undone_already);
  CHECK(transactions_in_effect(history.facts).size() == 3);  // the rollbacks
}

TEST_CASE("after a rollback and a new change, that change is the latest, and then the one that was left") {
  History history;
  history.change("r1").change("r2").rollback_of({"t2"}).change("r4");
  CHECK(undone(history) == Ids{"t4"});
  history.undo({});
  CHECK(undone(history) == Ids{"t1"});
}

TEST_CASE("a rollback that is undone itself undoes nothing any more") {
  History history;
  history.change("r1").change("r2").rollback_of({"t2"}).rollback_of({"t3"});
  CHECK(ids_of(transactions_in_effect(history.facts)) == Ids{"t1", "t2", "t4"});
  CHECK(undone(history) == Ids{"t2"});
}

TEST_CASE("it is said which state a node comes back to") {
  History history;
  history.change("r1").change("r2").change("r3");
  CHECK(undo_of(history).reached->id == "t2");
  CHECK_FALSE(undo_of(history).to_first);
  history.undo({});
  CHECK(undo_of(history).reached->id == "t1");
  history.undo({});
  CHECK(undo_of(history).to_first);
  CHECK_FALSE(undo_of(history).reached);
  CHECK(undo_of(history, {.what = What::first}).to_first);
  // Of a number that was undone already: the state before it.
  CHECK(undo_of(history, {.what = What::from, .which = "2"}).reached->id == "t1");
}

TEST_CASE("where receipts went in between, the state that is reached is not known") {
  History history;
  history.change("r1").change("r2").change("r3");
  history.facts.receipts.erase(history.facts.receipts.begin() + 1);
  const auto undo = undo_of(history);
  CHECK(ids_of(undo.undone) == Ids{"t3"});
  CHECK_FALSE(undo.to_first);
  CHECK_FALSE(undo.reached);
}

TEST_CASE("a number or an id stands for that transaction and all later ones, first for all") {
  History history;
  history.change("r1").change("r2").rollback_of({"t2"}).change("r4");
  CHECK(undone(history, {.what = What::from, .which = "2"}) == Ids{"t2", "t3", "t4"});
  CHECK(undone(history, {.what = What::from, .which = "t4"}) == Ids{"t4"});
  CHECK(undone(history, {.what = What::first}) == Ids{"t1", "t2", "t3", "t4"});
  const auto none = choose_undo(history.facts, {.what = What::from, .which = "9"});
  REQUIRE_FALSE(none.ok());
  CHECK(none.error().kind == ErrorKind::refused);
  CHECK(undo_of(history).newest == "t4");
}

TEST_CASE("a run is undone alone, also in the middle, unless a later one wrote to the same file") {
  History history;
  history.change("r1", {"/a"}).change("r2", {"/b"}).change("r3", {"/c", "/b2"});
  const auto undo = undo_of(history, {.what = What::run, .which = "r2"});
  CHECK(ids_of(undo.undone) == Ids{"t2"});
  CHECK(ids_of(undo.kept) == Ids{"t3"});
  CHECK_FALSE(undo.reached);
  history.change("r4", {"/b"});
  const auto refused = choose_undo(history.facts, {.what = What::run, .which = "r2"});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message == "a later change wrote to /b too: run r4");
  CHECK(refused.error().hint.find("--undo 2") != std::string::npos);
  // What is undone does not stand in the way.
  history.rollback_of({"t4"}, {"/b"});
  CHECK(undone(history, {.what = What::run, .which = "r2"}) == Ids{"t2"});
}

TEST_CASE("a run that changed nothing here is told from one that is undone") {
  History history;
  CHECK(undo_of(history).nothing == Undo::Nothing::never_changed);
  CHECK(undo_of(history, {.what = What::run, .which = "r1"}).nothing == Undo::Nothing::never_changed);
  history.change("r1").rollback_of({"t1"});
  CHECK(undo_of(history, {.what = What::run, .which = "r1"}).nothing == Undo::Nothing::undone_already);
  CHECK(undo_of(history, {.what = What::run, .which = "r9"}).nothing == Undo::Nothing::not_in_run);
  // A rollback is a run, too.
  CHECK(undone(history, {.what = What::run, .which = "back"}) == Ids{"t2"});
}

TEST_CASE("a directory that two made is no file in common, and a change without files is none") {
  History history;
  history.change("r1", {"/a"}).change("r2", {"/b"});
  for (auto& receipt : history.facts.receipts) receipt.files.push_back({.path = "/d", .before = "-", .after = "-"});
  CHECK(undone(history, {.what = What::run, .which = "r1"}) == Ids{"t1"});
  history.change("r3", {});
  CHECK(undone(history) == Ids{"t2"});
}

TEST_CASE("a change that settles is in effect") {
  History history;
  history.change("r1");
  history.facts.receipts.back().result = ReceiptResult::settling;
  CHECK(undone(history) == Ids{"t1"});
}

TEST_CASE("a receipt is described by its run, what it did, who and when") {
  ReceiptSummary receipt;
  receipt.id = "t1";
  CHECK(describe(receipt) == "transaction t1");
  receipt.reason = "apply of x.yaml";
  receipt.time = "2026-11-25T12:00:00Z";
  CHECK(describe(receipt) == "transaction t1 (apply of x.yaml, 2026-11-25T12:00:00Z)");
  receipt.run = "1f2e3d4c";
  receipt.by = "ana@laptop";
  CHECK(describe(receipt) == "run 1f2e3d4c (apply of x.yaml by ana@laptop, 2026-11-25T12:00:00Z)");
}
