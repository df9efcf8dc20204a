#include "node/managed.h"

#include <algorithm>
#include <map>

namespace rf {
namespace {

std::string checksum_now(const Facts& facts, const std::string& path) {
  const auto* entry = facts.tree.stat(path);
  if (!entry) return "-";
  return entry->kind == FileEntry::Kind::file ? entry->sha256 : "";
}

}  // namespace

bool in_effect(const ReceiptSummary& receipt) {
  return receipt.result == ReceiptResult::applied || receipt.result == ReceiptResult::settling;
}

std::vector<ReceiptSummary> newest_first(const Facts& facts) {
  auto receipts = facts.receipts;
  std::sort(receipts.begin(), receipts.end(), [](const auto& a, const auto& b) { return a.sequence > b.sequence; });
  return receipts;
}

std::vector<ReceiptSummary> applied_between(const Facts& earlier, const Facts& later) {
  auto receipts = newest_first(later);
  std::erase_if(receipts, [&](const auto& receipt) {
    return receipt.result != ReceiptResult::applied ||
           std::any_of(earlier.receipts.begin(), earlier.receipts.end(),
                       [&](const auto& known) { return known.id == receipt.id; });
  });
  return receipts;
}

std::vector<ManagedFile> managed_files(const Facts& facts) {
  struct Span {
    std::string before, after;  // the first transaction, after the last one
  };
  std::map<std::string, Span> spans;
  for (const auto& receipt : newest_first(facts)) {
    if (!in_effect(receipt)) continue;
    for (const auto& file : receipt.files) {
      const bool directory = file.before == "-" && file.after == "-";
      if (!directory) spans.try_emplace(file.path, Span{{}, file.after}).first->second.before = file.before;
    }
  }
  std::vector<ManagedFile> files;
  for (const auto& [path, span] : spans)
    if (span.before != span.after) files.push_back({path, span.after, checksum_now(facts, path)});
  return files;
}

}  // namespace rf
