#include "undoing.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "line/command.h"
#include "line/consent.h"
#include "nodes.h"
#include "report/undo.h"
#include "rollout.h"

namespace rf::cmd {
namespace {

std::vector<UndoRow> undo_rows(const Run& run) {
  std::vector<UndoRow> rows;
  for (const auto& node : run.nodes()) {
    const auto* plan = node.plan && !node.error ? &*node.plan : nullptr;
    UndoRow row{.plan = {.node = node.name, .error = node.error, .plan = plan},
                .undo = node.undo && plan != nullptr ? &node.undo->undo : nullptr};
    if (row.undo != nullptr) row.plan.about = about_undo(*row.undo, *plan);
    rows.push_back(std::move(row));
  }
  return rows;
}

// For people: with the result where that is a table, else beside it.
void show_undo(Context& context, const std::vector<UndoRow>& rows) {
  if (!context.wants_table() && context.options.quiet) return;
  std::vector<PlanRow> plans;
  for (const auto& row : rows) plans.push_back(row.plan);
  auto& stream = context.wants_table() ? context.out : context.diagnostics;
  stream.write(plan_text(plans, context.wants_table() ? context.style() : context.diagnostics_style()));
  stream.write(undo_summary(rows) + "\n");
}

std::string whole_question(const Undoing& undoing, const Run& run) {
  std::size_t nodes = 0;
  std::size_t restarts = 0;
  for (const auto& node : run.nodes()) {
    if (node.error || !node.plan || node.plan->empty()) continue;
    ++nodes;
    restarts += node.plan->service.needed() ? 1 : 0;
  }
  return fmt::format("{} {}{}? [y/N] ", undoing.question, counted(nodes, "node"),
                     restarts == 0 ? ", without a restart" : fmt::format(", restarting the runtime on {}", restarts));
}

// What each node is now, or why nothing was done there.
std::vector<std::string> states_of(const Run& run, const std::vector<NodeResult>& results) {
  std::vector<std::string> states;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const auto& node = run.nodes()[i];
    std::string state;
    if (node.undo && node.plan) {
      const auto about = about_undo(node.undo->undo, *node.plan);
      state = results[i].outcome == Outcome::applied ? state_after(node.undo->undo) : about.front();
    }
    states.push_back(std::move(state));
  }
  return states;
}

}  // namespace

int undo_on_nodes(Context& context, const Setup& setup, const Undoing& undoing) {
  const auto& options = context.options;
  auto run =
      open_nodes(context, setup, options.dry_run ? Run::Purpose::look : Run::Purpose::change, Run::Detecting::tried);
  if (!run) return context.fail(run.error());
  undoing.plan(*run);
  if (run->end() == RunEnd::interrupted) {
    context.note("interrupted; nothing was changed");
    return exit_interrupted;
  }
  const auto rows = undo_rows(*run);
  if (options.dry_run && !context.wants_table()) {
    context.print(undo_plan_value(rows));
  } else if (options.dry_run || any_changes(*run)) {
    show_undo(context, rows);
  }
  if (options.dry_run) return any_failed(*run) ? exit_failed : exit_done;
  if (!any_changes(*run) && !any_failed(*run)) context.note(undoing.nothing);
  if (any_changes(*run))
    if (const auto end = ask_consent(context, *run, undoing.command, whole_question(undoing, *run))) return *end;
  const auto origin = begin_run(context, *run, setup, undoing.reason);
  if (!origin) return context.fail(origin.error());
  const Rollout rollout{.origin = *origin, .policy = rollout_policy(options, run->nodes().size())};
  ChangeResults results{.action = undoing.action, .run = origin->run, .again = undoing.again};
  results.nodes = undoing.carry_out(*run, rollout);
  results.states = states_of(*run, results.nodes);
  return print_results(context, *run, results);
}

}  // namespace rf::cmd
