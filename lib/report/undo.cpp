#include "report/undo.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "report/model.h"

namespace rf {
namespace {

std::string_view nothing_text(Undo::Nothing nothing) {
  switch (nothing) {
    case Undo::Nothing::never_changed: return "nothing to undo: no apply has changed anything here";
    case Undo::Nothing::undone_already: return "nothing to undo: every change has been undone already";
    case Undo::Nothing::not_in_run: return "nothing to undo: that run has changed nothing here";
    case Undo::Nothing::put_back: return "nothing more to undo: the latest change was unfinished and has been undone";
  }
  return "";
}

Value run_value(const ReceiptSummary& receipt) {
  return Value::object({{"id", receipt.id},
                        {"sequence", receipt.sequence},
                        {"run", Value::or_null(receipt.run)},
                        {"by", Value::or_null(receipt.by)},
                        {"time", Value::or_null(receipt.time)},
                        {"reason", Value::or_null(receipt.reason)}});
}

}  // namespace

std::string state_after(const Undo& undo) {
  if (undo.to_first) return "in the state before the first apply";
  if (undo.reached) return "in the state after " + short_name(*undo.reached);
  return "";
}

std::vector<std::string> about_undo(const Undo& undo, const Plan& plan) {
  if (undo.undone.empty()) return {std::string(nothing_text(undo.nothing))};
  const bool changes = std::any_of(plan.files.begin(), plan.files.end(),
                                   [](const auto& change) { return change.kind != FileChange::Class::own; });
  if (!changes) return {"nothing to undo: every file is in that state already"};
  std::vector<std::string> about;
  const auto& first = undo.undone.front();
  about.push_back(undo.undone.size() == 1
                      ? "undoes " + describe(first)
                      : fmt::format("undoes {} transactions, from {} on", undo.undone.size(), describe(first)));
  if (undo.to_first) about.push_back("goes back to the state before the first apply");
  if (undo.reached) about.push_back("goes back to the state after " + describe(*undo.reached));
  return about;
}

Value undo_plan_value(std::span<const UndoRow> rows) {
  Value nodes = Value::array();
  for (const auto& row : rows) {
    Value node = plan_row_value(row.plan);
    Value undone = Value::array();
    if (row.undo != nullptr)
      for (const auto& receipt : row.undo->undone) undone.push(run_value(receipt));
    node.set("undone", undone);
    node.set("to_first", row.undo != nullptr && !row.undo->undone.empty() ? Value(row.undo->to_first) : Value());
    node.set("reached", row.undo != nullptr && row.undo->reached ? run_value(*row.undo->reached) : Value());
    nodes.push(node);
  }
  return Value::object({{"schema", "regfallback.undo-plan/v1"}, {"nodes", nodes}});
}

std::string undo_summary(std::span<const UndoRow> rows) {
  std::size_t changes = 0;
  std::size_t restarts = 0;
  std::size_t nothing = 0;
  std::size_t failed = 0;
  for (const auto& row : rows) {
    const auto* plan = row.plan.plan;
    if (plan == nullptr || row.plan.error) {
      ++failed;
    } else if (plan->empty()) {
      ++nothing;
    } else {
      ++changes;
      restarts += plan->service.needed() ? 1 : 0;
    }
  }
  std::vector<std::string> parts;
  if (changes > 0)
    parts.push_back(
        fmt::format("{} to change ({})", changes, restarts == 0 ? "no restart" : counted(restarts, "restart")));
  if (nothing > 0) parts.push_back(fmt::format("{} with nothing to undo", nothing));
  if (failed > 0) parts.push_back(fmt::format("{} failed", failed));
  return counted(rows.size(), "node") + ": " + join(parts, ", ");
}

}  // namespace rf
