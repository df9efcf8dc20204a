// Carrying a plan out on one node: one program through its shell, all or nothing. How it ended is an Outcome; an Error
// of kind `protocol` or `timeout` means that this is not known yet: connect again and ask with follow_transaction().
#pragma once
#include <asio/awaitable.hpp>
#include <functional>
#include <string>
#include <string_view>

#include "apply/outcome.h"
#include "apply/programs.h"
#include "base/result.h"
#include "plan/plan.h"
#include "transport/shell/shell.h"

namespace rf {

// May be empty. Called from the coroutine, in order.
using ApplyEvents = std::function<void(const ApplyEvent&)>;

// 16 hexadecimal digits, from the system's random numbers.
Result<std::string> new_transaction_id();

// An empty plan is `unchanged` and nothing is sent. `plan` and `options` must live until it ends.
asio::awaitable<Result<Applied>> apply_plan(Shell& shell, const Plan& plan, const TransactionOptions& options,
                                            ApplyEvents on_event = {});

// `unchanged` when the node already is what it was; `conflict` when something else is to be done than was shown.
asio::awaitable<Result<Applied>> roll_back(Shell& shell, const RollbackOptions& options, ApplyEvents on_event = {});

// Removes what regfallback keeps on the node: `applied` when it is gone, or was not there. See removal_program().
asio::awaitable<Result<Applied>> remove_traces(Shell& shell, std::string newest, const FactsQuery& query);

// After a lost connection: the same answer apply_plan() or roll_back() would have given, from its beginning;
// `not_begun` for a transaction the node does not know. `wait_seconds` is the plan's.
asio::awaitable<Result<Applied>> follow_transaction(Shell& shell, const TransactionOptions& options, int wait_seconds,
                                                    ApplyEvents on_event = {});

// What a transaction's program printed. Pure.
Result<Applied> read_outcome(std::string_view output, const std::string& id);

}  // namespace rf
