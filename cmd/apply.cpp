#include <fmt/format.h>

#include "apply.h"
#include "base/text.h"
#include "host/state.h"
#include "line/command.h"
#include "line/consent.h"
#include "nodes.h"
#include "planning.h"
#include "rollout.h"
#include "setup.h"

namespace rf::cmd {
namespace {

// The plan, for people: with the result where that is a table, else beside it.
void show_plan(Context& context, const Run& run) {
  const auto rows = plan_rows(run);
  auto& stream = context.wants_table() ? context.out : context.diagnostics;
  if (!context.wants_table() && context.options.quiet) return;
  stream.write(plan_text(rows, context.wants_table() ? context.style() : context.diagnostics_style()));
  stream.write(plan_summary(rows) + "\n");
}

void remember(Context& context, const Setup& setup) {
  LastApply last{.nodes = {}, .intent_file = setup.intent_file};
  for (const auto& spec : setup.selection.nodes) last.nodes.push_back(spec.text);
  if (const auto kept = remember_apply(last); !kept && context.options.verbose) context.error(kept.error());
}

// Before anything is written: nodes that cannot reach an endpoint of their chains are left as they are; what else is
// wrong with one is said with the plan.
void refuse_unreachable_endpoints(Run& run) {
  const auto probes = run.probe(std::nullopt, [](const RunNode& node) {
    return node.plan && !node.plan->empty() ? node.plan->chains : std::vector<Chain>{};
  });
  for (std::size_t i = 0; i < probes.size(); ++i) {
    auto& node = run.nodes()[i];
    if (!probes[i]) continue;
    if (auto answers = check_reachable(*probes[i], node.detection->config); !answers)
      node.fail(std::move(answers).error());
    for (auto& sentence : not_serving(*probes[i])) node.plan->warnings.push_back(std::move(sentence));
  }
}

// What goes on with nodes that were left: the same intent.
std::string same_apply(const Options& options, const Setup& setup) {
  std::string command = "regfallback apply";
  if (!setup.intent_file.empty()) command += " --config " + shell_quote(setup.intent_file);
  for (const auto& mirror : options.registry_flags.mirrors) command += " --mirror " + shell_quote(mirror);
  for (const auto& fallback : options.registry_flags.fallbacks) command += " --fallback " + shell_quote(fallback);
  return command;
}

bool only_shows(const Options& options) { return options.dry_run || !options.facts.empty(); }

int run_apply(Context& context) {
  const auto& options = context.options;
  if (options.probe && !options.facts.empty()) {
    context.error({.kind = ErrorKind::usage,
                   .message = "apply: --probe needs live nodes; it cannot be used with saved facts",
                   .hint = "leave out --probe, or name nodes with --nodes"});
    return exit_usage;
  }
  auto setup = prepare(context, {.intent = IntentNeed::required, .secrets = SecretNeed::required});
  if (!setup) return exit_usage;
  if (const auto possible = only_shows(options) ? Result<void>() : check_consent(options, "apply"); !possible)
    return context.fail(possible.error());
  return apply_intent(context, *setup, {.command = "apply", .again = same_apply(options, *setup)});
}

}  // namespace

int apply_intent(Context& context, const Setup& setup, const ApplyManner& manner) {
  const auto& options = context.options;
  const bool dry = only_shows(options);
  auto run = open_nodes(context, setup, dry ? Run::Purpose::look : Run::Purpose::change);
  if (!run) return context.fail(run.error());
  const auto wanted = plan_options(options, setup);
  const auto planner = [&](PlanOptions how) -> Planner {
    return [&setup, how](const Facts& facts, const Detection& detection) {
      return make_plan(setup.intent, setup.resolved, facts, detection, how);
    };
  };
  run->plan(planner(wanted));
  if (options.probe) refuse_unreachable_endpoints(*run);
  if (run->end() == RunEnd::interrupted) {
    context.note("interrupted; nothing was changed");
    return exit_interrupted;
  }
  const bool changes = any_changes(*run);
  if (changes || dry) show_plan(context, *run);
  if (dry) return any_failed(*run) ? exit_failed : exit_done;
  if (const auto end = changes ? ask_consent(context, *run, manner.command, plan_question("Apply to", plan_rows(*run)))
                               : std::nullopt)
    return *end;
  if (manner.remembered) remember(context, setup);
  auto origin = begin_run(context, *run, setup, receipt_reason(manner.command, setup.intent_file));
  if (!origin) return context.fail(origin.error());
  Rollout rollout{.origin = *origin, .policy = rollout_policy(options, run->nodes().size()), .restart = wanted.restart};
  if (!options.no_verify) rollout.plan_again = planner({.style = wanted.style, .undeclared = wanted.undeclared});
  const auto results = run->apply(rollout);
  return print_results(context, *run, {.run = origin->run, .again = manner.again, .nodes = results});
}

Command apply_command(Options& options) {
  return {
      .doc =
          {.name = "apply",
           .group = "Change",
           .summary =
               "apply the intent to the nodes: back up, write atomically, restart if needed, verify, roll back on "
               "failure",
           .text =
               "Plans every node, shows the plan, asks for confirmation, and carries it out: all files of a node or "
               "none, with a backup that rollback restores byte for byte. The runtime is restarted only if a change "
               "cannot take effect without it. If the runtime does not come back healthy, the old state of the node is "
               "restored. Afterwards each node is read and planned again: an empty plan is the proof.\n\nThe question "
               "goes to the terminal; without a terminal, --yes is required. Ctrl-C lets running nodes finish, starts "
               "no further ones, and shows the state of every node.",
           .examples = {{"regfallback apply", "use the nodes and registries of ./regfallback.yaml"},
                        {"regfallback apply --nodes a,b -m docker.io=http://anubis:32000", "without an intent file"},
                        {"regfallback apply --canary 1 --serial 20% --max-failures 0",
                         "one node first, then a fifth of the nodes at a time"},
                        {"regfallback apply --probe", "skip nodes that cannot reach a mirror"},
                        {"regfallback apply --dry-run", "only show the plan, as 'regfallback plan' does"}},
           .exit_codes =
               {"0  every node is as declared",
                "1  at least one node failed (it is in its old state, or was not reached), or the answer was no",
                "2  wrong usage or intent; nothing was touched",
                "4  at least one node is stuck and needs manual repair",
                "5  at least one node was changed but is not as declared afterwards",
                "130  interrupted; the summary shows the state of every node"}},
      .flags =
          std::vector<Flag>{
              {{"--dry-run", "", "show the plan and exit", "Change"}, &options.dry_run},
              restart_flag(
                  options,
                  "restart the runtime: auto (if a change needs it), never, or always (on every node that changes) "
                  "(default auto)",
                  "Change"),
              style_flag(options),
              {{"--probe", "", "ask every endpoint from the nodes first, and refuse nodes that cannot reach one",
                "Change"},
               &options.probe},
              {{"--no-verify", "", "do not read and plan the nodes again afterwards", "Change"}, &options.no_verify}} +
          rollout_flags(options) + intent_flags(options) + node_flags(options) + output_flags(options),
      .run = run_apply};
}

}  // namespace rf::cmd
