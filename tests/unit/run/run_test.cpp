// A run over many nodes, from reading them to what became of each.
#include "run/run.h"

#include <catch2/catch_test_macros.hpp>
#include <csignal>

#include "fake_nodes.h"

using namespace rf;
using namespace rf::test;

namespace {

constexpr auto mirror = "/etc/containerd/certs.d/docker.io/hosts.toml";

// A file that is wanted and, where a test is about restarts, one of those.
Plan plan_of_file(ServiceAction service = {}) {
  Plan plan;
  FileChange change;
  change.path = mirror;
  change.before_sha256 = "-";
  change.after = Secret("x");
  plan.files.push_back(std::move(change));
  plan.service = std::move(service);
  return plan;
}

// Wants the file until the node has it.
Result<Plan> wants_file(const Facts& facts, const Detection&) {
  return facts.tree.exists(mirror) ? Plan{} : plan_of_file();
}

// The transaction leaves the file behind.
std::function<void()> makes_file(FakeNode& node) {
  return [&node] { node.facts.tree.put_file(mirror, "x"); };
}

std::vector<Outcome> outcomes(const std::vector<NodeResult>& results) {
  std::vector<Outcome> all;
  for (const auto& result : results) all.push_back(result.outcome);
  return all;
}

std::vector<NodeResult> apply_to(FakeNodes& nodes, Rollout rollout = {}, const Planner& planner = wants_file) {
  auto run = run_over(nodes);
  run.plan(planner);
  return run.apply(rollout);
}

NodeResult apply_to(FakeNode node, Rollout rollout = {}) {
  FakeNodes nodes{.all = {{"a", std::move(node)}}};
  return apply_to(nodes, std::move(rollout)).front();
}

}  // namespace

TEST_CASE("a change is verified by planning again from the facts it ended with") {
  FakeNodes nodes{.all = {{"a", {}}}};
  nodes.all["a"].on_change = makes_file(nodes.all["a"]);
  const auto result = apply_to(nodes, {.plan_again = wants_file}).front();
  CHECK(result.outcome == Outcome::applied);
  CHECK(result.verified == std::optional(true));
  CHECK_FALSE(result.error);
  CHECK(result.transaction.size() == 16);
  CHECK(nodes.all["a"].asked == std::vector<std::string>{"facts", "apply"});
}

TEST_CASE("a change after which more is to be done is not as declared") {
  const auto result = apply_to(FakeNode{}, {.plan_again = wants_file});
  CHECK(result.outcome == Outcome::applied);
  CHECK(result.verified == std::optional(false));
  CHECK(result.error->message == "planning again shows 1 more changes");
  CHECK(verdict_of({&result, 1}, RunEnd::complete) == Verdict::not_as_declared);
  const Planner cannot = [](const Facts&, const Detection&) -> Result<Plan> {
    return Error{ErrorKind::refused, "the chain differs"};
  };
  const auto refused = apply_to(FakeNode{}, {.plan_again = cannot});
  CHECK(refused.verified == std::optional(false));
  CHECK(refused.error->message == "the chain differs");
}

TEST_CASE("without planning again nothing is said of it") {
  const auto result = apply_to(FakeNode{});
  CHECK(result.outcome == Outcome::applied);
  CHECK_FALSE(result.verified);
  CHECK(is_well(result));
}

TEST_CASE("a restart that stays to be done is a fault, but not with --restart never") {
  const Planner only_restart = [](const Facts&, const Detection&) -> Result<Plan> {
    Plan plan;
    plan.service.name = "containerd.service";
    return plan;
  };
  CHECK(apply_to(FakeNode{}, {.plan_again = only_restart}).verified == std::optional(false));
  CHECK(apply_to(FakeNode{}, {.plan_again = only_restart, .restart = RestartPolicy::never}).verified ==
        std::optional(true));
}

TEST_CASE("how the node ends a transaction is the outcome, with its reason") {
  const auto with = [](std::string answer) { return apply_to(FakeNode{.answer = std::move(answer)}); };
  CHECK(with("error f changed since the plan\nend conflict\n").outcome == Outcome::conflict);
  CHECK(with("error f changed since the plan\nend conflict\n").detail == "f changed since the plan");
  CHECK(with("error disk full\nend refused\n").outcome == Outcome::refused);
  CHECK(with("error another transaction runs\nend busy\n").outcome == Outcome::busy);
  CHECK(with("step restart\nerror cri=error\nend rolled-back\n").outcome == Outcome::rolled_back);
  CHECK(with("step restart\nerror cri=error\nend rolled-back\n").restarted);
  CHECK(with("end stuck\n").outcome == Outcome::stuck);
  CHECK(with("warn w\nend applied\n").detail == "w");
}

