// Values as TOML text.
#pragma once
#include <string>
#include <vector>

namespace rf {

// ["a", "b"]: an array of basic strings.
std::string toml_list(const std::vector<std::string>& items);

}  // namespace rf
