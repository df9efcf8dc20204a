#include "plan/plan.h"

#include "line/command.h"
#include "nodes.h"
#include "planning.h"
#include "report/plan.h"
#include "setup.h"

namespace rf::cmd {
namespace {

int run_plan(Context& context) {
  auto setup = prepare(context, {.intent = IntentNeed::required, .secrets = SecretNeed::required});
  if (!setup) return exit_usage;
  auto run = open_nodes(context, *setup);
  if (!run) return context.fail(run.error());
  run->plan([&, how = plan_options(context.options, *setup)](const Facts& facts, const Detection& detection) {
    return make_plan(setup->intent, setup->resolved, facts, detection, how);
  });
  const auto rows = plan_rows(*run);
  if (context.wants_table()) {
    context.out.write(plan_text(rows, context.style()));
    context.out.write(plan_summary(rows) + "\n");
  } else {
    context.print(plan_value(rows));
  }
  if (any_failed(*run)) return exit_failed;
  return context.options.check && any_changes(*run) ? exit_findings : exit_done;
}

}  // namespace

Command plan_command(Options& options) {
  return {
      .doc =
          {.name = "plan",
           .group = "Look",
           .summary = "show what apply would change on each node, as a diff",
           .text =
               "Compares every node with the intent and shows the files that apply would write, why, and whether the "
               "runtime would be restarted. A plan that would not give the declared chain under the rules of the "
               "node's own containerd is an error and is never applied. Nothing is changed.",
           .examples = {{"regfallback plan", "use the nodes and registries of ./regfallback.yaml"},
                        {"regfallback plan --nodes a,b -m docker.io=http://anubis:32000", "without an intent file"},
                        {"regfallback plan --check -q", "for CI: exit code 3 if a node is not as declared"},
                        {"regfallback plan --facts facts", "offline, on facts saved by 'detect --save facts'"}},
           .exit_codes = {"0  done", "1  a node was not reached, or cannot be planned", "2  wrong usage or intent",
                          "3  with --check: there are changes"}},
      .flags =
          std::vector<Flag>{{{"--check", "", "exit with code 3 if there are changes", "Result"}, &options.check},
                            restart_flag(options, "plan as apply does with --restart auto, never or always", "Result"),
                            style_flag(options)} +
          intent_flags(options) + node_flags(options) + output_flags(options),
      .run = run_plan};
}

}  // namespace rf::cmd