TEST_CASE("after a lost connection the node is asked how it ended") {
  FakeNodes nodes{.all = {{"a", {.connections = 2, .answer = "step commit\n", .followed = "end applied\n"}}}};
  nodes.all["a"].on_change = makes_file(nodes.all["a"]);
  const auto result = apply_to(nodes, {.plan_again = wants_file}).front();
  CHECK(result.outcome == Outcome::applied);
  CHECK(result.verified == std::optional(true));
  CHECK(nodes.all["a"].asked == std::vector<std::string>{"facts", "apply", "follow"});
  CHECK(nodes.all["a"].program.find("RF_ID='" + result.transaction + "'") != std::string::npos);

  CHECK(apply_to(FakeNode{.connections = 2, .answer = "step commit\n"}).outcome == Outcome::not_begun);
  const auto unknown = apply_to(FakeNode{.connections = 1, .answer = "step commit\n"});
  CHECK(unknown.outcome == Outcome::unknown);
  CHECK(unknown.error->kind == ErrorKind::connect);
}

TEST_CASE("a node that is not reached, cannot be planned or has nothing to do is left alone") {
  FakeNodes nodes{.all = {{"a", {.connections = 0}}, {"b", {}}, {"c", {}}, {"d", {}}}};
  nodes.all["c"].facts.tree.put_file(mirror, "x");
  nodes.all["d"].facts.hostname = "odd";
  const auto results = apply_to(nodes, {}, [](const Facts& facts, const Detection& detection) -> Result<Plan> {
    if (facts.hostname == "odd") return Error{ErrorKind::unsupported, "too old"};
    return wants_file(facts, detection);
  });
  CHECK(outcomes(results) == std::vector{Outcome::unreachable, Outcome::applied, Outcome::unchanged, Outcome::refused});
  CHECK(results[0].error->message == "no route to host");
  CHECK(nodes.log == std::vector<std::string>{"begins b", "ends b"});
}

TEST_CASE("after too many failures no further node begins") {
  FakeNodes nodes{.all = {{"a", {.answer = "end rolled-back\n"}}, {"b", {.answer = "end conflict\n"}}, {"c", {}}}};
  const auto one = apply_to(nodes, {.policy = {.parallel = 1, .max_failures = 0}});
  CHECK(outcomes(one) == std::vector{Outcome::rolled_back, Outcome::not_begun, Outcome::not_begun});
  for (auto& [name, node] : nodes.all) node.connections = 1;
  const auto two = apply_to(nodes, {.policy = {.parallel = 1, .max_failures = 1}});
  CHECK(outcomes(two) == std::vector{Outcome::rolled_back, Outcome::conflict, Outcome::not_begun});
}

TEST_CASE("a node that is not as declared afterwards counts as a failure of the canary") {
  FakeNodes nodes{.all = {{"a", {}}, {"b", {}}}};
  const auto results = apply_to(nodes, {.policy = {.canary = 1}, .plan_again = wants_file});
  CHECK(outcomes(results) == std::vector{Outcome::applied, Outcome::not_begun});
}

TEST_CASE("restarts go in the order of the services, and alone where they must") {
  FakeNodes nodes;
  for (const auto* const name : {"agent1", "agent2", "server1", "server2"}) nodes.all[name].facts.hostname = name;
  const auto restarting = [](const Facts& facts, const Detection&) -> Result<Plan> {
    const bool server = facts.hostname.starts_with("server");
    return plan_of_file({.by = RestartBy::systemd,
                         .name = "k3s.service",
                         .why = "w",
                         .order = server ? 0 : 1,
                         .serial = server ? 1 : 0});
  };
  apply_to(nodes, {}, restarting);
  REQUIRE(nodes.log.size() == 8);
  CHECK(std::vector(nodes.log.begin(), nodes.log.begin() + 4) ==
        std::vector<std::string>{"begins server1", "ends server1", "begins server2", "ends server2"});
  CHECK(std::vector(nodes.log.begin() + 4, nodes.log.begin() + 6) ==
        std::vector<std::string>{"begins agent1", "begins agent2"});
}

TEST_CASE("the first signal lets a change end and begins no other; the second leaves it to the node") {
  FakeNodes nodes{.all = {{"a", {}}, {"b", {}}}};
  nodes.all["a"].on_change = [] { std::raise(SIGINT); };
  auto run = run_over(nodes);
  run.plan(wants_file);
  const auto once = run.apply({.policy = {.parallel = 1}});
  CHECK(outcomes(once) == std::vector{Outcome::applied, Outcome::not_begun});
  CHECK(run.end() == RunEnd::interrupted);
  CHECK(verdict_of(once, run.end()) == Verdict::interrupted);

  nodes = {.all = {{"a", {.answer = ""}}, {"b", {}}}};
  nodes.all["a"].on_change = [] {
    std::raise(SIGINT);
    std::raise(SIGINT);
  };
  auto again = run_over(nodes);
  again.plan(wants_file);
  const auto twice = again.apply({.policy = {.parallel = 1}});
  CHECK(outcomes(twice) == std::vector{Outcome::unknown, Outcome::not_begun});
  CHECK(verdict_of(twice, again.end()) == Verdict::needs_person);
}

