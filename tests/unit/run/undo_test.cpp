// Going back on many nodes, and taking regfallback off them.
#include <catch2/catch_test_macros.hpp>

#include "base/text.h"
#include "fake_nodes.h"

using namespace rf;
using namespace rf::test;

namespace {

constexpr auto config = "/etc/containerd/config.toml";
constexpr auto home = "/var/lib/regfallback";

ReceiptSummary receipt_of(int sequence, std::string run) {
  ReceiptSummary receipt;
  receipt.sequence = sequence;
  receipt.id = "t" + std::to_string(sequence);
  receipt.run = std::move(run);
  receipt.result = ReceiptResult::applied;
  receipt.files = {{.path = config, .before = sha256_hex("old\n"), .after = sha256_hex("ours\n")}};
  return receipt;
}

// A node with one change of its config.toml, which a rollback takes back.
FakeNode changed_node() {
  FakeNode node;
  node.facts.tree.put_file(config, "ours\n");
  node.facts.receipts.push_back(receipt_of(1, "1f2e3d4c"));
  node.facts.traces = {home};
  node.preview = "undo 1\nrestart none\nshown abc\nchange R:config 644 0 0 " + sha256_hex("ours\n") + " " +
                 sha256_hex("old\n") + " " + sha256_hex("ours\n") + " 4 " + config + "\ncontent\n" +
                 base64_encode("old\n") + "\n.\nend shown\n";
  return node;
}
// The transaction leaves the old file and a receipt behind, the removal nothing.
void let_change(FakeNode& node) {
  node.on_change = [&node] {
    node.facts.tree.put_file(config, "old\n");
    auto receipt = receipt_of(2, "back");
    receipt.undoes = {"t1"};
    node.facts.receipts.push_back(std::move(receipt));
  };
  node.on_removal = [&node] {
    node.facts.traces.clear();
    node.facts.receipts.clear();
  };
}

std::vector<Outcome> outcomes(const std::vector<NodeResult>& results) {
  std::vector<Outcome> all;
  for (const auto& result : results) all.push_back(result.outcome);
  return all;
}

NodeResult uninstall(FakeNodes& nodes, const Removal& removal = {}) {
  auto run = run_over(nodes);
  run.plan_removal(removal);
  return run.uninstall({}).front();
}

using Asked = std::vector<std::string>;

}  // namespace

TEST_CASE("a rollback is shown, held to what was shown, and proven") {
  FakeNodes nodes{.all = {{"a", changed_node()}, {"b", {}}}};
  let_change(nodes.all["a"]);
  auto run = run_over(nodes);
  run.plan_undo({});
  REQUIRE(run.nodes()[0].plan);
  CHECK(run.nodes()[0].plan->files.size() == 1);
  CHECK(run.nodes()[0].undo->undo.to_first);
  CHECK(run.nodes()[1].plan->empty());
  CHECK(run.nodes()[1].undo->undo.nothing == Undo::Nothing::never_changed);
  const auto results = run.roll_back({.origin = {.run = "back", .reason = "rollback"}});
  CHECK(outcomes(results) == std::vector{Outcome::applied, Outcome::unchanged});
  CHECK(results[0].verified == std::optional(true));
  CHECK(nodes.all["a"].asked == Asked{"facts", "preview", "rollback"});
  CHECK(nodes.all["b"].asked == Asked{"facts"});
  for (const std::string part : {"RF_UNDO='t1'", "RF_NEWEST='t1'", "RF_SHOWN='abc'", "run back"})
    CHECK(nodes.all["a"].program.find(part) != std::string::npos);
}

TEST_CASE("a file that is not as it was shown afterwards is a fault") {
  FakeNodes nodes{.all = {{"a", changed_node()}}};
  auto run = run_over(nodes);
  run.plan_undo({});
  const auto result = run.roll_back({}).front();
  CHECK(result.verified == std::optional(false));
  CHECK(result.error->message == std::string(config) + " differs from what it was");
}

TEST_CASE("a node where a file was edited is left alone, and the others go on") {
  FakeNodes nodes{.all = {{"a", changed_node()}, {"b", changed_node()}}};
  auto& edited = nodes.all["a"];
  edited.facts.tree.put_file(config, "by hand\n");
  const auto sum = sha256_hex("ours\n");
  edited.preview.replace(edited.preview.rfind(sum), sum.size(), sha256_hex("by hand\n"));
  let_change(nodes.all["b"]);
  auto run = run_over(nodes);
  run.plan_undo({});
  CHECK(outcomes(run.roll_back({})) == std::vector{Outcome::conflict, Outcome::applied});
  CHECK(run.nodes()[0].error->hint.find("--force") != std::string::npos);
  CHECK(edited.asked == Asked{"facts", "preview"});
}

