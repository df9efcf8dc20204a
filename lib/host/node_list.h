// Lists of nodes as people write them: the value of --nodes, and files of nodes. Pure; each part is for parse_nodes.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace rf {

// "a,@file node[01,05]" at the commas and blanks outside brackets, without empty parts.
std::vector<std::string> node_list_parts(std::string_view text);

struct NodeLine {
  int number = 0;  // from 1
  std::string part;
};
// The parts of every line of a file; # begins a comment.
std::vector<NodeLine> node_file_parts(std::string_view text);

}  // namespace rf
