// A change of the nodes of a run, whatever it is: carried out in batches, followed over a lost connection, proven.
// Internal to the room.
#pragma once
#include <asio/awaitable.hpp>
#include <functional>
#include <string>
#include <vector>

#include "apply/apply.h"
#include "run/run.h"
#include "run/state.h"

namespace rf {

// One node's part in it.
struct NodeChange {
  Shell& shell;
  const RunNode& node;
  const TransactionOptions& options;
  const ApplyEvents& on_event;
};
struct Change {
  using Job = std::function<asio::awaitable<Result<Applied>>(const NodeChange&)>;
  Job begin;
  Job after_lost;  // over a new connection, when the first was lost on the way
  // By the facts it ended with, completed: sets `verified`, and `error` where it is false. Empty: not looked at.
  std::function<void(const RunNode&, const Facts&, NodeResult&)> verify = {};
};
// A result for each node, in order. Nodes with an empty plan are `unchanged`, or `refused` while an earlier transaction
// has not ended.
std::vector<NodeResult> carry_out(Run::State& run, const Rollout& rollout, const Change& change);

// Asks how the transaction ended.
asio::awaitable<Result<Applied>> follow(const NodeChange& change);

}  // namespace rf
