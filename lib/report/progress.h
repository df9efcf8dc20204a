// Where each node is while a command runs: the model and its picture, one line a node. Who draws it, and when, is not
// decided here.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "report/text_style.h"

namespace rf {

enum class Mark {
  waiting,  // not begun
  busy,
  good,
  changed,
  bad,
};

class Progress {
 public:
  explicit Progress(std::vector<std::string> nodes);
  // Returns whether anything differs from before.
  bool set(std::size_t node, Mark mark, std::string text);
  std::size_t size() const { return nodes_.size(); }

  // One line a node and a newline after each, none wider than the terminal. Where there are more nodes than lines: the
  // busy ones first, then the bad ones, and a last line that counts the rest.
  std::string picture(const TextStyle& style, std::size_t lines) const;
  // The same for a log: "anubis: restarting containerd".
  std::string line(std::size_t node) const;

 private:
  struct Node {
    std::string name;  // safe for a terminal, as text
    Mark mark = Mark::waiting;
    std::string text;
  };
  std::string picture_of(const Node& node, const TextStyle& style) const;
  std::vector<Node> nodes_;
  int name_width_ = 0;
};

}  // namespace rf
