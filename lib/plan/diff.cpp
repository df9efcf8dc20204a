#include "plan/diff.h"

#include "node/mask.h"

namespace rf {

ChangeSides diff_sides(const FileChange& change) {
  const bool fresh = change.before_sha256 == "-";
  const bool gone = change.op == FileChange::Op::remove || change.op == FileChange::Op::remove_directory;
  return {.before_name = fresh ? "/dev/null" : change.path,
          .after_name = gone ? "/dev/null" : change.path,
          .before = mask_secrets(change.before),
          .after = mask_secrets(change.after.expose())};
}

}  // namespace rf
