// Tables without borders that fit the terminal.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "report/text_style.h"

namespace rf {

struct Cell {
  std::string text;  // made safe for a terminal by the table
  Emphasis tint = Emphasis::none;
};

class Table {
 public:
  explicit Table(std::vector<std::string> head) : head_(std::move(head)) {}
  void row(std::vector<Cell> cells) { rows_.push_back(std::move(cells)); }
  bool empty() const { return rows_.empty(); }
  // Columns as wide as their widest cell. When that is more than look.width, the widest columns are wrapped at blanks
  // until it fits; nothing is cut off.
  std::string text(const TextStyle& style) const;

 private:
  std::vector<std::string> head_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace rf
