#include "report/status.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "base/text.h"
#include "node/history.h"
#include "report/model.h"
#include "report/plan.h"
#include "report/table.h"

namespace rf {
namespace {

std::string drift_text(const NodeStatus& status) {
  std::vector<std::string> changed;
  for (const auto& file : status.files) {
    if (file.drifted())
      changed.push_back(file.path + (file.found == "-"      ? " is gone"
                                     : file.expected == "-" ? " exists again"
                                                            : " was changed"));
  }
  return join(changed, ", ");
}

Emphasis tint_of(NodeStatus::State state) {
  switch (state) {
    case NodeStatus::State::in_sync: return Emphasis::good;
    case NodeStatus::State::unfinished: return Emphasis::bad;
    case NodeStatus::State::not_managed: return Emphasis::dim;
    default: return Emphasis::warn;
  }
}

std::string unfinished_text(const Facts& facts) { return facts.unfinished ? to_string(*facts.unfinished) : ""; }

Value row_value(const StatusRow& row) {
  Value out = Value::object({{"node", row.node}, {"error", error_value(row.error)}});
  const auto status = row.facts ? node_status(*row.facts, row.plan) : NodeStatus{};
  out.set("state", row.facts ? Value(to_string(status.state)) : Value());
  out.set("unfinished", row.facts ? Value::or_null(unfinished_text(*row.facts)) : Value());
  out.set("changes_wanted", row.plan ? Value(std::int64_t(counts_of(*row.plan).files())) : Value());
  Value files = Value::array();
  for (const auto& file : status.files) {
    files.push(Value::object({{"path", file.path},
                              {"expected_sha256", file.expected == "-" ? Value() : Value(file.expected)},
                              {"found_sha256", file.found == "-" ? Value() : Value::or_null(file.found)},
                              {"drifted", file.drifted()}}));
  }
  out.set("files", files);
  out.set("last_receipt", status.last ? receipt_value(*status.last) : Value());
  return out;
}

// The newest run that is in effect on some nodes, and was put back or undone on others.
std::optional<StatusSplit> split_by_run(std::span<const StatusRow> rows) {
  const ReceiptSummary* newest = nullptr;
  for (const auto& row : rows) {
    if (row.facts == nullptr) continue;
    for (const auto& receipt : row.facts->receipts)
      if (!receipt.run.empty() && receipt.undoes.empty() && (newest == nullptr || receipt.time > newest->time))
        newest = &receipt;
  }
  if (newest == nullptr) return std::nullopt;
  StatusSplit split{.run = *newest};
  for (const auto& row : rows) {
    if (row.facts == nullptr) continue;
    const auto in_effect_there = transactions_in_effect(*row.facts);
    const auto of_run = [&](const auto& receipt) { return receipt.run == newest->run; };
    if (std::any_of(in_effect_there.begin(), in_effect_there.end(), of_run))
      split.nodes.changed.push_back(row.node);
    else if (std::any_of(row.facts->receipts.begin(), row.facts->receipts.end(), of_run))
      split.nodes.left.push_back(row.node);
  }
  if (split.nodes.changed.empty() || split.nodes.left.empty()) return std::nullopt;
  return split;
}

std::string split_text(const std::optional<StatusSplit>& split) {
  if (!split) return "";
  const auto changed = terminal_safe(join(split->nodes.changed, ", "));
  const auto left = terminal_safe(join(split->nodes.left, ", "));
  if (!split->run)
    return fmt::format("the fleet is split: {} as declared, {} not; 'regfallback apply' continues\n", changed, left);
  return fmt::format(
      "the fleet is split: {0} is in effect on {1}, and not on {2}\n"
      "  to continue: regfallback apply; to go back: regfallback rollback --run {3}\n",
      terminal_safe(describe(*split->run)), changed, left, terminal_safe(split->run->run));
}

std::string errors_text(std::span<const StatusRow> rows, const TextStyle& style) {
  std::string out;
  for (const auto& row : rows) {
    if (row.error)
      out += style.paint(Emphasis::bad,
                         terminal_safe(row.node) + ": " + terminal_safe(to_string(*row.error), Lines::keep)) +
             "\n";
  }
  return out;
}

}  // namespace

std::string_view to_string(NodeStatus::State state) {
  switch (state) {
    case NodeStatus::State::in_sync: return "in sync";
    case NodeStatus::State::behind: return "behind the intent";
    case NodeStatus::State::drifted: return "drifted";
    case NodeStatus::State::unfinished: return "unfinished";
    case NodeStatus::State::not_managed: return "not managed";
  }
  return "";
}

NodeStatus node_status(const Facts& facts, const Plan* plan) {
  NodeStatus status;
  const auto receipts = newest_first(facts);
  if (!receipts.empty()) status.last = receipts.front();
  status.files = managed_files(facts);
  const bool drifted =
      std::any_of(status.files.begin(), status.files.end(), [](const auto& file) { return file.drifted(); });
  if (facts.unfinished) {
    status.state = NodeStatus::State::unfinished;
  } else if (drifted) {
    status.state = NodeStatus::State::drifted;
  } else if (plan && !plan->empty()) {
    status.state = status.files.empty() ? NodeStatus::State::not_managed : NodeStatus::State::behind;
  } else if (plan || !status.files.empty()) {
    status.state = NodeStatus::State::in_sync;
  }
  return status;
}

std::optional<StatusSplit> split_of(std::span<const StatusRow> rows) {
  if (auto by_run = split_by_run(rows)) return by_run;
  StatusSplit split;
  for (const auto& row : rows) {
    if (row.facts == nullptr || row.plan == nullptr) continue;
    auto& side = row.plan->empty() ? split.nodes.changed : split.nodes.left;
    side.push_back(row.node);
  }
  if (split.nodes.changed.empty() || split.nodes.left.empty()) return std::nullopt;
  return split;
}

Value status_value(std::span<const StatusRow> rows) {
  Value nodes = Value::array();
  for (const auto& row : rows) nodes.push(row_value(row));
  const auto split = split_of(rows);
  return Value::object({{"schema", "regfallback.status/v1"},
                        {"split", split ? Value::object({{"run", Value::or_null(split->run ? split->run->run : "")},
                                                         {"changed", Value::strings(split->nodes.changed)},
                                                         {"left", Value::strings(split->nodes.left)}})
                                        : Value()},
                        {"nodes", nodes}});
}

bool any_out_of_sync(std::span<const StatusRow> rows) {
  return std::any_of(rows.begin(), rows.end(), [](const StatusRow& row) {
    if (row.facts == nullptr) return false;
    switch (node_status(*row.facts, row.plan).state) {
      case NodeStatus::State::behind:
      case NodeStatus::State::drifted:
      case NodeStatus::State::unfinished: return true;
      case NodeStatus::State::not_managed: return row.plan != nullptr && !row.plan->empty();
      case NodeStatus::State::in_sync: return false;
    }
    return false;
  });
}

std::string status_text(std::span<const StatusRow> rows, const TextStyle& style) {
  Table table({"NODE", "STATE", "FILES", "RUN", "LAST TRANSACTION", "BY", "REMARK"});
  for (const auto& row : rows) {
    if (!row.facts) {
      table.row({{row.node}, {"not reached", Emphasis::bad}});
      continue;
    }
    const auto status = node_status(*row.facts, row.plan);
    auto remark = drift_text(status);
    if (row.facts->unfinished) remark = unfinished_text(*row.facts);
    if (remark.empty() && row.plan && !row.plan->empty()) remark = "'plan' shows: " + counts_text(counts_of(*row.plan));
    const auto last =
        status.last ? status.last->time + " " + std::string(to_string(status.last->result)) : std::string();
    const auto there =
        std::count_if(status.files.begin(), status.files.end(), [](const auto& file) { return file.expected != "-"; });
    table.row({{row.node},
               {std::string(to_string(status.state)), tint_of(status.state)},
               {std::to_string(there)},
               {status.last ? status.last->run : ""},
               {last},
               {status.last ? status.last->by : ""},
               {remark}});
  }
  return table.text(style) + split_text(split_of(rows)) + errors_text(rows, style);
}

namespace {

bool is_among(const std::vector<ReceiptSummary>& receipts, const ReceiptSummary& wanted) {
  return std::any_of(receipts.begin(), receipts.end(), [&](const auto& receipt) { return receipt.id == wanted.id; });
}

}  // namespace

Value receipts_value(std::span<const StatusRow> rows) {
  Value nodes = Value::array();
  for (const auto& row : rows) {
    Value receipts = Value::array();
    if (row.facts) {
      const auto holding = transactions_in_effect(*row.facts);
      for (const auto& receipt : newest_first(*row.facts)) {
        auto value = receipt_value(receipt);
        value.set("in_effect", is_among(holding, receipt));
        receipts.push(std::move(value));
      }
    }
    nodes.push(Value::object({{"node", row.node}, {"error", error_value(row.error)}, {"receipts", receipts}}));
  }
  return Value::object({{"schema", "regfallback.receipts/v1"}, {"nodes", nodes}});
}

std::string receipts_text(std::span<const StatusRow> rows, const TextStyle& style) {
  Table table({"NODE", "UNDO", "RUN", "TIME", "BY", "RESULT", "FILES", "WHY"});
  for (const auto& row : rows) {
    if (!row.facts) continue;
    const auto holding = transactions_in_effect(*row.facts);
    for (const auto& receipt : newest_first(*row.facts)) {
      const bool undone = in_effect(receipt) && !is_among(holding, receipt);
      table.row({{row.node},
                 {std::to_string(receipt.sequence)},
                 {receipt.run},
                 {receipt.time},
                 {receipt.by},
                 {undone ? "undone" : std::string(to_string(receipt.result))},
                 {std::to_string(receipt.files.size())},
                 {receipt.reason}});
    }
  }
  const bool any_read = std::any_of(rows.begin(), rows.end(), [](const auto& row) { return row.facts != nullptr; });
  const auto nothing = any_read ? "no apply has changed anything on these nodes\n" : "";
  return (table.empty() ? nothing : table.text(style)) + errors_text(rows, style);
}

}  // namespace rf
