// Reads one profile file. Internal to the room: load_profiles is what others call.
#pragma once
#include <string_view>

#include "base/result.h"
#include "node/profile.h"

namespace rf {

// `file` is the name errors show.
Result<Profile> parse_profile(std::string_view file, std::string_view text);

}  // namespace rf
