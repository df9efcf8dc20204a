// Receipts as a node prints them and as saved facts hold them.
#include "node/facts_parts.h"

namespace rf {
namespace {
constexpr std::size_t most_undone = 64;
}

void take_receipt_line(ReceiptSummary& receipt, std::string_view line, std::size_t most_files) {
  const auto key = take_word(line);
  if (key == "id")
    receipt.id = line;
  else if (key == "time")
    receipt.time = line;
  else if (key == "tool")
    receipt.tool_version = line;
  else if (key == "run")
    receipt.run = line;
  else if (key == "by")
    receipt.by = line;
  else if (key == "undo" && receipt.undoes.size() < most_undone)
    receipt.undoes.emplace_back(line);
  else if (key == "reason" || key == "cause")
    receipt.reason = line;  // why it failed says more than why it was made
  else if (key == "file" && receipt.files.size() < most_files) {
    const auto before = take_word(line);
    const auto after = take_word(line);
    receipt.files.push_back({std::string(line), std::string(before), std::string(after)});
  }
}

}  // namespace rf
