#include "report/apply.h"

#include <fmt/format.h>

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
std::string_view meaning(Outcome outcome) {
  switch (outcome) {
    case Outcome::unchanged: return "already as declared";
    case Outcome::applied: return "";
    case Outcome::not_begun: return "nothing was changed";
    case Outcome::unreachable: return "not reached; nothing was changed";
    case Outcome::refused: return "nothing was changed";
    case Outcome::busy: return "another transaction is under way; nothing was changed";
    case Outcome::conflict: return "changed after the plan was made; nothing was changed";
    case Outcome::rolled_back: return "the change failed; the node is as it was";
    case Outcome::unknown: return "connection lost; the node finishes on its own: see 'regfallback status'";
    case Outcome::stuck: return "neither the new nor the old state is complete; repair it now";
  }
  return "";
}

std::string detail_of(const ApplyRow& row) {
  const auto& result = row.result;
  std::string text(meaning(result.outcome));
  if (result.outcome == Outcome::applied) {
    text = result.verified ? (*result.verified ? "verified" : "NOT as declared after the change")
           : row.plan      ? "not verified"
                           : "previous state restored";
    if (row.plan) text += ", " + counted(counts_of(*row.plan).files(), "file");
    if (result.restarted && row.plan) text += ", restarted " + row.plan->service.name;
  }
  if (!result.detail.empty()) text += (text.empty() ? "" : ": ") + result.detail;
  return text;
}

Value row_value(const ApplyRow& row) {
  const auto& result = row.result;
  return Value::object({{"node", row.node},
                        {"outcome", to_string(result.outcome)},
                        {"error", error_value(result.error)},
                        {"detail", Value::or_null(result.detail)},
                        {"transaction", Value::or_null(result.transaction)},
                        {"changes", row.plan ? Value(std::int64_t(counts_of(*row.plan).files())) : Value()},
                        {"restarted", result.restarted},
                        {"verified", result.verified ? Value(*result.verified) : Value()},
                        {"milliseconds", result.milliseconds}});
}

}  // namespace

Value apply_value(std::span<const ApplyRow> rows, std::string_view schema) {
  Value nodes = Value::array();
  for (const auto& row : rows) nodes.push(row_value(row));
  return Value::object({{"schema", schema}, {"nodes", nodes}});
}

std::string apply_text(std::span<const ApplyRow> rows, const TextStyle& style) {
  Table table({"NODE", "OUTCOME", "TIME", "DETAIL"});
  for (const auto& row : rows) {
    const auto& result = row.result;
    const auto time = result.milliseconds == 0 ? "" : fmt::format("{:.1f} s", result.milliseconds / 1000.0);
    table.row(
        {{row.node}, {std::string(to_string(result.outcome)), tint_of(result.outcome)}, {time}, {detail_of(row)}});
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

std::string apply_summary(std::span<const ApplyRow> rows) {
  std::vector<std::string> parts;
  for (const auto outcome : all_outcomes) {
    std::size_t count = 0;
    for (const auto& row : rows) count += row.result.outcome == outcome ? 1 : 0;
    if (count > 0) parts.push_back(fmt::format("{} {}", count, to_string(outcome)));
  }
  return counted(rows.size(), "node") + ": " + join(parts, ", ");
}

}  // namespace rf