TEST_CASE("what an earlier transaction left unfinished is no history to choose from") {
  FakeNodes nodes{.all = {{"a", changed_node()}}};
  nodes.all["a"].facts.unfinished = Unfinished{.id = "t9", .state = Unfinished::State::committing};
  auto run = run_over(nodes);
  run.plan_undo({});
  CHECK(outcomes(run.roll_back({})) == std::vector{Outcome::refused});
  CHECK(nodes.all["a"].asked == Asked{"facts"});
}

TEST_CASE("a rollback restarts nodes in the order of their services") {
  FakeNodes nodes{.all = {{"a", changed_node()}}};
  auto& text = nodes.all["a"].preview;
  text.replace(text.find("restart none"), 12, "restart systemd\nservice containerd.service\nwait 90");
  auto run = run_over(nodes);
  run.plan_undo({});
  const auto& service = run.nodes()[0].plan->service;
  CHECK(service.needed());
  CHECK(service.wait_seconds == 90);
}

TEST_CASE("uninstall puts the first state back, lets it settle, and then removes its traces") {
  FakeNodes nodes{.all = {{"a", changed_node()}}};
  auto& node = nodes.all["a"];
  let_change(node);
  std::string rolled_back;
  const auto change = node.on_change;
  node.on_change = [&] {
    rolled_back = node.program;
    change();
  };
  const auto result = uninstall(nodes);
  CHECK(result.outcome == Outcome::applied);
  CHECK(result.verified == std::optional(true));
  CHECK(node.asked == Asked{"facts", "preview", "rollback", "remove"});
  CHECK(rolled_back.find("RF_UNTIL='settled'") != std::string::npos);
  // Nothing but its own transaction may be the newest.
  CHECK(node.program.find("RF_NEWEST='" + result.transaction + "'") != std::string::npos);
}

TEST_CASE("uninstall that keeps files only removes its traces, and does nothing where there are none") {
  FakeNodes nodes{.all = {{"a", changed_node()}}};
  let_change(nodes.all["a"]);
  CHECK(uninstall(nodes, {.files = Removal::Files::keep}).outcome == Outcome::applied);
  CHECK(nodes.all["a"].asked == Asked{"facts", "remove"});
  CHECK(nodes.all["a"].program.find("RF_NEWEST='t1'") != std::string::npos);
  nodes.all["a"].connections = 1;
  nodes.all["a"].asked.clear();
  CHECK(uninstall(nodes, {.files = Removal::Files::keep}).outcome == Outcome::unchanged);
  CHECK(nodes.all["a"].asked == Asked{"facts"});
}

TEST_CASE("traces stay where the first state does not come back") {
  FakeNodes nodes{.all = {{"a", changed_node()}}};
  nodes.all["a"].answer = "error cri=error\nend rolled-back\n";
  CHECK(uninstall(nodes).outcome == Outcome::rolled_back);
  CHECK(nodes.all["a"].asked == Asked{"facts", "preview", "rollback"});
}

TEST_CASE("traces that are left after the files are back are a fault, and not before") {
  FakeNodes nodes{.all = {{"a", changed_node()}}};
  auto& node = nodes.all["a"];
  let_change(node);
  node.on_removal = {};
  node.removal = "error run r2 is under way\nend busy\n";
  const auto half = uninstall(nodes);
  CHECK(half.outcome == Outcome::applied);
  CHECK(half.verified == std::optional(false));
  CHECK(half.detail == "run r2 is under way");
  CHECK(verdict_of({&half, 1}, RunEnd::complete) == Verdict::not_as_declared);
  node.connections = 1;
  CHECK(uninstall(nodes, {.files = Removal::Files::keep}).outcome == Outcome::busy);
}

TEST_CASE("after a connection that was lost while traces go, the node is looked at and never asked for a transaction") {
  FakeNodes nodes{.all = {{"a", changed_node()}}};
  auto& node = nodes.all["a"];
  let_change(node);
  node.connections = 2;
  node.removal = "";
  const auto result = uninstall(nodes);
  CHECK(result.outcome == Outcome::applied);
  CHECK(result.verified == std::optional(true));
  CHECK(node.asked == Asked{"facts", "preview", "rollback", "remove", "facts"});
}

TEST_CASE("after a connection that was lost during the way back, it is followed and then finished") {
  FakeNodes nodes{.all = {{"a", changed_node()}}};
  auto& node = nodes.all["a"];
  let_change(node);
  node.connections = 2;
  node.answer = "step commit\n";
  node.followed = "end applied\n";
  CHECK(uninstall(nodes).outcome == Outcome::applied);
  CHECK(node.asked == Asked{"facts", "preview", "rollback", "facts", "follow", "remove"});

  nodes.all["a"] = changed_node();
  node.connections = 2;
  node.answer = "step commit\n";
  CHECK(uninstall(nodes).outcome == Outcome::not_begun);
  CHECK(node.asked == Asked{"facts", "preview", "rollback", "facts", "follow"});
}
