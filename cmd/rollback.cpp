#include <fmt/format.h>

#include <algorithm>

#include "line/command.h"
#include "line/consent.h"
#include "nodes.h"
#include "rollout.h"
#include "setup.h"

namespace rf::cmd {
namespace {

int list(Context& context, const Run& run) {
  const auto rows = status_rows(run);
  if (context.wants_table()) {
    context.out.write(receipts_text(rows, context.style()));
  } else {
    context.print(receipts_value(rows));
  }
  return any_failed(run) ? exit_failed : exit_done;
}

// Asks where there is something to do.
std::optional<int> ask(Context& context, const std::vector<NodeResult>& results, const std::string& target) {
  const auto count = std::count_if(results.begin(), results.end(),
                                   [](const auto& result) { return result.outcome == Outcome::not_begun; });
  if (count == 0) return std::nullopt;
  return ask_consent(context, "rollback",
                     fmt::format("Roll back {} on {} node{}? [y/N] ", target, count, count == 1 ? "" : "s"));
}

int run_rollback(Context& context) {
  const auto& options = context.options;
  if (!options.facts.empty() && !options.list_receipts) {
    context.error({.kind = ErrorKind::usage,
                   .message = "rollback changes nodes; it cannot use saved facts",
                   .hint = "with --list it can"});
    return exit_usage;
  }
  auto setup = prepare(context, {.intent = context.options.nodes.empty() ? IntentNeed::useful : IntentNeed::none,
                                 .nodes = Remembered::use});
  if (!setup) return exit_usage;
  if (const auto possible = options.list_receipts ? Result<void>() : check_consent(options, "rollback"); !possible)
    return context.fail(possible.error());
  auto run = open_nodes(context, *setup, options.list_receipts ? Run::Purpose::look : Run::Purpose::change);
  if (!run) return context.fail(run.error());
  if (options.list_receipts) return list(context, *run);
  const RollbackTarget target{.which = options.undo, .drift = options.overwrite_drift ? Drift::overwrite : Drift::keep};
  if (const auto end = ask(context, run->before_rollback(target), target.which)) return *end;
  const Rollout rollout{.tool_version = RF_VERSION,
                        .reason = receipt_reason("rollback", target.which),
                        .policy = rollout_policy(options, run->nodes().size())};
  const auto results = run->roll_back(rollout, target);
  return print_results(context, *run, results, "regfallback.rollback/v1");
}

}  // namespace

Command rollback_command(Options& options) {
  return {
      .doc =
          {.name = "rollback",
           .group = "Change",
           .summary = "restore what an earlier apply replaced (--list shows what can be restored)",
           .text =
               "Undoes the newest apply on each node, byte for byte: contents, modes, owners, and files that did not "
               "exist. It is a transaction like any other: all or nothing, with a health check, and undone if the "
               "runtime does not come back. Files that somebody else has changed since are a conflict, unless --force "
               "is given.",
           .examples = {{"regfallback rollback --list", "show what can be undone on the nodes of the last apply"},
                        {"regfallback rollback --nodes anubis,babel,ra", "undo the newest apply on these nodes"},
                        {"regfallback rollback --undo first", "restore the state before the first apply"}},
           .exit_codes = {"0  done",
                          "1  at least one node failed (it is unchanged, or was not reached), or the answer was no",
                          "2  wrong usage", "4  at least one node is stuck and needs manual repair",
                          "130  interrupted; the summary shows the state of every node"}},
      .flags =
          std::vector<Flag>{
              {{"-l,--list", "", "list what can be undone, and exit", "Change"}, &options.list_receipts},
              {{"--undo", "WHICH",
                "latest (default), first (everything), or a number or id from --list: that one and all later ones",
                "Change"},
               &options.undo},
              {{"--force", "", "replace files that somebody else has changed since; their version is not kept",
                "Change"},
               &options.overwrite_drift}} +
          rollout_flags(options) + node_flags(options) + intent_flags(options) + output_flags(options),
      .run = run_rollback};
}

}  // namespace rf::cmd
