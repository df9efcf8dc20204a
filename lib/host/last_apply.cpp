#include "host/last_apply.h"

#include "base/text.h"

namespace rf {
namespace {

constexpr std::string_view node_key = "node ", intent_key = "intent ", run_key = "run ";
constexpr std::size_t most_runs = 50;

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

// "run ID", followed by a line "node TEXT" for each of its nodes.
std::vector<RememberedRun> parse_runs(std::string_view text) {
  std::vector<RememberedRun> runs;
  for (const auto line : lines(text)) {
    if (line.starts_with(run_key)) {
      if (runs.size() == most_runs) break;
      runs.push_back({.id = std::string(line.substr(run_key.size())), .nodes = {}});
    } else if (line.starts_with(node_key) && line != node_key && !runs.empty()) {
      runs.back().nodes.emplace_back(line.substr(node_key.size()));
    }
  }
  return runs;
}

std::string print_runs(const std::vector<RememberedRun>& runs) {
  std::string text;
  for (std::size_t i = 0; i < runs.size() && i < most_runs; ++i) {
    if (!fits_a_line(runs[i].id)) continue;
    text.append(run_key).append(runs[i].id).append("\n");
    for (const auto& node : runs[i].nodes)
      if (fits_a_line(node)) text.append(node_key).append(node).append("\n");
  }
  return text;
}

}  // namespace rf
