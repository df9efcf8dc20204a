// Reports of what only live nodes can answer.
#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <fstream>
#include <iterator>
#include <set>

#include "report/apply.h"
#include "report/test.h"
#include "report/undo.h"

using namespace rf;

namespace {

std::string section(const std::string& schema) {
  std::ifstream file(RF_SOURCE_DIR "/packaging/doc/json.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  const auto begin = page.find(schema);
  REQUIRE(begin != std::string::npos);
  return page.substr(0, page.find("\n## ")) + page.substr(begin, page.find("\n## ", begin) - begin);
}

void collect(const nlohmann::json& json, std::set<std::string>& keys) {
  for (const auto& [key, item] : json.items()) {
    if (json.is_object()) keys.insert(key);
    if (item.is_structured()) collect(item, keys);
  }
}

void check_documented(const Value& value, const std::string& schema) {
  const auto text = section(schema);
  std::set<std::string> keys;
  collect(nlohmann::json::parse(to_json(value)), keys);
  for (const auto& key : keys) {
    INFO(schema << " " << key);
    CHECK((key == "schema" || text.find("`" + key + "`") != std::string::npos));
  }
}

NodeProbe probe_with(Answer answer) {
  ChainEndpoint endpoint;
  endpoint.scheme = "http";
  endpoint.host = "anubis:32000";
  endpoint.path = "/v2";
  Chain chain;
  chain.registry = "docker.io";
  chain.endpoints = {endpoint};
  EndpointProbe probe;
  probe.endpoint = endpoint;
  probe.answer = answer;
  probe.status = answer == Answer::serves ? 200 : 0;
  probe.milliseconds = 3;
  return {.client = "curl", .registries = {{chain, {probe}}}, .pull = {}};
}

}  // namespace

TEST_CASE("every key of apply's and test's output stands in the page about it") {
  const ChangeReport report{.run = "1f2e3d4c",
                            .rows = {{.node = "a", .result = {.outcome = Outcome::applied}},
                                     {.node = "b", .result = {.outcome = Outcome::stuck, .error = Error{}}}}};
  check_documented(apply_value(report), "regfallback.apply/v1");
  auto probe = probe_with(Answer::refused);
  probe.pull =
      PullProbe{.image = "docker.io/library/alpine:latest", .skipped = {{"anubis:32000", "connection refused"}}};
  const std::vector<TestRow> tested{{.node = "a", .probe = &probe}};
  check_documented(test_value(tested), "regfallback.test/v1");
}

TEST_CASE("the summary of an apply names every outcome there was") {
  const ChangeReport report{.run = "1f2e3d4c",
                            .rows = {{.node = "a", .result = {.outcome = Outcome::applied}},
                                     {.node = "b", .result = {.outcome = Outcome::unchanged}},
                                     {.node = "c", .result = {.outcome = Outcome::applied}}}};
  CHECK(apply_summary(report) ==
        "3 nodes: 2 applied, 1 unchanged\nrun 1f2e3d4c; 'regfallback rollback --run 1f2e3d4c' undoes it\n");
}

TEST_CASE("a run that ended on some nodes only is a split fleet, with the ways on and back") {
  ChangeReport report{.run = "1f2e3d4c",
                      .again = "regfallback apply",
                      .rows = {{.node = "a", .result = {.outcome = Outcome::applied}},
                               {.node = "b", .result = {.outcome = Outcome::unchanged}},
                               {.node = "c", .result = {.outcome = Outcome::unreachable}},
                               {.node = "d", .result = {.outcome = Outcome::rolled_back}}}};
  const auto split = split_of(report);
  REQUIRE(split);
  CHECK(split->changed == std::vector<std::string>{"a"});
  CHECK(split->left == std::vector<std::string>{"c", "d"});
  CHECK(apply_summary(report).find("the fleet is split: a changed, c, d not\n"
                                   "  to continue, repair those, then: regfallback apply --nodes c,d\n"
                                   "  to undo the change on the others: regfallback rollback --run 1f2e3d4c\n") !=
        std::string::npos);
  for (const auto outcome : {Outcome::not_begun, Outcome::refused, Outcome::busy, Outcome::conflict}) {
    report.rows[3].result.outcome = outcome;
    CHECK(split_of(report)->left.size() == 2);
  }
  // Nothing was changed, or everything.
  report.rows[0].result.outcome = Outcome::unchanged;
  CHECK_FALSE(split_of(report));
  report.rows.resize(2);
  report.rows[0].result.outcome = Outcome::applied;
  CHECK_FALSE(split_of(report));
  report.action = ChangeAction::uninstall;
  CHECK(apply_summary(report).find("rollback") == std::string::npos);
}

TEST_CASE("every key of a rollback's output stands in the page about it") {
  ReceiptSummary receipt;
  receipt.id = "t1";
  const Undo undo{.undone = {receipt}, .reached = receipt};
  Plan plan;
  plan.files.emplace_back().path = "/a";
  const std::vector<UndoRow> rows{{.plan = {.node = "a", .plan = &plan}, .undo = &undo}};
  check_documented(undo_plan_value(rows), "regfallback.undo-plan/v1");
  CHECK(about_undo(undo, plan) ==
        std::vector<std::string>{"undoes transaction t1", "goes back to the state after transaction t1"});
  CHECK(about_undo({}, {}) == std::vector<std::string>{"nothing to undo: no apply has changed anything here"});
  CHECK(undo_summary(rows) == "1 node: 1 to change (no restart)");
  const ChangeReport report{.action = ChangeAction::rollback,
                            .run = "r",
                            .rows = {{.node = "a",
                                      .result = {.outcome = Outcome::applied, .verified = true},
                                      .plan = &plan,
                                      .state = "in the state before the first apply"},
                                     {.node = "b",
                                      .result = {.outcome = Outcome::unchanged},
                                      .state = "nothing to undo: no apply has changed anything here"}}};
  check_documented(apply_value(report), "regfallback.rollback/v1");
  check_documented(apply_value({.action = ChangeAction::uninstall, .rows = report.rows}), "regfallback.uninstall/v1");
  const auto text = apply_text(report, {});
  CHECK(text.find("verified, 1 file, in the state before the first apply") != std::string::npos);
  CHECK(text.find("unchanged        nothing to undo") != std::string::npos);
}

TEST_CASE("a few nodes are the columns of the matrix") {
  const auto good = probe_with(Answer::serves);
  const auto bad = probe_with(Answer::refused);
  const std::vector<TestRow> rows{{.node = "anubis", .probe = &good}, {.node = "ra", .probe = &bad}};
  const auto text = test_text(rows, {});
  CHECK(text.find("REGISTRY   TRIED IN ORDER       anubis  ra\ndocker.io  http://anubis:32000  3 ms    refused\n") ==
        0);
  CHECK(text.find("ra: docker.io: no endpoint answers") != std::string::npos);
}

TEST_CASE("many nodes are counted, and named where something is wrong") {
  const auto good = probe_with(Answer::serves);
  const auto bad = probe_with(Answer::timeout);
  std::vector<TestRow> rows;
  for (int i = 0; i < 29; ++i) rows.push_back({.node = "n" + std::to_string(i), .probe = &good});
  rows.push_back({.node = "last", .probe = &bad});
  const auto text = test_text(rows, {.width = 120});
  CHECK(text.find("29 of 30") != std::string::npos);
  CHECK(text.find("last timeout") != std::string::npos);
}

TEST_CASE("a node with nothing configured is a finding that says what to try") {
  const auto good = probe_with(Answer::serves);
  const std::vector<TestRow> rows{{.node = "a", .configured = TestRow::Configured::nothing},
                                  {.node = "b", .probe = &good, .configured = TestRow::Configured::nothing},
                                  {.node = "c", .probe = &good}};
  const auto findings = test_findings(rows);
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].node == "a");
  CHECK(findings[1].node == "b");
  CHECK(findings[0].text.starts_with("no registry is configured here"));
  CHECK(findings[0].text.find("regfallback apply -m docker.io=") != std::string::npos);
}

TEST_CASE("a finding of several nodes is one line") {
  const auto bad = probe_with(Answer::refused);
  const std::vector<TestRow> rows{{.node = "a", .probe = &bad}, {.node = "b", .probe = &bad}};
  CHECK(test_text(rows, {}).find("a, b: docker.io: http://anubis:32000/v2: connection refused") != std::string::npos);
}
