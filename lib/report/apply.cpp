#include "report/apply.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

#include "base/text.h"
#include "report/model.h"
#include "report/table.h"

namespace rf {
namespace {

constexpr std::array all_outcomes{NodeOutcome::applied,     NodeOutcome::unchanged, NodeOutcome::not_begun,
                                  NodeOutcome::unreachable, NodeOutcome::refused,   NodeOutcome::conflict,
                                  NodeOutcome::rolled_back, NodeOutcome::unknown,   NodeOutcome::stuck};

Emphasis tint_of(NodeOutcome outcome) {
  switch (outcome) {
    case NodeOutcome::applied:
    case NodeOutcome::unchanged: return Emphasis::good;
    case NodeOutcome::not_begun: return Emphasis::dim;
    case NodeOutcome::conflict: return Emphasis::warn;
    default: return Emphasis::bad;
  }
}

// What a person can count on.
std::string_view meaning(NodeOutcome outcome) {
  switch (outcome) {
    case NodeOutcome::unchanged: return "was as declared";
    case NodeOutcome::applied: return "";
    case NodeOutcome::not_begun: return "nothing was done";
    case NodeOutcome::unreachable: return "not reached; nothing was done";
    case NodeOutcome::refused: return "nothing was done";
    case NodeOutcome::conflict: return "changed since it was planned; nothing was done";
    case NodeOutcome::rolled_back: return "the change failed; the node is as it was";
    case NodeOutcome::unknown: return "connection lost; the node ends it by itself: see 'regfallback status'";
    case NodeOutcome::stuck: return "neither new nor old: style at it now";
  }
  return "";
}

std::string detail_of(const ApplyRow& row) {
  std::string text(meaning(row.outcome));
  if (row.outcome == NodeOutcome::applied) {
    text = row.verified ? (*row.verified ? "verified" : "NOT as declared afterwards")
           : row.plan   ? "not verified"
                        : "put back as it was";
    if (row.plan) text += ", " + counted(row.plan->files.size(), "change");
    if (row.restarted && row.plan) text += ", restarted " + row.plan->service.name;
  }
  if (!row.detail.empty()) text += (text.empty() ? "" : ": ") + row.detail;
  return text;
}

Value row_value(const ApplyRow& row) {
  return Value::object({{"node", row.node},
                        {"outcome", to_string(row.outcome)},
                        {"error", error_value(row.error)},
                        {"detail", Value::or_null(row.detail)},
                        {"transaction", Value::or_null(row.transaction)},
                        {"changes", row.plan ? Value(std::int64_t(row.plan->files.size())) : Value()},
                        {"restarted", row.restarted},
                        {"verified", row.verified ? Value(*row.verified) : Value()},
                        {"milliseconds", row.milliseconds}});
}

}  // namespace

std::string_view to_string(NodeOutcome outcome) {
  switch (outcome) {
    case NodeOutcome::unchanged: return "unchanged";
    case NodeOutcome::applied: return "applied";
    case NodeOutcome::not_begun: return "not-begun";
    case NodeOutcome::unreachable: return "unreachable";
    case NodeOutcome::refused: return "refused";
    case NodeOutcome::conflict: return "conflict";
    case NodeOutcome::rolled_back: return "rolled-back";
    case NodeOutcome::unknown: return "unknown";
    case NodeOutcome::stuck: return "stuck";
  }
  return "";
}

Value apply_value(std::span<const ApplyRow> rows, std::string_view schema) {
  Value nodes = Value::array();
  for (const auto& row : rows) nodes.push(row_value(row));
  return Value::object({{"schema", schema}, {"nodes", nodes}});
}

std::string apply_text(std::span<const ApplyRow> rows, const TextStyle& style) {
  Table table({"NODE", "OUTCOME", "TIME", "DETAIL"});
  for (const auto& row : rows) {
    const auto time = row.milliseconds == 0 ? "" : fmt::format("{:.1f} s", row.milliseconds / 1000.0);
    table.row({{row.node}, {std::string(to_string(row.outcome)), tint_of(row.outcome)}, {time}, {detail_of(row)}});
  }
  std::string out = table.text(style);
  for (const auto& row : rows) {
    if (row.error)
      out += style.paint(Emphasis::bad,
                         terminal_safe(row.node) + ": " + terminal_safe(to_string(*row.error), Lines::keep)) +
             "\n";
  }
  return out;
}

std::string apply_summary(std::span<const ApplyRow> rows) {
  std::vector<std::string> parts;
  for (const auto outcome : all_outcomes) {
    std::size_t count = 0;
    for (const auto& row : rows) count += row.outcome == outcome ? 1 : 0;
    if (count > 0) parts.push_back(fmt::format("{} {}", count, to_string(outcome)));
  }
  return counted(rows.size(), "node") + ": " + join(parts, ", ");
}

}  // namespace rf
