// What apply and rollback do alike: nodes changed in batches, each to an outcome a person can count on.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "apply/apply.h"
#include "nodes.h"
#include "report/apply.h"

namespace rf::cmd {

// From --serial, --canary, --max-failures and --parallel.
Result<FleetPolicy> rollout_policy(const Options& options, std::size_t nodes);

// What is done on one node, with events on its way.
using Change = std::function<asio::awaitable<Result<Applied>>(Node&, const TransactionOptions&, ApplyEvents)>;
struct Rollout {
  Setup& setup;
  Nodes& nodes;
  std::string reason;  // for the receipts
  FleetPolicy policy;
  // Plans again from the facts read at the end: an empty plan is the proof. None: the transaction's own checks are all
  // there is.
  std::function<Result<Plan>(const Facts&, const Detection&)> plan_again = {};
};
// Rows of the nodes in `rows` whose outcome is still `not_begun` and that have a shell are carried out; the others
// stay.
void carry_out(const Rollout& rollout, std::vector<ApplyRow>& rows, const Change& change);

// A row for each node; those with an error have their outcome already.
std::vector<ApplyRow> begin_rows(const std::vector<Node>& nodes);
// The row of a node where nothing is to be done: unchanged, or refused where an earlier transaction has not ended.
void leave_unchanged(const Node& node, ApplyRow& row);
int print_rows(Context& context, const std::vector<ApplyRow>& rows, const Nodes& nodes, std::string_view schema);

// One line of plain letters for a receipt.
std::string receipt_reason(std::string_view action, std::string_view source);

}  // namespace rf::cmd
