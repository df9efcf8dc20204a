#include "plan/draft.h"

#include <algorithm>

#include <fmt/format.h>

#include "node/managed.h"

namespace rf {

namespace {

// "certs.d/docker.io/hosts.toml": what stays of a path when a snap's data moves on to its next revision.
std::string_view last_three(std::string_view path) {
  auto at = path.size();
  for (int i = 0; i < 3 && at != path.npos && at != 0; ++i) at = path.rfind('/', at - 1);
  return at == path.npos || at == 0 ? path : path.substr(at + 1);
}

}  // namespace

bool has_receipt(const Facts& facts, std::string_view path) {
  const ReceiptSummary::File* found = nullptr;
  int newest = -1, highest = 0;
  for (const auto& receipt : facts.receipts) {
    highest = std::max(highest, receipt.sequence);
    if (!in_effect(receipt) || receipt.sequence < newest) continue;
    for (const auto& file : receipt.files)
      if (last_three(file.path) == last_three(path)) {
        found = &file;
        newest = receipt.sequence;
      }
  }
  if (found != nullptr) return found->after != "-";
  return highest > static_cast<int>(facts.receipts.size());
}

}  // namespace rf
