// The scripts that change a node, as text. Nothing of other origin enters them but through script_text.h.
#pragma once
#include <string>
#include <string_view>

#include "apply/facts_query.h"
#include "base/result.h"
#include "base/secret.h"
#include "plan/plan.h"

namespace rf {

struct TransactionOptions {
  std::string id;  // new for every transaction: letters, digits and '-'; new_transaction_id()
  std::string tool_version = {};
  std::string time = {};    // ISO 8601 UTC, for the receipt
  std::string reason = {};  // one line for the receipt
  FactsQuery query = {};    // for the facts that are read at the end
};

enum class Drift {
  keep,       // a file that changed since is a conflict
  overwrite,  // it is replaced; their version is not kept
};
struct RollbackOptions {
  TransactionOptions transaction;
  std::string target =
      "latest";  // "latest", "first", or the id of the transaction to undo together with all later ones
  Drift drift = Drift::keep;
};

// The program of a plan that is not empty; holds the secrets of its files. Ends by printing facts, which ask no
// programs: see complete_facts().
Result<Secret> transaction_program(const Plan& plan, const TransactionOptions& options);
Result<std::string> rollback_program(const RollbackOptions& options);
// Follows a transaction that was started before the connection was lost, to its end.
Result<std::string> status_program(const TransactionOptions& options);

}  // namespace rf
