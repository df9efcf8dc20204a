// What an earlier run left comes to its end before another one changes the node.
#include "apply/unfinished.h"

#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "apply/read_facts.h"
#include "base/text.h"
#include "local_shell.h"

using namespace rf;

namespace {

using State = Unfinished::State;

Facts facts_with(State state, std::string busy) {
  Facts facts;
  facts.unfinished = {.id = "t1", .state = state};
  facts.busy = std::move(busy);
  return facts;
}

Result<Facts> facts_now() {
  const auto program = facts_program({}, Ask::files_only);
  return test::with_shell<Facts>([&](Shell& shell) { return read_facts(shell, *program); });
}

}  // namespace

TEST_CASE("what comes before a change depends on the transaction and its worker") {
  CHECK(before_change({}) == BeforeChange::nothing);
  for (const auto state : {State::none, State::staged, State::committing, State::applied, State::rolling_back,
                           State::rolled_back, State::refused, State::other}) {
    CHECK(before_change(facts_with(state, "t1 (pid 7)")) == BeforeChange::wait);
    CHECK(before_change(facts_with(state, "")) == BeforeChange::take_over);
  }
  CHECK(before_change(facts_with(State::stuck, "recover (pid 7)")) == BeforeChange::wait);
  CHECK(before_change(facts_with(State::stuck, "")) == BeforeChange::only_retry);
}

TEST_CASE("where a transaction has not ended nothing is called unchanged") {
  CHECK(check_ended({}).ok());
  const auto stuck = check_ended(facts_with(State::stuck, ""));
  REQUIRE_FALSE(stuck.ok());
  CHECK(stuck.error().kind == ErrorKind::refused);
  CHECK(stuck.error().message == "an earlier transaction is unfinished (t1 stuck)");
}

TEST_CASE("what a dead worker left half committed is put back before the facts are believed") {
  const auto root = std::filesystem::temp_directory_path() / ("regfallback-unfinished-" + *new_transaction_id());
  const auto config = root / "etc/containerd/config.toml";
  std::filesystem::create_directories(config.parent_path());
  std::ofstream(config) << "old";
  // The worker and the session that follows it are killed at once.
  const auto hook = root / "hook";
  std::ofstream(hook) << "#!/bin/sh\n"
                         "if [ \"$2\" = committed ]; then\n"
                         "read -r front _ <\"$RF_ROOT/var/lib/regfallback/txn/t1/front\"\n"
                         "kill -9 \"$front\" \"$PPID\"\n"
                         "fi\n";
  std::filesystem::permissions(hook, std::filesystem::perms::owner_all);
  setenv("RF_ROOT", root.c_str(), 1);
  setenv("RF_FAIL_HOOK", hook.c_str(), 1);
  Plan plan;
  FileChange change;
  change.op = FileChange::Op::replace;
  change.kind = FileChange::Class::config;
  change.path = "/etc/containerd/config.toml";
  change.before_sha256 = sha256_hex("old");
  change.after = Secret(std::string("new"));
  change.uid = ::geteuid();
  change.gid = ::getegid();
  plan.files.push_back(change);
  const TransactionOptions options{.id = "t1"};
  CHECK_FALSE(test::with_shell<Applied>([&](Shell& shell) { return apply_plan(shell, plan, options); }).ok());
  unsetenv("RF_FAIL_HOOK");

  auto facts = facts_now();
  REQUIRE(facts.ok());
  REQUIRE(facts->unfinished == Unfinished{"t1", State::committing});
  CHECK(facts->tree.read("/etc/containerd/config.toml") == "new");
  const FactsQuery query;
  const auto ended =
      test::with_shell<std::optional<Applied>>([&](Shell& shell) { return end_unfinished(shell, *facts, query); });
  if (!ended) FAIL(to_string(ended.error()));
  REQUIRE(*ended);
  CHECK((*ended)->outcome == Outcome::rolled_back);
  CHECK(how_it_ended(**ended) == "was rolled back");
  facts = facts_now();
  REQUIRE(facts.ok());
  CHECK_FALSE(facts->unfinished);
  CHECK(facts->tree.read("/etc/containerd/config.toml") == "old");
  unsetenv("RF_ROOT");
  std::filesystem::remove_all(root);
}
