// What earlier transactions left on a node, by their receipts, and whether it still is so.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "node/facts.h"

namespace rf {

// The first line of every hosts.toml of ours.
inline constexpr std::string_view owner_line = "# Managed by regfallback: change the intent file, not this one.";
bool is_ours(std::string_view content);

struct ManagedFile {
  std::string path;
  std::string expected;  // checksum we left, "-" for removed
  std::string found;     // checksum now, "-" for not there, "" for not known
  bool drifted() const { return !found.empty() && expected != found; }
};
// Of the newest transaction that went through for each path; directories are not among them. Sorted by path.
std::vector<ManagedFile> managed_files(const Facts& facts);

// The node is as the transaction left it; one that settles may still be put back.
bool in_effect(const ReceiptSummary& receipt);

std::vector<ReceiptSummary> newest_first(const Facts& facts);

}  // namespace rf
