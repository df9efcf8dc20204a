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

struct NewestReceipt {
  const ReceiptSummary* receipt = nullptr;
  const ReceiptSummary::File* file = nullptr;
};
NewestReceipt newest_for(const Facts& facts, std::string_view path) {
  NewestReceipt newest;
  for (const auto& receipt : facts.receipts) {
    if (!in_effect(receipt) || (newest.receipt != nullptr && receipt.sequence < newest.receipt->sequence)) continue;
    for (const auto& file : receipt.files)
      if (last_three(file.path) == last_three(path)) newest = {&receipt, &file};
  }
  return newest;
}

}  // namespace

bool has_receipt(const Facts& facts, std::string_view path) {
  if (const auto newest = newest_for(facts, path); newest.file != nullptr) return newest.file->after != "-";
  int highest = 0;
  for (const auto& receipt : facts.receipts) highest = std::max(highest, receipt.sequence);
  return highest > static_cast<int>(facts.receipts.size());
}

bool is_set_up_by_kind(const Facts& facts, std::string_view path) {
  const auto newest = newest_for(facts, path);
  return newest.receipt != nullptr && newest.receipt->reason == kind_registry_reason;
}

}  // namespace rf
