#include "report/status.h"

#include "line/command.h"
#include "nodes.h"
#include "setup.h"

namespace rf::cmd {
namespace {

int run_status(Context& context) {
  auto setup =
      prepare(context, {.intent = IntentNeed::useful, .nodes = Remembered::use, .secrets = SecretNeed::useful});
  if (!setup) return exit_usage;
  auto run = open_nodes(context, *setup);
  if (!run) return context.fail(run.error());
  if (setup->can_plan()) {
    run->plan([&](const Facts& facts, const Detection& detection) {
      return make_plan(setup->intent, setup->resolved, facts, detection, {.undeclared = setup->undeclared});
    });
  }
  const auto rows = status_rows(*run);
  if (context.wants_table()) {
    context.out.write(status_text(rows, context.style()));
    note_unconfigured(context, *run);
  } else {
    context.print(status_value(rows));
  }
  if (any_failed(*run)) return exit_failed;
  return context.options.check && any_out_of_sync(rows) ? exit_findings : exit_done;
}

}  // namespace

Command status_command(Options& options) {
  return {
      .doc =
          {.name = "status",
           .group = "Look",
           .summary = "show the state of what regfallback manages on each node, and the last receipt",
           .text =
               "Compares the files that earlier applies wrote with the files that are there now, and with the intent "
               "if there is one. A node is in sync, drifted, behind the intent, unfinished or not managed. Without "
               "--nodes and without nodes in the intent, the nodes of the last apply are used. Nothing is changed.",
           .examples = {{"regfallback status", "the nodes of the last apply"},
                        {"regfallback status --check -q", "for monitoring: exit code 3 if a node is not in sync"},
                        {"regfallback status --nodes anubis -o yaml", "all receipts of one node"}},
           .exit_codes = {"0  every node was read", "1  a node was not reached", "2  wrong usage or intent",
                          "3  with --check: a node has drifted, is not as declared, or has an unfinished transaction"}},
      .flags =
          std::vector<Flag>{{{"--check", "", "exit with code 3 if a node is not in sync", "Result"}, &options.check}} +
          node_flags(options) + intent_flags(options) + output_flags(options),
      .run = run_status};
}

}  // namespace rf::cmd
