#include "rollout.h"

#include <algorithm>

#include "base/text.h"
#include "line/command.h"

namespace rf::cmd {
namespace {

NodeOutcome outcome_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::unchanged: return NodeOutcome::unchanged;
    case Outcome::applied: return NodeOutcome::applied;
    case Outcome::conflict: return NodeOutcome::conflict;
    case Outcome::rolled_back: return NodeOutcome::rolled_back;
    case Outcome::stuck: return NodeOutcome::stuck;
    case Outcome::unreachable: return NodeOutcome::unreachable;
  }
  return NodeOutcome::unknown;
}

// Of an error before anything was begun.
NodeOutcome outcome_before(const Error& error) {
  switch (error.kind) {
    case ErrorKind::connect:
    case ErrorKind::host_key:
    case ErrorKind::auth:
    case ErrorKind::timeout:
    case ErrorKind::protocol: return NodeOutcome::unreachable;
    case ErrorKind::interrupted: return NodeOutcome::not_begun;
    case ErrorKind::conflict: return NodeOutcome::conflict;
    default: return NodeOutcome::refused;
  }
}

bool is_lost(const Error& error) {
  return error.kind == ErrorKind::protocol || error.kind == ErrorKind::timeout || error.kind == ErrorKind::connect ||
         error.kind == ErrorKind::io;
}

std::string_view in_words(std::string_view step) {
  if (step == "check") return "checking";
  if (step == "stage") return "writing beside";
  if (step == "validate") return "validating";
  if (step == "commit") return "committing";
  if (step == "restart") return "restarting the runtime";
  if (step == "health") return "waiting for a healthy runtime";
  if (step == "finish") return "writing the receipt";
  if (step == "rollback") return "rolling back";
  return step;
}

// One node's transaction, followed over a second connection when the first is lost.
asio::awaitable<Result<Applied>> change_one(const Rollout& rollout, Node& node, NodeRun& run, ApplyRow& row,
                                            const Change& change) {
  RF_CO_TRY(const auto id, new_transaction_id());
  const TransactionOptions options{.id = id,
                                   .tool_version = RF_VERSION,
                                   .time = utc_now(),
                                   .reason = rollout.reason,
                                   .query = rollout.nodes.query()};
  row.transaction = id;
  const ApplyEvents on_event = [&](const ApplyEvent& event) {
    if (event.kind == ApplyEvent::Kind::step && event.text == "restart") row.restarted = true;
    run.progress(event.kind == ApplyEvent::Kind::step ? std::string(in_words(event.text)) : event.text);
  };
  auto applied = co_await change(node, options, on_event);
  if (applied || !is_lost(applied.error())) co_return applied;
  run.progress("connection lost; asking again");
  node.shell.reset();
  RF_CO_TRY(node.shell, co_await rollout.nodes.dialer().open(node.spec));
  const int wait = node.plan ? node.plan->service.wait_seconds : 60;
  auto followed = co_await follow_transaction(*node.shell, options, wait, on_event);
  co_return followed;
}

// Planning again from the facts the transaction ended with: an empty plan is the proof.
void verify(const Rollout& rollout, Node& node, ApplyRow& row, const Facts& facts, const Options& options) {
  auto detection = detect(facts, rollout.setup.profiles, {.distribution = options.distribution});
  if (!detection) {
    row.error = std::move(detection).error();
  } else {
    auto plan = rollout.plan_again(facts, *detection);
    if (!plan) row.error = std::move(plan).error();
    // With --restart never the restart stays to be done, and that is no fault.
    row.verified = plan && plan->files.empty() && (!plan->service.needed() || options.restart == "never");
    if (plan && !*row.verified) {
      row.error = Error{.kind = ErrorKind::conflict,
                        .message = "planning again shows " + std::to_string(plan->files.size()) + " more changes",
                        .hint = "'regfallback plan --nodes " + node.name + "' shows them"};
    }
  }
  if (!row.verified) row.verified = false;
}

