#include "report/apply.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/text.h"
#include "report/model.h"
#include "report/table.h"

namespace rf {
namespace {

constexpr std::array all_outcomes{Outcome::applied, Outcome::unchanged, Outcome::not_begun, Outcome::unreachable,
                                  Outcome::refused, Outcome::busy,      Outcome::conflict,  Outcome::rolled_back,
                                  Outcome::unknown, Outcome::stuck};

Emphasis tint_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::applied:
    case Outcome::unchanged: return Emphasis::good;
    case Outcome::not_begun: return Emphasis::dim;
    case Outcome::busy:
    case Outcome::conflict: return Emphasis::warn;
    default: return Emphasis::bad;
  }
}

// What a person can count on.
std::string_view meaning(Outcome outcome, ChangeAction action) {
  const bool declares = action == ChangeAction::apply || action == ChangeAction::migrate;
  switch (outcome) {
    case Outcome::unchanged: return declares ? "already as declared" : "";
    case Outcome::applied: return "";
    case Outcome::not_begun: return "nothing was changed";
    case Outcome::unreachable: return "not reached; nothing was changed";
    case Outcome::refused: return "nothing was changed";
    case Outcome::busy: return "another run is under way; nothing was changed";
    case Outcome::conflict:
      return declares ? "changed after the plan was made; nothing was changed"
                      : "changed since regfallback left it; nothing was changed";
    case Outcome::rolled_back: return "the change failed; the node is as it was";
    case Outcome::unknown: return "connection lost; the node finishes on its own: see 'regfallback status'";
    case Outcome::stuck: return "neither the new nor the old state is complete; repair it now";
  }
  return "";
}

std::string_view schema_of(ChangeAction action) {
  switch (action) {
    case ChangeAction::apply: return "regfallback.apply/v1";
    case ChangeAction::migrate: return "regfallback.migrate/v1";
    case ChangeAction::rollback: return "regfallback.rollback/v1";
    case ChangeAction::uninstall: return "regfallback.uninstall/v1";
  }
  return "";
}

// On some node a transaction of the run is in effect, and its receipt is kept.
bool can_be_undone(const ChangeReport& report) {
  return report.action != ChangeAction::uninstall &&
         std::any_of(report.rows.begin(), report.rows.end(),
                     [](const ApplyRow& row) { return row.result.outcome == Outcome::applied; });
}

Value split_value(const std::optional<FleetSplit>& split) {
  if (!split) return {};
  return Value::object({{"changed", Value::strings(split->changed)}, {"left", Value::strings(split->left)}});
}

std::string split_text(const FleetSplit& split, const ChangeReport& report) {
  auto text = fmt::format("the fleet is split: {} changed, {} not\n", terminal_safe(join(split.changed, ", ")),
                          terminal_safe(join(split.left, ", ")));
  const auto command = report.again.empty()
                           ? "run it again"
                           : terminal_safe(fmt::format("{} --nodes {}", report.again, join(split.left, ",")));
  text += fmt::format("  to continue, repair {}, then: {}\n", split.left.size() == 1 ? "that one" : "those", command);
  if (can_be_undone(report))
    text += fmt::format("  to undo the change on the others: regfallback rollback --run {}\n", report.run);
  return text;
}

// What was proven of an applied change.
std::string_view proof_of(const NodeResult& result, ChangeAction action) {
  if (!result.verified) return "not verified";
  if (*result.verified) return "verified";
  return action == ChangeAction::apply || action == ChangeAction::migrate ? "NOT as declared after the change"
                                                                          : "NOT as expected after the change";
}

std::string detail_of(const ApplyRow& row, ChangeAction action) {
  const auto& result = row.result;
  std::string text(meaning(result.outcome, action));
  if (result.outcome == Outcome::applied) {
    text = proof_of(result, action);
    if (row.plan) text += ", " + counted(counts_of(*row.plan).files(), "file");
    if (result.restarted && row.plan) text += ", restarted " + row.plan->service.name;
  }
  const bool well = result.outcome == Outcome::applied || result.outcome == Outcome::unchanged;
  if (well && !row.state.empty()) text += (text.empty() ? "" : ", ") + row.state;
  if (!result.detail.empty()) text += (text.empty() ? "" : ": ") + result.detail;
  return text;
}

Value row_value(const ApplyRow& row) {
  const auto& result = row.result;
  return Value::object({{"node", row.node},
                        {"outcome", to_string(result.outcome)},
                        {"error", error_value(result.error)},
                        {"detail", Value::or_null(result.detail)},
                        {"state", Value::or_null(row.state)},
                        {"transaction", Value::or_null(result.transaction)},
                        {"changes", row.plan ? Value(std::int64_t(counts_of(*row.plan).files())) : Value()},
                        {"restarted", result.restarted},
                        {"verified", result.verified ? Value(*result.verified) : Value()},
                        {"milliseconds", result.milliseconds}});
}

}  // namespace

std::optional<FleetSplit> split_of(const ChangeReport& report) {
  FleetSplit split;
  for (const auto& row : report.rows) {
    switch (row.result.outcome) {
      case Outcome::applied: split.changed.push_back(row.node); break;
      case Outcome::not_begun:
      case Outcome::unreachable:
      case Outcome::refused:
      case Outcome::busy:
      case Outcome::conflict:
      case Outcome::rolled_back: split.left.push_back(row.node); break;
      case Outcome::unchanged:
      case Outcome::unknown:
      case Outcome::stuck: break;
    }
  }
  if (split.changed.empty() || split.left.empty()) return std::nullopt;
  return split;
}

Value apply_value(const ChangeReport& report) {
  Value nodes = Value::array();
  for (const auto& row : report.rows) nodes.push(row_value(row));
  return Value::object({{"schema", schema_of(report.action)},
                        {"run", can_be_undone(report) ? Value(report.run) : Value()},
                        {"split", split_value(split_of(report))},
                        {"nodes", nodes}});
}

std::string apply_text(const ChangeReport& report, const TextStyle& style) {
  const auto& rows = report.rows;
  Table table({"NODE", "OUTCOME", "TIME", "DETAIL"});
  for (const auto& row : rows) {
    const auto& result = row.result;
    const auto time = result.milliseconds == 0 ? "" : fmt::format("{:.1f} s", result.milliseconds / 1000.0);
    table.row({{row.node},
               {std::string(to_string(result.outcome)), tint_of(result.outcome)},
               {time},
               {detail_of(row, report.action)}});
  }
  std::string out = table.text(style);
  for (const auto& row : rows) {
    if (row.result.error)
      out += style.paint(Emphasis::bad,
                         terminal_safe(row.node) + ": " + terminal_safe(to_string(*row.result.error), Lines::keep)) +
             "\n";
  }
  return out;
}

std::string apply_summary(const ChangeReport& report) {
  const auto& rows = report.rows;
  std::vector<std::string> parts;
  for (const auto outcome : all_outcomes) {
    std::size_t count = 0;
    for (const auto& row : rows) count += row.result.outcome == outcome ? 1 : 0;
    if (count > 0) parts.push_back(fmt::format("{} {}", count, to_string(outcome)));
  }
  std::string text = counted(rows.size(), "node") + ": " + join(parts, ", ") + "\n";
  if (const auto split = split_of(report)) return text + split_text(*split, report);
  if (can_be_undone(report)) text += fmt::format("run {0}; 'regfallback rollback --run {0}' undoes it\n", report.run);
  return text;
}

}  // namespace rf
