// Going back: what earlier transactions did is undone, and regfallback is taken off a node.
#include "apply/undo.h"

#include "apply/read_facts.h"
#include "apply/unfinished.h"
#include "node/managed.h"
#include "run/change.h"

namespace rf {
namespace {

// Nothing is chosen from a history that is about to change; an earlier transaction that was put back just now was the
// latest.
Result<Undo> undo_on(const RunNode& node, const UndoTarget& target) {
  RF_CHECK(check_ended(*node.facts));
  const bool put_back = node.ended_before && node.ended_before->outcome == Outcome::rolled_back;
  if (put_back && target.what == UndoTarget::What::latest) return Undo{.nothing = Undo::Nothing::put_back};
  return choose_undo(*node.facts, target);
}

UndoChoice choice_of(const PlannedUndo& planned) {
  UndoChoice choice{.newest = planned.undo.newest, .drift = planned.drift};
  for (const auto& receipt : planned.undo.undone) choice.ids.push_back(receipt.id);
  return choice;
}

asio::awaitable<Result<void>> preview(Shell& shell, RunNode& node, std::chrono::milliseconds limit,
                                      std::string_view command) {
  auto& planned = *node.undo;
  RF_CO_TRY(const auto program, preview_program(choice_of(planned)));
  RF_CO_TRY(const auto shown, co_await preview_undo(shell, program, limit));
  const auto* detection = node.detection ? &*node.detection : nullptr;
  RF_CO_TRY(node.plan, plan_of_undo(shown, planned.undo, *node.facts, detection, command));
  if (!node.plan->empty()) planned.shown = shown.shown;
  co_return Result<void>();
}

void plan_undo_on_all(Run::State& state, const RollbackTarget& target, std::string_view command) {
  Run::State::Round round{.policy = state.everywhere()};
  for (const auto index : state.ready()) {
    auto& node = state.nodes[index];
    auto undo = undo_on(node, target.undo);
    if (!undo) {
      node.fail(std::move(undo).error());
      continue;
    }
    node.undo = PlannedUndo{.undo = *std::move(undo), .drift = target.drift};
    if (node.undo->undo.undone.empty())
      node.plan = Plan{};
    else
      round.which.push_back(index);
  }
  if (!round.which.empty()) {
    state.run(round, [&](std::size_t index, NodeRun& one) -> asio::awaitable<Result<void>> {
      one.progress("asking what would be undone");
      co_return co_await preview(*state.shells[index], state.nodes[index], state.settings.reach.timeout, command);
    });
  }
  for (auto& node : state.nodes)
    if (node.plan) node.plan->node = node.name;
}

asio::awaitable<Result<Applied>> roll_back_on(const NodeChange& one) {
  const RollbackOptions rollback{
      .transaction = one.options, .undo = choice_of(*one.node.undo), .shown = one.node.undo->shown};
  co_return co_await rf::roll_back(one.shell, rollback, one.on_event);
}

void verify_undo(const RunNode& node, const Facts& facts, NodeResult& result) {
  auto left = left_undone(*node.plan, facts);
  result.verified = !left;
  if (left)
    result.error = Error{.kind = ErrorKind::conflict,
                         .message = *std::move(left),
                         .hint = "somebody else is changing it: find out who, and run this again"};
}

// What the state directory and the boot unit are shown as.
void add_traces(const Facts& facts, Plan& plan) {
  for (const auto& path : facts.traces) {
    FileChange gone;
    const bool directory = !path.ends_with(".service");
    gone.op = directory ? FileChange::Op::remove_directory : FileChange::Op::remove;
    gone.kind = FileChange::Class::own;
    gone.path = path;
    gone.before_sha256 = "-";
    gone.why = "the files that regfallback keeps here";
    plan.files.push_back(std::move(gone));
  }
}

std::string newest_applied(const Facts& facts) {
  for (const auto& receipt : newest_first(facts))
    if (in_effect(receipt)) return receipt.id;
  return "";
}

// After the first state is back; or at once, where files are kept or are as they were.
// Its arguments are named where it is awaited: GCC 12 destroys temporaries of an awaited call twice.
asio::awaitable<Result<Applied>> remove_after(const NodeChange& one, Applied before, std::string newest) {
  one.on_event({ApplyEvent::Kind::step, "remove"});
  RF_CO_TRY(auto removed, co_await remove_traces(one.shell, std::move(newest), one.options.query));
  if (before.outcome != Outcome::applied) co_return removed;
  before.facts_after = std::move(removed.facts_after);
  for (auto& warning : removed.warnings) before.warnings.push_back(std::move(warning));
  if (removed.outcome != Outcome::applied) before.warnings.push_back(std::move(removed.cause));
  co_return before;
}

// Until the change back has settled: what is needed to put it back must not go before that.
TransactionOptions settled(TransactionOptions options) {
  options.until = TransactionOptions::Until::settled;
  return options;
}

bool changes_files(const RunNode& node) { return node.undo && !node.undo->shown.empty(); }

asio::awaitable<Result<Applied>> uninstall_on(const NodeChange& one) {
  if (!changes_files(one.node)) {
    Applied none{.id = one.options.id};
    auto newest = newest_applied(*one.node.facts);
    co_return co_await remove_after(one, std::move(none), std::move(newest));
  }
  const auto options = settled(one.options);
  RF_CO_TRY(auto back, co_await roll_back_on({one.shell, one.node, options, one.on_event}));
  if (back.outcome != Outcome::applied) co_return back;
  std::string newest = one.options.id;
  co_return co_await remove_after(one, std::move(back), std::move(newest));
}

// The connection was lost, and with the state directory goes what is known of the transaction.
asio::awaitable<Result<Applied>> uninstall_after_lost(const NodeChange& one) {
  RF_CO_TRY(const auto program, facts_program(one.options.query, Ask::files_only));
  RF_CO_TRY(auto facts, co_await read_facts(one.shell, program));
  Applied done{.id = one.options.id};
  if (facts.traces.empty()) {
    done.outcome = Outcome::applied;
    done.facts_after = std::move(facts);
    co_return done;
  }
  if (!changes_files(one.node)) {
    auto newest = newest_applied(facts);
    co_return co_await remove_after(one, std::move(done), std::move(newest));
  }
  // Removing had begun.
  if (facts.receipts.empty() && !facts.unfinished) {
    done.outcome = Outcome::applied;
    std::string newest;
    co_return co_await remove_after(one, std::move(done), std::move(newest));
  }
  const auto options = settled(one.options);
  RF_CO_TRY(auto back, co_await follow({one.shell, one.node, options, one.on_event}));
  if (back.outcome != Outcome::applied) co_return back;
  std::string newest = one.options.id;
  co_return co_await remove_after(one, std::move(back), std::move(newest));
}

void verify_removal(const RunNode& node, const Facts& facts, NodeResult& result) {
  verify_undo(node, facts, result);
  if (facts.traces.empty()) return;
  result.verified = false;
  result.error = Error{.kind = ErrorKind::conflict,
                       .message = facts.traces.front() + " still exists",
                       .hint = "run this again; the runtime's configuration is already as expected"};
}

}  // namespace

void Run::plan_undo(const RollbackTarget& target) { plan_undo_on_all(*state_, target, "rollback"); }

void Run::plan_removal(const Removal& removal) {
  auto& state = *state_;
  if (removal.files == Removal::Files::put_back) {
    plan_undo_on_all(state, {.undo = {.what = UndoTarget::What::first}, .drift = removal.drift}, "uninstall");
  } else {
    for (const auto index : state.ready()) {
      auto& node = state.nodes[index];
      node.plan.emplace().node = node.name;
      if (auto ended = check_ended(*node.facts); !ended) node.fail(std::move(ended).error());
    }
  }
  for (auto& node : state.nodes)
    if (node.plan && !node.error) add_traces(*node.facts, *node.plan);
}

std::vector<NodeResult> Run::roll_back(const Rollout& rollout) {
  return carry_out(*state_, rollout, {.begin = roll_back_on, .after_lost = follow, .verify = verify_undo});
}

std::vector<NodeResult> Run::uninstall(const Rollout& rollout) {
  return carry_out(*state_, rollout,
                   {.begin = uninstall_on, .after_lost = uninstall_after_lost, .verify = verify_removal});
}

}  // namespace rf
