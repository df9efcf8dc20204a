// The nodes and the intent file of the last apply, and the nodes of the last runs, as the text they are remembered in.
// Pure: state.h reads and writes the files.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace rf {

struct LastApply {
  std::vector<std::string> nodes;  // as the user wrote them
  std::string intent_file;         // absolute; "" when the intent came from flags
  bool operator==(const LastApply&) const = default;
};
// Any text gives something: what cannot be read is left out.
LastApply parse_last_apply(std::string_view text);
// Reads back as the same. What a line cannot hold (a line break in a name) is left out.
std::string print_last_apply(const LastApply& apply);

struct RememberedRun {
  std::string id;
  std::vector<std::string> nodes;  // as the user wrote them
  bool operator==(const RememberedRun&) const = default;
};
// In the order they are written; more than fifty are left out. The same holds as for the last apply.
std::vector<RememberedRun> parse_runs(std::string_view text);
std::string print_runs(const std::vector<RememberedRun>& runs);

}  // namespace rf
