// What `status` says of a fleet.
#include "report/status.h"

#include <catch2/catch_test_macros.hpp>

using namespace rf;

namespace {

ReceiptSummary receipt_of(int sequence, std::string run, ReceiptResult result, std::string time) {
  ReceiptSummary receipt;
  receipt.sequence = sequence;
  receipt.id = "t" + std::to_string(sequence);
  receipt.run = std::move(run);
  receipt.result = result;
  receipt.time = std::move(time);
  receipt.files = {{.path = "/f", .before = "-", .after = "a"}};
  return receipt;
}

Facts node_with(std::vector<ReceiptSummary> receipts) {
  Facts facts;
  facts.receipts = std::move(receipts);
  return facts;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a run that is in effect on one node and was put back on another is a split fleet") {
  const auto well =
      node_with({receipt_of(1, "r1", ReceiptResult::applied, "1"), receipt_of(2, "r2", ReceiptResult::applied, "2")});
  const auto back = node_with(
      {receipt_of(1, "r1", ReceiptResult::applied, "1"), receipt_of(2, "r2", ReceiptResult::rolled_back, "2")});
  const std::vector<StatusRow> rows{{.node = "a", .facts = &well}, {.node = "b", .facts = &back}, {.node = "c"}};
  const auto split = split_of(rows);
  REQUIRE(split);
  CHECK(split->run->run == "r2");
  CHECK(split->nodes.changed == Names{"a"});
  CHECK(split->nodes.left == Names{"b"});
  CHECK(status_text(rows, {}).find("the fleet is split: run r2 (2) is in effect on a, and not on b\n"
                                   "  to continue: regfallback apply; to go back: regfallback rollback --run r2\n") !=
        std::string::npos);
  CHECK_FALSE(split_of(std::vector<StatusRow>{{.node = "a", .facts = &well}}));
}

TEST_CASE("so is one that was undone on one node") {
  const auto well = node_with({receipt_of(1, "r1", ReceiptResult::applied, "1")});
  auto undone = well;
  undone.receipts.push_back(receipt_of(2, "back", ReceiptResult::applied, "3"));
  undone.receipts.back().undoes = {"t1"};
  const std::vector<StatusRow> rows{{.node = "a", .facts = &well}, {.node = "b", .facts = &undone}};
  REQUIRE(split_of(rows));
  CHECK(split_of(rows)->run->run == "r1");
  // Undone everywhere it is none.
  const std::vector<StatusRow> both{{.node = "a", .facts = &undone}, {.node = "b", .facts = &undone}};
  CHECK_FALSE(split_of(both));
}

TEST_CASE("nodes of which some are as the intent wants them and others are not are a split fleet") {
  const Facts facts;
  const Plan nothing;
  Plan something;
  something.files.emplace_back();
  const std::vector<StatusRow> rows{{.node = "a", .facts = &facts, .plan = &nothing},
                                    {.node = "b", .facts = &facts, .plan = &something}};
  const auto split = split_of(rows);
  REQUIRE(split);
  CHECK_FALSE(split->run);
  CHECK(split->nodes.changed == Names{"a"});
  CHECK(status_text(rows, {}).find("the fleet is split: a as declared, b not; 'regfallback apply' continues\n") !=
        std::string::npos);
  CHECK_FALSE(split_of(std::vector<StatusRow>{rows[0]}));
}

TEST_CASE("what was undone is listed as undone") {
  auto facts =
      node_with({receipt_of(1, "r1", ReceiptResult::applied, "1"), receipt_of(2, "back", ReceiptResult::applied, "2")});
  facts.receipts[1].undoes = {"t1"};
  const std::vector<StatusRow> rows{{.node = "a", .facts = &facts}};
  const auto text = receipts_text(rows, {});
  CHECK(text.find("a     1     r1    1         undone   1") != std::string::npos);
  CHECK(text.find("a     2     back  2         applied  1") != std::string::npos);
}
