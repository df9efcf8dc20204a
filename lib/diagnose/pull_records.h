// A pasted text cut into the records that tell of a failed pull: events, log lines, error messages, each on one line
// however they were wrapped and escaped. Internal to the room.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace rf {

struct PullRecord {
  std::string text;
  std::string node;  // that the text names for it; "" for none
};

// In the order of the text. Without a sign of a pull anywhere, every line is a record. At most 400 records, each of at
// most 16 KiB.
std::vector<PullRecord> pull_records(std::string_view text);

// Without the backslashes that JSON, YAML and logs write before quotes, and with one blank for each run of blanks.
std::string one_line(std::string_view text);

}  // namespace rf
