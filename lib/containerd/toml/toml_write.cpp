#include "containerd/toml/toml_write.h"

#include "base/text.h"

namespace rf {

std::string toml_list(const std::vector<std::string>& items) {
  std::vector<std::string> quoted;
  quoted.reserve(items.size());
  for (const auto& item : items) quoted.push_back(toml_quote(item));
  return "[" + join(quoted, ", ") + "]";
}

}  // namespace rf
