// Which nodes a command is about.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "intent/intent.h"

namespace rf {

// What to do when neither --nodes nor the intent names nodes.
enum class Remembered { use, ignore };

struct Selection {
  std::vector<NodeSpec> nodes;  // each once, in the order they were first named
  std::string said;             // a note for the user when the choice was not his: "nodes of the last apply: a, b"
};
// `flags` are the values of --nodes ("a,b", "@file", "kind:dev", "node[01-32]"); @file holds one or more per line, #
// begins a comment. Else the intent's nodes; else those of the last apply, if wanted; else the local machine, unless
// the intent is a file: one that names no nodes is not about this machine by itself.
Result<Selection> select_nodes(const std::vector<std::string>& flags, const Intent& intent, Remembered remembered);

// What a node is called in tables and results: as it was named; the local machine by $NODE_NAME, as Kubernetes sets it
// for a pod, else by its hostname.
std::string display_name(const NodeSpec& node);

}  // namespace rf
