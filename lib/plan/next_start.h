// The node as its distribution leaves it at its next start: what K3s and RKE2 render, MicroK8s fills in and k0s merges
// from the files that a plan changes.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "plan/draft.h"

namespace rf {

// A file that is made of another one: whose lines are meant by its lines.
struct LineOrigin {
  std::string file;
  std::string source;
  std::vector<int> lines;  // of `source`, 0 for none; empty: the same ones
};

struct NextStart {
  FileTree tree;
  std::vector<Trial> trials;
  std::optional<LineOrigin> origin;
};
// `tree` holds the changes. An Error: the distribution would not start with it.
Result<NextStart> at_next_start(const PlanContext& context, FileTree tree);

// An Error at a line of the made file is one at the line it was made of.
Error at_origin(Error error, const std::optional<LineOrigin>& origin);

}  // namespace rf
