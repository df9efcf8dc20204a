// What the doctor prints; and that it is silent on nodes with nothing wrong: those recorded, and those after an apply.
#include "report/doctor.h"
#include "base/text.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "../plan/plan_builder.h"
#include "node/after_start.h"

using namespace rf;
namespace fs = std::filesystem;

namespace {

const TextStyle plain{.width = 100};

Finding finding(std::string rule, Severity severity, std::string effect = "containerd 1.7.24 does not start") {
  return {.rule = std::move(rule),
          .severity = severity,
          .cause = "it is so",
          .where = Location{"/etc/containerd/config.toml", 4, 0},
          .also = {{"/etc/x", 0, 0}},
          .effect = std::move(effect),
          .fix = "do this"};
}

Facts recorded(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  auto facts = parse_facts(text.str());
  if (!facts) FAIL(to_string(facts.error()));
  return *std::move(facts);
}

void expect_notes_only(const Subject& subject) {
  for (const auto& found : diagnose(subject))
    if (found.severity != Severity::note)
      FAIL_CHECK(found.rule << ": " << found.cause << "\n" << found.effect << "\n" << found.fix.text);
}

}  // namespace

TEST_CASE("a finding that several nodes share is printed once, with what follows on each version") {
  const std::vector<DoctorRow> rows{
      {.node = "anubis", .findings = {finding("duplicate-tables", Severity::error)}},
      {.node = "babel", .findings = {finding("duplicate-tables", Severity::error, "containerd 2.1.9 does not start")}},
      {.node = "ra", .findings = {finding("legacy-mirrors", Severity::note)}}};
  CHECK(doctor_text(rows, plain) ==
        "error  duplicate-tables  anubis, babel\n"
        "  at      /etc/containerd/config.toml:4, /etc/x\n"
        "  cause   it is so\n"
        "  effect  containerd 1.7.24 does not start\n"
        "  effect  containerd 2.1.9 does not start\n"
        "  fix     do this\n\n"
        "note  legacy-mirrors  ra\n"
        "  at      /etc/containerd/config.toml:4, /etc/x\n"
        "  cause   it is so\n"
        "  effect  containerd 1.7.24 does not start\n"
        "  fix     do this\n\n");
  CHECK(doctor_summary(rows) == "3 nodes: 1 error, 1 note");
}

TEST_CASE("what is less bad than was asked for is counted and not printed") {
  const std::vector<DoctorRow> rows{{.node = "anubis",
                                     .findings = {finding("duplicate-tables", Severity::error)},
                                     .hidden = {finding("legacy-mirrors", Severity::note)}},
                                    {.node = "ra", .hidden = {finding("legacy-mirrors", Severity::note)}}};
  CHECK(doctor_text(rows, plain).find("legacy-mirrors") == std::string::npos);
  CHECK(doctor_summary(rows) == "2 nodes: 1 error (1 note with --severity note)");
  CHECK(doctor_summary(std::span(rows).subspan(1)) == "1 node: nothing found (1 note with --severity note)");
  const auto text = to_json(doctor_value(rows));
  CHECK(text.find("\"hidden\": 2") != std::string::npos);
}

TEST_CASE("nothing found is said, and so is a node that was not reached") {
  const std::vector<DoctorRow> rows{
      {.node = "anubis"}, {.node = "babel", .error = Error{.kind = ErrorKind::connect, .message = "no route"}}};
  CHECK(doctor_text(rows, plain) == "babel: no route\n\n");
  CHECK(doctor_summary(rows) == "2 nodes: nothing found, 1 not checked");
}

TEST_CASE("what came from a node is safe for a terminal") {
  auto hostile = finding("duplicate-tables", Severity::error);
  hostile.cause = "a\x1b[31mb";
  hostile.where->file = "/etc/\x1b]0;x";
  const std::vector<DoctorRow> rows{{.node = "n", .findings = {hostile}}};
  CHECK(doctor_text(rows, plain).find('\x1b') == std::string::npos);
}

TEST_CASE("the doctor is silent but for notes on every recorded node, before and after an apply") {
  std::vector<fs::path> nodes;
  for (const auto& entry : fs::directory_iterator(RF_SOURCE_DIR "/tests/nodes"))
    if (entry.path().extension() == ".facts") nodes.push_back(entry.path());
  REQUIRE(nodes.size() >= 9);
  const std::string registries =
      "  anubis:32000:\n    upstream: http://anubis:32000\n    fallback: [ghcr.io/your-org, docker.io]\n"
      "  docker.io:\n    mirrors: [\"http://anubis:32000\"]\n  \"*\":\n    mirrors: "
      "[\"https://harbor.corp/v2/proxy\"]\n";
  // registries.yaml has no headers, without which GHCR gives nothing at an endpoint with a path.
  const auto everywhere = test::intent_of(replace_all(registries, "ghcr.io/your-org, ", ""));
  const auto closed =
      test::intent_of(registries + "  ghcr.io:\n    mirrors: [\"http://anubis:32000\"]\n    upstream: none\n");
  for (const auto& path : nodes) {
    INFO(path.filename().string());
    auto facts = recorded(path);
    const auto detection = detect(facts, test::built_in_profiles());
    if (!detection) FAIL(to_string(detection.error()));
    expect_notes_only({.facts = facts, .detection = &*detection});
    const auto& intent =
        detection->era.style == Style::registries_yaml ? everywhere : closed;  // K3s always asks the upstream
    const auto plan = make_plan(intent, {}, facts, *detection);
    if (!plan) FAIL(to_string(plan.error()));
    if (plan->service.by == RestartBy::itself)
      continue;  // k0s makes the files that containerd reads from those of the plan
    auto tree = tree_after_start(project(*plan, facts.tree), facts, *detection);
    if (!tree) FAIL(to_string(tree.error()));
    facts.tree = *std::move(tree);
    ReceiptSummary receipt{.sequence = 1,
                           .id = "t",
                           .time = {},
                           .result = ReceiptResult::applied,
                           .tool_version = {},
                           .reason = {},
                           .files = {}};
    for (const auto& change : plan->files)
      if (const auto* entry = facts.tree.stat(change.path); entry != nullptr && entry->kind == FileEntry::Kind::file)
        receipt.files.push_back({change.path, change.before_sha256, entry->sha256});
    facts.receipts.push_back(std::move(receipt));
    const auto after = detect(facts, test::built_in_profiles());
    if (!after) FAIL(to_string(after.error()));
    const auto again = make_plan(intent, {}, facts, *after);
    if (!again) FAIL(to_string(again.error()));
    expect_notes_only(
        {.facts = facts,
         .detection = &*after,
         .wanted =
             Wanted{.intent = &intent, .changes = again->files.size(), .refusal = {}, .warnings = again->warnings}});
  }
}
