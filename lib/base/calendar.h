// Moments as text, in UTC. No clock is read here: the caller knows the moment.
#pragma once
#include <chrono>
#include <string>

namespace rf {

std::string utc_date(std::chrono::sys_seconds moment);       // "2024-05-31"
std::string utc_timestamp(std::chrono::sys_seconds moment);  // "2026-11-25T12:00:00Z"

}  // namespace rf
