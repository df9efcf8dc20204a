// The difference of two texts, line by line, in the unified form everybody reads.
#pragma once
#include <string>
#include <string_view>

#include "report/text_style.h"

namespace rf {

struct DiffSides {
  std::string_view before;
  std::string_view after;
  std::string_view before_name;  // "/etc/containerd/config.toml" or "/dev/null"
  std::string_view after_name;
};
// "" when the texts are equal. Three lines of context; every line is safe for a terminal.
std::string unified_diff(const DiffSides& sides, const TextStyle& style);

}  // namespace rf
