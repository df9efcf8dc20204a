// Plans carried out by a real shell in a scratch tree that stands for a node.
#include <unistd.h>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>

#include <filesystem>
#include <fstream>

#include "apply/apply.h"
#include "apply/undo.h"
#include "base/text.h"
#include "local_shell.h"

using namespace rf;

namespace {

struct ScratchNode {
  std::filesystem::path root = std::filesystem::temp_directory_path() / ("regfallback-apply-" + *new_transaction_id());
  ScratchNode() {
    std::filesystem::create_directories(root / "etc/containerd");
    setenv("RF_ROOT", root.c_str(), 1);
  }
  ~ScratchNode() {
    unsetenv("RF_ROOT");
    std::filesystem::remove_all(root);
  }
  void write(const std::string& path, const std::string& text) const { std::ofstream(root / path.substr(1)) << text; }
  std::string read(const std::string& path) const {
    std::ifstream file(root / path.substr(1));
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

using Job = std::function<asio::awaitable<Result<Applied>>(Shell&)>;
Result<Applied> with_shell(const Job& job) { return test::with_shell<Applied>(job); }

FileChange change(FileChange::Op op, const std::string& path, const std::string& before, const std::string& after) {
  FileChange one;
  one.op = op;
  one.path = path;
  one.before_sha256 = op == FileChange::Op::create ? "-" : sha256_hex(before);
  one.after = Secret(after);
  one.uid = static_cast<unsigned>(::geteuid());
  one.gid = static_cast<unsigned>(::getegid());
  return one;
}

TransactionOptions options(const std::string& id) {
  TransactionOptions all;
  all.id = id;
  all.origin = {.run = "1f2e3d4c",
                .by = "ana@laptop",
                .time = "2026-11-25T12:00:00Z",
                .reason = "a 'test' of $(id)",
                .tool_version = "0.1.0"};
  return all;
}

}  // namespace

TEST_CASE("a plan is applied, seen in the facts read after it, and rolled back byte for byte") {
  const ScratchNode node;
  node.write("/etc/containerd/config.toml", "version = 2\n");
  Plan plan;
  plan.files.push_back(change(FileChange::Op::create, "/etc/containerd/new's.toml", "", "secret = \"'$(id)\"\n"));
  plan.files.push_back(
      change(FileChange::Op::replace, "/etc/containerd/config.toml", "version = 2\n", "version = 3\n"));
  std::vector<std::string> steps;
  const auto first = options("t-1");
  const auto applied = with_shell([&](Shell& shell) {
    return apply_plan(shell, plan, first, [&](const ApplyEvent& event) { steps.push_back(event.text); });
  });
  if (!applied) FAIL(to_string(applied.error()));
  CHECK(applied->outcome == Outcome::applied);
  CHECK(node.read("/etc/containerd/config.toml") == "version = 3\n");
  CHECK(node.read("/etc/containerd/new's.toml") == "secret = \"'$(id)\"\n");
  CHECK(steps.front() == "check");
  CHECK(steps.back() == "finish");
  REQUIRE(applied->facts_after);
  CHECK(*applied->facts_after->tree.read("/etc/containerd/config.toml") == "version = 3\n");
  REQUIRE(applied->facts_after->receipts.size() == 1);
  CHECK(applied->facts_after->receipts[0].id == "t-1");
  CHECK(applied->facts_after->receipts[0].result == ReceiptResult::applied);
  CHECK(applied->facts_after->receipts[0].reason == "a 'test' of $(id)");
  CHECK(applied->facts_after->receipts[0].run == "1f2e3d4c");
  CHECK(applied->facts_after->receipts[0].by == "ana@laptop");
  CHECK(applied->facts_after->receipts[0].time == "2026-11-25T12:00:00Z");

  const auto asked = with_shell([&](Shell& shell) { return follow_transaction(shell, first, 5); });
  REQUIRE(asked.ok());
  CHECK(asked->outcome == Outcome::applied);

  RollbackOptions back;
  back.transaction = options("t-2");
  back.undo = {.ids = {"t-1"}, .newest = "t-1"};
  const auto program = preview_program(back.undo);
  REQUIRE(program.ok());
  const auto shown = test::with_shell<UndoPreview>(
      [&](Shell& shell) { return preview_undo(shell, *program, std::chrono::seconds(20)); });
  if (!shown) FAIL(to_string(shown.error()));
  REQUIRE(shown->changes.size() == 2);
  CHECK(shown->changes[0].content->expose() == "version = 2\n");
  CHECK(shown->changes[1].op == FileChange::Op::remove);
  back.shown = shown->shown;
  const auto undone = with_shell([&](Shell& shell) { return roll_back(shell, back); });
  if (!undone) FAIL(to_string(undone.error()));
  CHECK(undone->outcome == Outcome::applied);
  REQUIRE(undone->facts_after);
  CHECK(undone->facts_after->receipts.back().undoes == std::vector<std::string>{"t-1"});
  CHECK(undone->facts_after->receipts.back().run == "1f2e3d4c");
  CHECK(node.read("/etc/containerd/config.toml") == "version = 2\n");
  CHECK_FALSE(std::filesystem::exists(node.root / "etc/containerd/new's.toml"));

  const auto other = with_shell([&](Shell& shell) { return remove_traces(shell, "t-1", {}); });
  REQUIRE(other.ok());
  CHECK(other->outcome == Outcome::conflict);
  CHECK(other->cause.find("run 1f2e3d4c") == 0);
  const auto removed = with_shell([&](Shell& shell) { return remove_traces(shell, "t-2", {}); });
  REQUIRE(removed.ok());
  CHECK(removed->outcome == Outcome::applied);
  CHECK_FALSE(std::filesystem::exists(node.root / "var/lib/regfallback"));
  REQUIRE(removed->facts_after);
  CHECK(removed->facts_after->traces.empty());
}

TEST_CASE("a file that changed since the plan is a conflict and nothing is done") {
  const ScratchNode node;
  node.write("/etc/containerd/config.toml", "mine\n");
  Plan plan;
  plan.files.push_back(
      change(FileChange::Op::replace, "/etc/containerd/config.toml", "version = 2\n", "version = 3\n"));
  const auto first = options("t-1");
  const auto applied = with_shell([&](Shell& shell) { return apply_plan(shell, plan, first); });
  if (!applied) FAIL(to_string(applied.error()));
  CHECK(applied->outcome == Outcome::conflict);
  CHECK(applied->cause == "/etc/containerd/config.toml changed since the plan");
  CHECK(node.read("/etc/containerd/config.toml") == "mine\n");
}

TEST_CASE("an empty plan is unchanged and asks the node nothing") {
  const auto first = options("t-1");
  const Plan plan;
  const auto applied = with_shell([&](Shell& shell) { return apply_plan(shell, plan, first); });
  REQUIRE(applied.ok());
  CHECK(applied->outcome == Outcome::unchanged);
}

TEST_CASE("a transaction that never began says so") {
  const ScratchNode node;
  const auto first = options("t-9");
  const auto asked = with_shell([&](Shell& shell) { return follow_transaction(shell, first, 5); });
  REQUIRE(asked.ok());
  CHECK(asked->outcome == Outcome::not_begun);
  // Its program may still be on its way.
  Plan late;
  late.files.push_back(change(FileChange::Op::create, "/etc/containerd/new.toml", "", "x"));
  const auto applied = with_shell([&](Shell& shell) { return apply_plan(shell, late, first); });
  REQUIRE(applied.ok());
  CHECK(applied->outcome == Outcome::refused);
  CHECK_FALSE(std::filesystem::exists(node.root / "etc/containerd/new.toml"));
}

TEST_CASE("an answer without an end is no outcome") {
  CHECK(read_outcome("step check\nstep commit\n", "t").error().kind == ErrorKind::protocol);
  CHECK(read_outcome("end settled\n", "t").error().kind == ErrorKind::protocol);
  CHECK(read_outcome("error disk full\nend refused\n", "t")->outcome == Outcome::refused);
  CHECK(read_outcome("error disk full\nend refused\n", "t")->cause == "disk full");
  CHECK(read_outcome("warn w\nerror cri=error\nend rolled-back\n", "t")->outcome == Outcome::rolled_back);
  CHECK(read_outcome("end stuck\nend applied\n", "t")->outcome == Outcome::stuck);
  CHECK(read_outcome("step health\nsettling 30\nend applied\n", "t")->settling);
  CHECK_FALSE(read_outcome("settling 30\nstep finish\nend applied\n", "t")->settling);
}

TEST_CASE("what the next start would give to containerd is tried on the node, and its refusal ends the transaction") {
  const ScratchNode node;
  const auto program = node.root / "containerd";
  std::ofstream(program) << "#!/bin/sh\nif grep -q 'broken = ' \"$2\"; then echo 'no such key' >&2; exit 1; fi\n";
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  Plan plan;
  plan.runtime_exe = program;
  plan.files = {change(FileChange::Op::create, "/etc/containerd/new.toml", "", "version = 2\n")};
  const auto first = options("p1"), second = options("p2");
  plan.trials = {{"/made/config.toml", Secret("version = 2\nbroken = 'it''s'\n")}};
  const auto applied = with_shell([&](Shell& shell) { return apply_plan(shell, plan, first); });
  REQUIRE(applied);
  CHECK(applied->outcome == Outcome::refused);
  CHECK(applied->cause.find("rejects the new /made/config.toml of the next start: no such key") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(node.root / "etc/containerd/new.toml"));
  plan.trials.front().content = Secret("version = 2\n");
  const auto tried = with_shell([&](Shell& shell) { return apply_plan(shell, plan, second); });
  REQUIRE(tried);
  CHECK(tried->outcome == Outcome::applied);
}

TEST_CASE("the class of every change is in the manifest") {
  Plan plan;
  for (const auto kind : {FileChange::Class::certificate, FileChange::Class::hosts, FileChange::Class::config}) {
    plan.files.push_back(change(FileChange::Op::create, "/a", "", "x"));
    plan.files.back().kind = kind;
  }
  const auto program = transaction_program(plan, options("t"));
  REQUIRE(program.ok());
  for (const std::string line : {"0 C:certificate 644", "1 C:hosts 644", "2 C:config 644"})
    CHECK(program->expose().find(line) != std::string_view::npos);
}

TEST_CASE("paths that are none never reach a node") {
  for (const std::string path : {"relative", "/a/../b", "/a\nb", "/a\\b", "/", ""}) {
    Plan plan;
    plan.files.push_back(change(FileChange::Op::create, path, "", "x"));
    CAPTURE(path);
    CHECK_FALSE(transaction_program(plan, options("t")).ok());
  }
  Plan blank;
  blank.files.push_back(change(FileChange::Op::create, "/certs.d/docker.io ", "", "x"));
  CHECK(transaction_program(blank, options("t")).error().message.find("ends with a space") != std::string::npos);
  Plan plan;
  plan.files.push_back(change(FileChange::Op::create, "/a", "", "x"));
  CHECK_FALSE(transaction_program(plan, options("t'; id")).ok());
  CHECK(transaction_program(plan, options("t")).ok());
}
