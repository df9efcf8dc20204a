// The two sides of a planned change as people may see them: secrets masked, so that a change of one shows and its value
// does not.
#pragma once
#include <string>

#include "plan/plan.h"

namespace rf {

struct ChangeSides {
  std::string before_name;  // the path, or "/dev/null" where nothing was
  std::string after_name;
  std::string before;
  std::string after;
};
ChangeSides diff_sides(const FileChange& change);

}  // namespace rf
