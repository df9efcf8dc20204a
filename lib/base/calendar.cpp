#include "base/calendar.h"

#include <fmt/format.h>

namespace rf {

std::string utc_date(std::chrono::sys_seconds moment) {
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(moment));
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

std::string utc_timestamp(std::chrono::sys_seconds moment) {
  const std::chrono::hh_mm_ss time(moment - std::chrono::floor<std::chrono::days>(moment));
  return fmt::format("{}T{:02}:{:02}:{:02}Z", utc_date(moment), time.hours().count(), time.minutes().count(),
                     time.seconds().count());
}

}  // namespace rf
