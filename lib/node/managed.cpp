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

// What the transactions made of one path, told from the newest to the oldest.
struct PathHistory {
  std::string before;         // the first one
  std::string after;          // the last one
  bool ours_removed = false;  // the last one removed what an earlier one had written
  std::string last_before;    // of the last one

  void add_older(const ReceiptSummary::File& file) {
    before = file.before;
    if (after == "-" && file.after != "-" && file.after == last_before) ours_removed = true;
  }
};

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

std::string path_now(const Facts& facts, std::string_view path) {
  constexpr std::string_view link_name = "/current";
  for (auto directory = parent_path(path); directory != "/"; directory = parent_path(directory)) {
    const auto link = parent_path(directory) + std::string(link_name);
    const auto* entry = facts.tree.lstat(link);
    if (entry == nullptr || entry->kind != FileEntry::Kind::symlink) continue;
    const auto target = facts.tree.real_path(link);
    if (target != directory && parent_path(target) == parent_path(directory))
      return target + std::string(path.substr(directory.size()));
  }
  return std::string(path);
}

std::vector<ManagedFile> managed_files(const Facts& facts) {
  std::map<std::string, PathHistory> paths;
  for (const auto& receipt : newest_first(facts)) {
    if (!in_effect(receipt)) continue;
    for (const auto& file : receipt.files) {
      const bool directory = file.before == "-" && file.after == "-";
      if (directory) continue;
      const PathHistory newest{.before = file.before, .after = file.after, .last_before = file.before};
      const auto [known, is_new] = paths.try_emplace(path_now(facts, file.path), newest);
      if (!is_new) known->second.add_older(file);
    }
  }
  std::vector<ManagedFile> files;
  for (const auto& [path, history] : paths)
    if (history.before != history.after && !history.ours_removed)
      files.push_back({path, history.after, checksum_now(facts, path)});
  return files;
}

}  // namespace rf
