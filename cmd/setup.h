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

namespace rf::cmd {

struct Setup {
  bool has_intent = false;
  std::string intent_file;  // absolute; "" when the intent came from flags or there is none
  Intent intent;
  ResolvedEndpoints resolved;
  std::vector<Profile> profiles;
  Selection selection;
};

enum class IntentNeed {
  required,
  useful,  // used where there is one; the one of the last apply counts, too
  none,
};
struct SetupNeeds {
  IntentNeed intent = IntentNeed::none;
  Remembered nodes = Remembered::ignore;
};
// Every problem has been printed when nothing comes back; the exit code then is exit_usage.
std::optional<Setup> prepare(Context& context, const SetupNeeds& needs);

}  // namespace rf::cmd
