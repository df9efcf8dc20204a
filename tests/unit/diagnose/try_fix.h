// A fix, carried out on a node of a test.
#pragma once
#include <stdexcept>

#include "patient.h"

namespace rf::test {

// A step that cannot be carried out on the node.
struct Misfit : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The tree after the steps that change files.
FileTree apply_fix(FileTree tree, const Fix& fix);

// The node after its fix: files changed, commands of ours carried out as plans, restarted where the fix says so.
Patient treated(const Patient& patient, const Fix& fix);

}  // namespace rf::test
