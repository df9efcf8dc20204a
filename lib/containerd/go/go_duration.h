// Durations as Go reads and prints them.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rf {

// time.ParseDuration, in nanoseconds; the error's message is Go's: `time: missing unit in duration "5"`.
Result<std::int64_t> parse_go_duration(std::string_view text);
// Duration.String: 90000000000 -> "1m30s", 200000000 -> "200ms".
std::string print_go_duration(std::int64_t nanoseconds);

}  // namespace rf
