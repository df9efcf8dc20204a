#include <catch2/catch_all.hpp>

#include "base/calendar.h"

namespace rf {
namespace {

std::chrono::sys_seconds at(std::int64_t seconds) { return std::chrono::sys_seconds(std::chrono::seconds(seconds)); }

TEST_CASE("a moment is told in UTC, before 1970 too") {
  CHECK(utc_date(at(0)) == "1970-01-01");
  CHECK(utc_date(at(-1)) == "1969-12-31");
  CHECK(utc_date(at(951'782'400)) == "2000-02-29");
  CHECK(utc_date(at(253'402'300'799)) == "9999-12-31");
  CHECK(utc_timestamp(at(1'795'608'000)) == "2026-11-25T12:00:00Z");
  CHECK(utc_timestamp(at(-1)) == "1969-12-31T23:59:59Z");
}

}  // namespace
}  // namespace rf
