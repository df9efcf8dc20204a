// Profiles: those built in, with those of a directory put over them by name.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "node/profile.h"

namespace rf {

// `directory` may be "". A file there replaces the built-in profile with the same file name.
Result<std::vector<Profile>> read_profiles(const std::string& directory);

}  // namespace rf
