// What earlier transactions left on a node, by their receipts, and whether it still is so.
#pragma once
#include <string>
#include <vector>

#include "node/facts.h"

namespace rf {

struct ManagedFile {
  std::string path;
  std::string expected;  // checksum we left, "-" for removed
  std::string found;     // checksum now, "-" for not there, "" for not known
  bool drifted() const { return !found.empty() && expected != found; }
};
// Of the newest transaction that went through for each path; directories are not among them. Sorted by path.
std::vector<ManagedFile> managed_files(const Facts& facts);

std::vector<ReceiptSummary> newest_first(const Facts& facts);

}  // namespace rf
