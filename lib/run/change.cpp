// The nodes of a run changed in batches, each to an outcome a person can count on.
#include "run/change.h"

#include "apply/unfinished.h"
#include "node/history.h"
#include "node/managed.h"

namespace rf {
namespace {

std::string in_words(std::string_view step) {
  constexpr std::string_view wait = "wait ";
  if (step == "check") return "checking";
  if (step == "stage") return "staging files";
  if (step == "validate") return "validating";
  if (step == "commit") return "committing";
  if (step == "restart") return "restarting the runtime";
  if (step == "health") return "waiting for a healthy runtime";
  if (step.starts_with(wait)) return "waiting for " + std::string(step.substr(wait.size())) + " to settle";
  if (step == "finish") return "writing the receipt";
  if (step == "rollback") return "rolling back";
  if (step == "remove") return "removing the files of regfallback";
  return std::string(step);
}

// Nothing is to be done here. While an earlier transaction has not ended, that cannot be known.
void leave_unchanged(const RunNode& node, NodeResult& result) {
  result.outcome = Outcome::unchanged;
  if (!node.facts) return;
  if (auto ended = check_ended(*node.facts); !ended) {
    result.outcome = Outcome::refused;
    result.error = std::move(ended).error();
  }
}

// A conflict is most often another run that was quicker.
void name_other_runs(const RunNode& node, const Applied& applied, NodeResult& result) {
  if (result.outcome != Outcome::conflict || !node.facts || !applied.facts_after) return;
  for (const auto& receipt : applied_between(*node.facts, *applied.facts_after))
    result.detail += "; " + describe(receipt) + " was applied meanwhile";
}

// A result for each node; those with an error have their outcome already.
std::vector<NodeResult> first_results(const std::vector<RunNode>& nodes) {
  std::vector<NodeResult> results;
  for (const auto& node : nodes) {
    NodeResult result{.error = node.error};
    if (node.error)
      result.outcome = outcome_before(*node.error);
    else if (node.plan && node.plan->empty())
      leave_unchanged(node, result);
    results.push_back(std::move(result));
  }
  return results;
}

// Planning again from the facts the transaction ended with: an empty plan is the proof.
void verify_plan(const Rollout& rollout, const RunNode& node, const Result<Detection>& detection, const Facts& facts,
                 NodeResult& result) {
  const auto plan = detection ? rollout.plan_again(facts, *detection) : Result<Plan>(detection.error());
  result.verified = plan && plan->files.empty() && (!plan->service.needed() || rollout.restart == RestartPolicy::never);
  if (!plan) {
    result.error = plan.error();
  } else if (!*result.verified) {
    result.error = Error{.kind = ErrorKind::conflict,
                         .message = "planning again shows " + std::to_string(plan->files.size()) + " more changes",
                         .hint = "'regfallback plan --nodes " + node.spec.text + "' shows them"};
  }
}

// The connection ended on the way: the node knows how the transaction ended.
bool is_lost(const Error& error) {
  return error.kind == ErrorKind::protocol || error.kind == ErrorKind::timeout || error.kind == ErrorKind::connect ||
         error.kind == ErrorKind::io;
}

int milliseconds_since(std::chrono::steady_clock::time_point began) {
  return static_cast<int>(
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began).count());
}

// Why a node's part of the run failed, in one line for those who follow it.
Error failure_of(const NodeResult& result) {
  if (result.error) return *result.error;
  return {.kind = ErrorKind::runtime,
          .message = std::string(to_string(result.outcome)) + (result.detail.empty() ? "" : ": " + result.detail)};
}

class Changing {
 public:
  Changing(Run::State& run, const Rollout& rollout, const Change& change, std::vector<NodeResult>& results)
      : run_(run), rollout_(rollout), change_(change), results_(results) {}

  asio::awaitable<Result<void>> node(std::size_t index, NodeRun& one) {
    auto& result = results_[index];
    result.outcome = Outcome::unknown;  // until it says otherwise: a cut-off transaction ends on the node without us
    const auto began = std::chrono::steady_clock::now();
    auto applied = co_await transaction(index, one);
    result.milliseconds = milliseconds_since(began);
    settle(result, applied);
    if (applied) name_other_runs(run_.nodes[index], *applied, result);
    if (change_.verify && result.outcome == Outcome::applied && applied->facts_after) {
      auto& facts = *applied->facts_after;
      complete_facts(facts, *run_.nodes[index].facts);
      change_.verify(run_.nodes[index], facts, result);
    }
    if (!is_well(result)) co_return failure_of(result);
    co_return Result<void>();
  }

 private:
  // Followed over a second connection when the first is lost.
  asio::awaitable<Result<Applied>> transaction(std::size_t index, NodeRun& one) {
    const auto& node = run_.nodes[index];
    auto& result = results_[index];
    RF_CO_TRY(const auto id, new_transaction_id());
    const TransactionOptions options{.id = id, .origin = rollout_.origin, .query = run_.query};
    result.transaction = id;
    const ApplyEvents on_event = [&](const ApplyEvent& event) {
      if (event.kind == ApplyEvent::Kind::step && event.text == "restart") result.restarted = true;
      one.progress(event.kind == ApplyEvent::Kind::step ? in_words(event.text) : event.text);
    };
    auto applied = co_await change_.begin({*run_.shells[index], node, options, on_event});
    if (applied || !is_lost(applied.error())) co_return applied;
    one.progress("connection lost; reconnecting");
    RF_CO_CHECK(co_await run_.open(index));
    auto followed = co_await change_.after_lost({*run_.shells[index], node, options, on_event});
    co_return followed;
  }

  Run::State& run_;
  const Rollout& rollout_;
  const Change& change_;
  std::vector<NodeResult>& results_;
};

}  // namespace

asio::awaitable<Result<Applied>> follow(const NodeChange& change) {
  const int wait = change.node.plan ? change.node.plan->service.wait_seconds : ServiceAction{}.wait_seconds;
  co_return co_await follow_transaction(change.shell, change.options, wait, change.on_event);
}

std::vector<NodeResult> carry_out(Run::State& run, const Rollout& rollout, const Change& change) {
  auto results = first_results(run.nodes);
  Run::State::Round round{.policy = rollout.policy, .on_signal = Run::State::OnSignal::let_end};
  for (const auto index : run.ready())
    if (results[index].outcome == Outcome::not_begun) round.which.push_back(index);
  Changing changing(run, rollout, change, results);
  run.run(round, [&](std::size_t node, NodeRun& one) { return changing.node(node, one); });
  return results;
}

std::vector<NodeResult> Run::apply(const Rollout& rollout) {
  Change change{
      .begin = [](const NodeChange& one) { return apply_plan(one.shell, *one.node.plan, one.options, one.on_event); },
      .after_lost = follow};
  if (rollout.plan_again) {
    change.verify = [&](const RunNode& node, const Facts& facts, NodeResult& result) {
      verify_plan(rollout, node, state_->detect(facts), facts, result);
    };
  }
  return carry_out(*state_, rollout, change);
}

std::string receipt_reason(std::string_view action, std::string_view source) {
  std::string reason(action);
  if (!source.empty()) reason += " of " + std::string(source);
  for (auto& c : reason) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("_./:@+,%=-~ ").find(c) != std::string_view::npos;
    if (!plain) c = '_';
  }
  return reason;
}

}  // namespace rf
