#include "report/status.h"

#include "line/command.h"
#include "nodes.h"
#include "setup.h"
#include "status_rows.h"

namespace rf::cmd {
namespace {

int run(Context& context) {
  auto setup = prepare(context, {.intent = IntentNeed::useful, .nodes = Remembered::use});
  if (!setup) return exit_usage;
  Nodes nodes(context, *setup);
  if (const auto gathered = nodes.gather(); !gathered) return context.fail(gathered.error());
  if (setup->has_intent) nodes.plan({});
  const auto rows = status_rows(nodes.all());
  if (context.wants_table()) {
    context.out.write(status_text(rows, context.style()));
  } else {
    context.print(status_value(rows));
  }
  bool failed = false;
  for (const auto& row : rows) failed = failed || row.error;
  return failed ? exit_failed : exit_done;
}

}  // namespace

Command status_command(Options& options) {
  return {
      .doc = {.name = "status",
              .group = "Look",
              .summary = "what we manage on each node: in sync, drifted, unfinished; last receipt",
              .text =
                  "Compares the files that earlier applies wrote with what is there now, and with the intent where "
                  "there is one. Without "
                  "--nodes and without nodes in the intent, the nodes of the last apply are meant. Nothing is changed.",
              .examples = {{"regfallback status", "the nodes of the last apply"},
                           {"regfallback status --nodes anubis -o yaml", "everything known about one node's receipts"}},
              .exit_codes = {"0  every node was read", "1  a node was not reached", "2  wrong usage or intent"}},
      .flags = node_flags(options) + intent_flags(options) + output_flags(options),
      .run = run};
}

}  // namespace rf::cmd