TEST_CASE("a signal while nodes are read ends the run before anything is changed") {
  FakeNodes nodes{.all = {{"a", {}}}};
  struct Stopping : RunObserver {
    void happened(const FleetEvent& event) override {
      if (event.kind == FleetEvent::Kind::started) std::raise(SIGINT);
    }
  };
  NodeSpec spec;
  spec.text = "a";
  const DialerFactory factory{[&](const asio::any_io_executor&) { return std::make_unique<FakeDialer>(nodes); }};
  Run run({spec}, {.profiles = built_in_profiles()}, std::make_unique<Stopping>(), factory);
  const auto read = run.read(Run::Purpose::look);
  REQUIRE_FALSE(read);
  CHECK(read.error().kind == ErrorKind::interrupted);
}

TEST_CASE("a question that is answered by a signal ends the run before the signal itself is known") {
  struct Interrupted : Dialer {
    asio::awaitable<Result<std::unique_ptr<Shell>>> open(const NodeSpec&) override {
      co_return Error{.kind = ErrorKind::interrupted, .message = "no password was given"};
    }
  };
  NodeSpec spec;
  spec.text = "a";
  const DialerFactory factory{[&](const asio::any_io_executor&) { return std::make_unique<Interrupted>(); }};
  Run run({spec}, {.profiles = built_in_profiles()}, std::make_unique<RunObserver>(), factory);
  CHECK_FALSE(run.read(Run::Purpose::look));
  CHECK(run.end() == RunEnd::interrupted);
}

namespace {
ReceiptSummary other_receipt() {
  ReceiptSummary receipt;
  receipt.sequence = 9;
  receipt.id = "t9";
  receipt.run = "1f2e3d4c";
  receipt.by = "bob@desk";
  receipt.reason = "apply of x.yaml";
  receipt.time = "2026-11-25T12:00:00Z";
  receipt.result = ReceiptResult::applied;
  return receipt;
}
constexpr auto other_run = "run 1f2e3d4c (apply of x.yaml by bob@desk, 2026-11-25T12:00:00Z)";
}  // namespace

TEST_CASE("a conflict with another run names it: what it did, who began it and when") {
  FakeNodes nodes{.all = {{"a", {.answer = "error f changed since the plan\nend conflict\n"}}}};
  nodes.all["a"].on_change = [&] { nodes.all["a"].facts.receipts.push_back(other_receipt()); };
  const auto result = apply_to(nodes).front();
  CHECK(result.outcome == Outcome::conflict);
  CHECK(result.detail == std::string("f changed since the plan; ") + other_run + " was applied meanwhile");
}

TEST_CASE("whose transaction is waited for is known") {
  FakeNodes nodes{.all = {{"a", {.followed = "end applied\n"}}}};
  nodes.all["a"].facts.unfinished = Unfinished{.id = "t9", .state = Unfinished::State::committing};
  nodes.all["a"].facts.under_way = other_receipt();
  NodeSpec spec;
  spec.text = "a";
  const DialerFactory factory{[&](const asio::any_io_executor&) { return std::make_unique<FakeDialer>(nodes); }};
  Run run({spec}, {.profiles = built_in_profiles()}, std::make_unique<RunObserver>(), factory);
  REQUIRE(run.read(Run::Purpose::change));
  CHECK(run.nodes().front().ended_run == other_run);
  CHECK(nodes.all["a"].asked == std::vector<std::string>{"facts", "follow", "facts"});
  // Where it has not ended even then, nothing is called unchanged.
  run.plan([](const Facts&, const Detection&) -> Result<Plan> { return Plan{}; });
  const auto result = run.apply({}).front();
  CHECK(result.outcome == Outcome::refused);
  CHECK(result.error->message.find(other_run) == 0);
}

TEST_CASE("a node of whose runtime nothing is known can go back all the same") {
  FakeNodes nodes{.all = {{"a", {}}}};
  nodes.all["a"].facts = Facts{};
  NodeSpec spec;
  spec.text = "a";
  const DialerFactory factory{[&](const asio::any_io_executor&) { return std::make_unique<FakeDialer>(nodes); }};
  Run run({spec}, {.profiles = built_in_profiles()}, std::make_unique<RunObserver>(), factory);
  REQUIRE(run.read(Run::Purpose::look, Run::Detecting::tried));
  CHECK(run.nodes().front().ready());
  CHECK_FALSE(run.nodes().front().detection);
  run.plan_undo({});
  CHECK(run.nodes().front().plan->empty());
}

TEST_CASE("facts that were saved are planned, and no node is changed") {
  RunNode saved{.name = "a"};
  saved.facts = FakeNode{}.facts;
  Run run({saved}, {.profiles = built_in_profiles()}, std::make_unique<RunObserver>());
  run.plan(wants_file);
  REQUIRE(run.nodes().front().plan);
  CHECK(run.nodes().front().plan->node == "a");
  CHECK(outcomes(run.apply({})) == std::vector{Outcome::not_begun});
}

TEST_CASE("a receipt's reason is one line of plain letters") {
  CHECK(receipt_reason("apply", "/etc/x y.yaml") == "apply of /etc/x y.yaml");
  CHECK(receipt_reason("apply", "") == "apply");
  CHECK(receipt_reason("apply", "a\n$(id)'") == "apply of a___id__");
}
