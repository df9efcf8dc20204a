// Whether two chains make containerd ask the same endpoints in the same way: the proof of a migration.
#pragma once
#include <string>

#include "containerd/chain/chain.h"

namespace rf {

// Why they would not; "" when they would. Where they stand in files, and capabilities that no pull uses, do not count;
// of credentials only whether there are any. Values of headers are shown as masks where they are secrets.
std::string chain_difference(const Chain& before, const Chain& after);

}  // namespace rf
