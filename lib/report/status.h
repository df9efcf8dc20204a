// What `status` says: what we manage on each node, and whether it still is as we left it and as the intent wants it.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "node/facts.h"
#include "node/managed.h"
#include "plan/plan.h"
#include "report/apply.h"
#include "report/text_style.h"
#include "report/value.h"

namespace rf {

struct NodeStatus {
  enum class State {
    in_sync,      // as we left it, and as the intent wants it where one is known
    behind,       // as we left it; the intent wants something else now
    drifted,      // a file we wrote was changed by somebody else
    unfinished,   // a transaction has not ended
    not_managed,  // no apply has changed anything here
  } state = State::not_managed;
  std::vector<ManagedFile> files;
  std::optional<ReceiptSummary> last;
};
std::string_view to_string(NodeStatus::State state);
// `plan` against the intent, where there is one.
NodeStatus node_status(const Facts& facts, const Plan* plan);

struct StatusRow {
  std::string node;
  std::optional<Error> error = {};
  const Facts* facts = nullptr;
  const Plan* plan = nullptr;
};
// A node that has drifted, is not as the intent wants it, or has an unfinished transaction.
bool any_out_of_sync(std::span<const StatusRow> rows);
// Nodes that should be alike and are not.
struct StatusSplit {
  std::optional<ReceiptSummary> run = {};  // one that is in effect on some nodes, and was put back or undone on others;
                                           // nothing: some nodes are as the intent wants them, and others are not
  FleetSplit nodes = {};
};
std::optional<StatusSplit> split_of(std::span<const StatusRow> rows);
Value status_value(std::span<const StatusRow> rows);  // regfallback.status/v1
std::string status_text(std::span<const StatusRow> rows, const TextStyle& style);

// The receipts of each node, newest first: `rollback --list`.
Value receipts_value(std::span<const StatusRow> rows);  // regfallback.receipts/v1
std::string receipts_text(std::span<const StatusRow> rows, const TextStyle& style);

}  // namespace rf
