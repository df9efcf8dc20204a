// What a pull does at an endpoint that accepts a connection and never answers, where another endpoint comes after it.
#pragma once
#include <string_view>

#include "base/version.h"
#include "containerd/config/effective_config.h"

namespace rf {

// "waits forever and never tries the next endpoint". A pull without progress is cancelled from 1.7 on, but not by the
// transfer service.
std::string_view after_silence(const Version& containerd, PullMode mode);

}  // namespace rf
