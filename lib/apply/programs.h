// The scripts that change a node, as text. Nothing of other origin enters them but through script_text.h.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "apply/facts_query.h"
#include "base/result.h"
#include "base/secret.h"
#include "plan/plan.h"

namespace rf {

// Where a run comes from: in the receipt of each of its transactions, the same on every node. One line each.
struct RunOrigin {
  std::string run = {};           // its id
  std::string by = {};            // who began it, and where: "ana@laptop"
  std::string time = {};          // when: ISO 8601 UTC
  std::string reason = {};        // "apply of /etc/regfallback/config.yaml"
  std::string tool_version = {};  // of this program
};

struct TransactionOptions {
  std::string id;  // new for every transaction: letters, digits and '-'; new_transaction_id()
  RunOrigin origin = {};
  FactsQuery query = {};  // for the facts that are read at the end
  // How long a change that restarts the runtime is followed: until it works, or until it has worked for a while.
  enum class Until { applied, settled } until = Until::applied;
};

enum class Drift {
  keep,       // a file that changed since is a conflict
  overwrite,  // it is replaced; their version is not kept
};
// Which transactions are undone; see choose_undo().
struct UndoChoice {
  std::vector<std::string> ids = {};  // of the transactions
  std::string newest = {};            // id of the newest applied one when they were chosen
  Drift drift = Drift::keep;
};
struct RollbackOptions {
  TransactionOptions transaction;
  UndoChoice undo;
  std::string shown;  // what preview_undo() gave: nothing else is done
};

// The program of a plan that is not empty; holds the secrets of its files. Ends by printing facts, which ask no
// programs: see complete_facts().
Result<Secret> transaction_program(const Plan& plan, const TransactionOptions& options);
// Says what undoing would do, and changes nothing.
Result<std::string> preview_program(const UndoChoice& undo);
Result<std::string> rollback_program(const RollbackOptions& options);
// Removes what regfallback keeps on the node, while `newest` is the newest applied transaction ("": there is none).
Result<std::string> removal_program(const std::string& newest, const FactsQuery& query);
// Follows a transaction that was started before the connection was lost, to its end.
Result<std::string> status_program(const TransactionOptions& options);

}  // namespace rf
