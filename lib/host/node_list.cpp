#include "host/node_list.h"

#include <utility>

#include "base/text.h"

namespace rf {

std::vector<std::string> node_list_parts(std::string_view text) {
  std::vector<std::string> parts;
  std::string part;
  int depth = 0;
  const auto end_part = [&] {
    if (!part.empty()) parts.push_back(std::exchange(part, {}));
  };
  for (const char c : text) {
    depth += c == '[' ? 1 : c == ']' ? -1 : 0;
    if (depth > 0 || (c != ',' && c != ' ' && c != '\t')) {
      part += c;
    } else {
      end_part();
    }
  }
  end_part();
  return parts;
}

std::vector<NodeLine> node_file_parts(std::string_view text) {
  std::vector<NodeLine> all;
  int number = 0;
  for (const auto line : lines(text)) {
    ++number;
    for (auto& part : node_list_parts(line.substr(0, line.find('#')))) all.push_back({number, std::move(part)});
  }
  return all;
}

}  // namespace rf
