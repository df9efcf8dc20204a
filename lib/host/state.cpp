#include "host/state.h"

#include "base/text.h"
#include "host/files.h"

namespace rf {
namespace {
std::string last_apply_file() { return state_directory() + "/last-apply"; }
}  // namespace

std::string state_directory() {
  return environment("XDG_STATE_HOME").value_or(home_directory() + "/.local/state") + "/regfallback";
}

// One line a fact: "node TEXT" or "intent PATH".
LastApply remembered_apply() {
  LastApply apply;
  const auto file = read_local_file(last_apply_file());
  if (!file) return apply;
  for (const auto line : lines(file->text)) {
    if (line.substr(0, 5) == "node ") apply.nodes.emplace_back(line.substr(5));
    if (line.substr(0, 7) == "intent ") apply.intent_file = std::string(line.substr(7));
  }
  return apply;
}

Result<void> remember_apply(const LastApply& apply) {
  std::string text;
  for (const auto& node : apply.nodes) text += "node " + node + "\n";
  if (!apply.intent_file.empty()) text += "intent " + apply.intent_file + "\n";
  return write_local_file(last_apply_file(), text, 0600).doing("remembering the nodes of this apply");
}

}  // namespace rf
