#include <fmt/format.h>

#include <algorithm>

#include "line/command.h"
#include "line/consent.h"
#include "rollout.h"
#include "setup.h"
#include "status_rows.h"

namespace rf::cmd {
namespace {

// "latest", "first", an id, or a number of --list.
std::string target_on(const Node& node, const std::string& wanted) {
  for (const auto& receipt : node.facts->receipts) {
    if (std::to_string(receipt.sequence) == wanted) return receipt.id;
  }
  return wanted;
}

int list(Context& context, const std::vector<Node>& nodes) {
  const auto rows = status_rows(nodes);
  if (context.wants_table()) {
    context.out.write(receipts_text(rows, context.style()));
  } else {
    context.print(receipts_value(rows));
  }
  return std::any_of(rows.begin(), rows.end(), [](const auto& row) { return row.error.has_value(); }) ? exit_failed
                                                                                                      : exit_done;
}

// Asks where there is something to do.
std::optional<int> ask(Context& context, const std::vector<ApplyRow>& rows, const std::string& target) {
  const auto count =
      std::count_if(rows.begin(), rows.end(), [](const auto& row) { return row.outcome == NodeOutcome::not_begun; });
  if (count == 0) return std::nullopt;
  return ask_consent(context, "rollback",
                     fmt::format("Roll back {} on {} node{}? [y/N] ", target, count, count == 1 ? "" : "s"));
}

int run(Context& context) {
  const auto& options = context.options;
  if (!options.facts.empty() && !options.list) {
    context.error({.kind = ErrorKind::usage,
                   .message = "rollback changes nodes; it cannot work on saved facts",
                   .hint = "--list can"});
    return exit_usage;
  }
  if (const auto possible = options.list ? Result<void>() : check_consent(options, "rollback"); !possible)
    return context.fail(possible.error());
  auto setup = prepare(context, {.intent = context.options.nodes.empty() ? IntentNeed::useful : IntentNeed::none,
                                 .nodes = Remembered::use});
  if (!setup) return exit_usage;
  Nodes nodes(context, *setup);
  auto policy = rollout_policy(options, setup->selection.nodes.size());
  const auto gathered = policy ? nodes.gather() : Result<void>(policy.error());
  if (!gathered) return context.fail(gathered.error());
  if (options.list) return list(context, nodes.all());
  auto rows = begin_rows(nodes.all());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& node = nodes.all()[i];
    if (node.facts && node.facts->receipts.empty() && !node.error) rows[i].outcome = NodeOutcome::unchanged;
  }
  const auto target = options.to.empty() ? "latest" : options.to;
  if (const auto end = ask(context, rows, target)) return *end;
  const auto drift = options.force ? Drift::overwrite : Drift::keep;
  const Rollout rollout{*setup, nodes, receipt_reason("rollback", target), *policy};
  carry_out(
      rollout, rows,
      [&](Node& node, const TransactionOptions& transaction, ApplyEvents on_event) -> asio::awaitable<Result<Applied>> {
        const RollbackOptions rollback{.transaction = transaction, .target = target_on(node, target), .drift = drift};
        auto applied = co_await roll_back(*node.shell, rollback, std::move(on_event));
        co_return applied;
      });
  return print_rows(context, rows, nodes, "regfallback.rollback/v1");
}

}  // namespace

Command rollback_command(Options& options) {
  return {
      .doc = {.name = "rollback",
              .group = "Change",
              .summary = "restore what an earlier apply replaced; --list shows what there is",
              .text = "Undoes the newest apply on each node, byte for byte: contents, modes, owners, and files that "
                      "did not exist. It is a transaction "
                      "like any other: all or nothing, with a health check, and itself undone when the runtime does "
                      "not come back. Files that "
                      "somebody else changed since are a conflict, unless --force.",
              .examples = {{"regfallback rollback --list", "what can be undone on the nodes of the last apply"},
                           {"regfallback rollback --nodes anubis,babel,ra", "undo the newest apply there"},
                           {"regfallback rollback --undo first", "back to what the nodes were before regfallback"}},
              .exit_codes = {"0  done",
                             "1  at least one node failed; it is as it was, or was not reached; or the answer was no",
                             "2  wrong usage", "4  at least one node is stuck and needs a person",
                             "130  interrupted; the summary says in which state every node is"}},
      .flags =
          std::vector<Flag>{
              {{"-l,--list", "", "list what there is to undo, and end", "Change"}, &options.list},
              {{"--undo", "WHICH",
                "latest (default), first (everything), or a number or id of --list: that one and all later ones",
                "Change"},
               &options.to},
              {{"--force", "", "replace files that somebody else changed since; their version is not kept", "Change"},
               &options.force}} +
          rollout_flags(options) + node_flags(options) + intent_flags(options) + output_flags(options),
      .run = run};
}

}  // namespace rf::cmd
