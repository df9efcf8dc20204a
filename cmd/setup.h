// What most commands begin with: the intent, its secrets, the profiles, and which nodes are meant. Nothing is touched
// yet.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "host/node_selection.h"
#include "intent/intent.h"
#include "intent/resolved.h"
#include "line/context.h"
#include "node/profile.h"
#include "plan/plan.h"

namespace rf::cmd {

struct Setup {
  bool has_intent = false;
  std::string intent_file;  // absolute; "" when the intent came from flags or there is none
  Intent intent;
  enum class Secrets { resolved, missing } secrets = Secrets::resolved;
  ResolvedEndpoints resolved;
  // A file is the whole of what is managed; flags add to it.
  PlanOptions::Undeclared undeclared = PlanOptions::Undeclared::remove;
  std::vector<Profile> profiles;
  Selection selection;

  // There is an intent, and every secret it needs.
  bool can_plan() const { return has_intent && secrets == Secrets::resolved; }
};

enum class IntentNeed {
  required,
  useful,  // used where there is one; the one of the last apply counts, too
  none,
};
enum class SecretNeed {
  required,  // a secret that cannot be resolved ends the command
  useful,    // it is said, and the command goes on without a plan
  none,      // nothing is resolved
};
struct SetupNeeds {
  IntentNeed intent = IntentNeed::none;
  std::optional<Remembered> nodes = Remembered::ignore;  // nothing: the command is about no nodes
  SecretNeed secrets = SecretNeed::none;
  std::string run = {};  // without --nodes: the nodes of this run, where this machine remembers it
};
// Every problem has been printed when nothing comes back; the exit code then is exit_usage.
std::optional<Setup> prepare(Context& context, const SetupNeeds& needs);

}  // namespace rf::cmd
