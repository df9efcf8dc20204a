// Where in a TOML text things can be put so that they look as if they had always stood there.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "containerd/toml/toml_document.h"

namespace rf {

class TomlLayout {
 public:
  TomlLayout(std::string_view text, const TomlNode& root);

  std::string_view newline() const { return newline_; }
  std::size_t line_begin(std::size_t offset) const;
  std::size_t line_end(std::size_t offset) const;  // just after the line's end; the size of the text for the last line
  std::string indent_at(std::size_t offset) const;
  bool is_blank_line(std::size_t offset) const;
  bool is_comment_line(std::size_t offset) const;

  // Headers in order of the text, each "[" offset.
  const std::vector<std::size_t>& headers() const { return headers_; }
  // One level of indentation as this text does it: "" when nothing is indented.
  const std::string& unit() const { return unit_; }
  // Is a blank line usual between tables?
  bool spaced() const { return spaced_; }

  // The line of a statement with the comment lines directly above it. Comments indented deeper belong to what is above.
  std::size_t begin_with_comments(std::size_t statement) const;
  // Where a table's group (all that is written below it) ends: the offset at which a new subtable goes.
  std::size_t end_of_group(const TomlNode& table) const;
  // The end of what belongs to one table only, given its header and the end of its last own key: with comments directly
  // below that do not belong to the next header, and one blank line where that keeps the spacing of the rest.
  std::size_t end_of_block(std::size_t header, std::size_t last_own) const;

 private:
  void collect(const TomlNode& node, std::size_t depth);
  std::string_view text_;
  std::string_view newline_ = "\n";
  std::vector<std::size_t> headers_;
  std::string unit_;
  bool spaced_ = false;
};

// First and last byte written for a node and everything below it.
std::size_t first_byte(const TomlNode& node);
std::size_t last_byte(const TomlNode& node);
// Made by dotted keys, so that it can be extended by dotted keys only.
bool is_dotted(const TomlNode& table);
bool is_header_table(const TomlNode& node);

}  // namespace rf
