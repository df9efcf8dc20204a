#include "host/last_apply.h"

#include "base/text.h"

namespace rf {
namespace {

constexpr std::string_view node_key = "node ", intent_key = "intent ";

bool fits_a_line(std::string_view text) {
  return !text.empty() && text.find('\n') == text.npos && !text.ends_with('\r');
}

}  // namespace

// One line a fact: "node TEXT" or "intent PATH".
LastApply parse_last_apply(std::string_view text) {
  LastApply apply;
  for (const auto line : lines(text)) {
    if (line.starts_with(node_key) && line != node_key) apply.nodes.emplace_back(line.substr(node_key.size()));
    if (line.starts_with(intent_key)) apply.intent_file = std::string(line.substr(intent_key.size()));
  }
  return apply;
}

std::string print_last_apply(const LastApply& apply) {
  std::string text;
  for (const auto& node : apply.nodes)
    if (fits_a_line(node)) text.append(node_key).append(node).append("\n");
  if (fits_a_line(apply.intent_file)) text.append(intent_key).append(apply.intent_file).append("\n");
  return text;
}

}  // namespace rf
