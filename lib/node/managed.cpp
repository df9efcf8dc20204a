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

std::vector<ReceiptSummary> newest_first(const Facts& facts) {
  auto receipts = facts.receipts;
  std::sort(receipts.begin(), receipts.end(), [](const auto& a, const auto& b) { return a.sequence > b.sequence; });
  return receipts;
}

std::vector<ManagedFile> managed_files(const Facts& facts) {
  std::map<std::string, std::string> left;  // path -> checksum
  for (const auto& receipt : newest_first(facts)) {
    if (receipt.result != ReceiptResult::applied) continue;
    for (const auto& file : receipt.files) {
      const bool directory = file.before == "-" && file.after == "-";
      if (!directory) left.try_emplace(file.path, file.after);
    }
  }
  std::vector<ManagedFile> files;
  for (const auto& [path, expected] : left) files.push_back({path, expected, checksum_now(facts, path)});
  return files;
}

}  // namespace rf
