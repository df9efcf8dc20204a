// What earlier transactions left on a node, by their receipts, and whether it still is so.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "node/facts.h"

namespace rf {

struct ManagedFile {
  std::string path;
  std::string expected;  // checksum we left, "-" for removed
  std::string found;     // checksum now, "-" for not there, "" for not known
  bool drifted() const { return !found.empty() && expected != found; }
};
// Of the newest transaction that went through for each path. What happens to a path that is not ours any more is not
// our business: one that was given back is as it was before the first transaction, and one that we wrote and removed
// again is anybody's. One of others that we removed is expected to stay away. Directories are not among them. Sorted by
// path.
std::vector<ManagedFile> managed_files(const Facts& facts);

// Where the node has a file now that was written to `path`: a snap's data is copied to a new directory with each
// revision, and the link `current` beside it moves on.
std::string path_now(const Facts& facts, std::string_view path);

// The node is as the transaction left it; one that settles may still be put back.
bool in_effect(const ReceiptSummary& receipt);

// The reason that receipts of `kind registry` give.
inline constexpr std::string_view kind_registry_reason = "kind registry";

std::vector<ReceiptSummary> newest_first(const Facts& facts);
// What somebody else's transactions changed between two looks at one node, newest first.
std::vector<ReceiptSummary> applied_between(const Facts& earlier, const Facts& later);

}  // namespace rf