void settle(ApplyRow& row, const Result<Applied>& applied) {
  if (!applied) {
    const auto kind = applied.error().kind;
    row.outcome = kind == ErrorKind::refused || kind == ErrorKind::conflict || kind == ErrorKind::usage
                      ? outcome_before(applied.error())
                      : NodeOutcome::unknown;
    row.error = applied.error();
    return;
  }
  row.outcome = outcome_of(applied->outcome);
  row.detail = applied->cause;
  for (const auto& warning : applied->warnings) row.detail += (row.detail.empty() ? "" : "; ") + warning;
  if (row.outcome == NodeOutcome::unchanged) row.transaction.clear();
}

bool is_well(const ApplyRow& row) {
  return (row.outcome == NodeOutcome::applied || row.outcome == NodeOutcome::unchanged) && row.verified.value_or(true);
}

}  // namespace

Result<FleetPolicy> rollout_policy(const Options& options, std::size_t nodes) {
  FleetPolicy policy;
  if (options.parallel > 0) policy.parallel = options.parallel;
  if (!options.serial.empty()) {
    RF_TRY(policy.serial, parse_batch_size(options.serial));
  }
  policy.canary = options.canary;
  if (!options.max_failures.empty()) {
    RF_TRY(const auto most, parse_share(options.max_failures, nodes));
    policy.max_failures = static_cast<int>(most);
  }
  return policy;
}

std::vector<ApplyRow> begin_rows(const std::vector<Node>& nodes) {
  std::vector<ApplyRow> rows;
  for (const auto& node : nodes) {
    ApplyRow row{.node = node.name};
    row.plan = node.plan ? &*node.plan : nullptr;
    row.error = node.error;
    if (node.error) row.outcome = outcome_before(*node.error);
    rows.push_back(std::move(row));
  }
  return rows;
}

void leave_unchanged(const Node& node, ApplyRow& row) {
  row.outcome = NodeOutcome::unchanged;
  if (!node.facts) return;
  if (auto ended = check_ended(*node.facts); !ended) {
    row.outcome = NodeOutcome::refused;
    row.error = std::move(ended).error();
  }
}

void carry_out(const Rollout& rollout, std::vector<ApplyRow>& rows, const Change& change) {
  auto& all = rollout.nodes.all();
  Nodes::Round round{.which = {}, .policy = rollout.policy, .on_signal = Nodes::OnSignal::let_end};
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (rows[i].outcome == NodeOutcome::not_begun && all[i].ready()) round.which.push_back(i);
  }
  rollout.nodes.run(round, [&](Node& node, NodeRun& run) -> asio::awaitable<Result<void>> {
    auto& row = rows[static_cast<std::size_t>(&node - all.data())];
    row.outcome = NodeOutcome::unknown;  // until it says otherwise: a cut-off transaction ends on the node by itself
    const auto began = std::chrono::steady_clock::now();
    auto applied = co_await change_one(rollout, node, run, row, change);
    row.milliseconds = static_cast<int>(
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began).count());
    settle(row, applied);
    if (rollout.plan_again && row.outcome == NodeOutcome::applied && applied->facts_after) {
      complete_facts(*applied->facts_after, *node.facts);
      verify(rollout, node, row, *applied->facts_after, rollout.nodes.options());
    }
    if (!is_well(row)) {
      co_return row.error.value_or(
          Error{.kind = ErrorKind::runtime,
                .message = std::string(to_string(row.outcome)) + (row.detail.empty() ? "" : ": " + row.detail)});
    }
    co_return Result<void>();
  });
}

int print_rows(Context& context, const std::vector<ApplyRow>& rows, const Nodes& nodes, std::string_view schema) {
  if (context.wants_table()) {
    context.out.write(apply_text(rows, context.style()));
    context.out.write(apply_summary(rows) + "\n");
  } else {
    context.print(apply_value(rows, schema));
  }
  const auto any = [&](auto test) { return std::any_of(rows.begin(), rows.end(), test); };
  if (any([](const ApplyRow& row) { return row.outcome == NodeOutcome::stuck || row.outcome == NodeOutcome::unknown; }))
    return exit_stuck;
  if (nodes.interrupted()) return exit_interrupted;
  return any([](const ApplyRow& row) { return !is_well(row); }) ? exit_failed : exit_done;
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

}  // namespace rf::cmd
