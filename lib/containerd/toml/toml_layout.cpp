#include "containerd/toml/toml_layout.h"

#include <algorithm>

#include "base/text.h"

namespace rf {

namespace {

bool is_table_array(const TomlNode& node) {
  return node.kind == TomlNode::Kind::array && !node.items.empty() && node.items.front().form == TomlNode::Form::header;
}
bool has_own_text(const TomlNode& node) {
  return !(node.is_table() && node.form == TomlNode::Form::implied) && !is_table_array(node);
}

}  // namespace

bool is_header_table(const TomlNode& node) { return node.is_table() && node.form == TomlNode::Form::header; }

bool is_dotted(const TomlNode& table) {
  if (table.form != TomlNode::Form::implied) return false;
  return std::any_of(table.entries.begin(), table.entries.end(), [](const auto& entry) {
    const TomlNode& child = entry.second;
    if (is_table_array(child) || is_header_table(child)) return false;
    return child.form != TomlNode::Form::implied || is_dotted(child);
  });
}

std::size_t first_byte(const TomlNode& node) {
  if (has_own_text(node) && node.form != TomlNode::Form::header) return node.key_begin;
  std::size_t first = has_own_text(node) ? node.begin : std::string::npos;
  for (const auto& [key, child] : node.entries) first = std::min(first, first_byte(child));
  for (const auto& item : node.items) first = std::min(first, first_byte(item));
  return first;
}

std::size_t last_byte(const TomlNode& node) {
  std::size_t last = has_own_text(node) ? node.end : 0;
  for (const auto& [key, child] : node.entries) last = std::max(last, last_byte(child));
  for (const auto& item : node.items) last = std::max(last, last_byte(item));
  return last;
}

TomlLayout::TomlLayout(std::string_view text, const TomlNode& root) : text_(text) {
  const auto first_end = text.find('\n');
  if (first_end != text.npos && first_end > 0 && text[first_end - 1] == '\r') newline_ = "\r\n";
  collect(root, 0);
  std::sort(headers_.begin(), headers_.end());
  std::size_t with_blank = 0;
  for (const auto header : headers_) {
    const auto begin = begin_with_comments(header);
    if (begin > 0 && is_blank_line(begin - 1)) ++with_blank;
  }
  spaced_ = headers_.size() < 2 || with_blank * 2 >= headers_.size() - 1;
}

void TomlLayout::collect(const TomlNode& node, std::size_t depth) {
  if (is_header_table(node) && depth > 0) {
    headers_.push_back(node.begin);
    const auto own = indent_at(node.begin);
    for (const auto& [key, child] : node.entries) {
      if (child.is_table() && child.form == TomlNode::Form::implied) continue;
      const auto inner = indent_at(is_table_array(child) ? child.items.front().begin : child.key_begin);
      if (unit_.empty() && inner.size() > own.size() && inner.starts_with(own)) unit_ = inner.substr(own.size());
    }
  }
  for (const auto& [key, child] : node.entries) collect(child, depth + 1);
  for (const auto& item : node.items) collect(item, depth + 1);
}

std::size_t TomlLayout::line_begin(std::size_t offset) const {
  if (offset == 0) return 0;
  const auto end = text_.rfind('\n', offset - 1);
  return end == text_.npos ? (text_.starts_with("\xEF\xBB\xBF") ? std::min<std::size_t>(3, offset) : 0) : end + 1;
}

std::size_t TomlLayout::line_end(std::size_t offset) const {
  const auto end = text_.find('\n', offset);
  return end == text_.npos ? text_.size() : end + 1;
}

std::string TomlLayout::indent_at(std::size_t offset) const {
  const auto begin = line_begin(offset);
  const auto end = text_.find_first_not_of(" \t", begin);
  return std::string(text_.substr(begin, std::min(end, text_.size()) - begin));
}

bool TomlLayout::is_blank_line(std::size_t offset) const {
  const auto begin = line_begin(offset);
  return trim(text_.substr(begin, line_end(offset) - begin)).empty();
}

bool TomlLayout::is_comment_line(std::size_t offset) const {
  const auto begin = line_begin(offset);
  return trim(text_.substr(begin, line_end(offset) - begin)).starts_with('#');
}

std::size_t TomlLayout::begin_with_comments(std::size_t statement) const {
  auto begin = line_begin(statement);
  const auto indent = indent_at(statement).size();
  while (begin > 0 && line_begin(begin - 1) < begin && is_comment_line(begin - 1) &&
         indent_at(begin - 1).size() <= indent)
    begin = line_begin(begin - 1);
  return begin;
}

std::size_t TomlLayout::end_of_block(std::size_t header, std::size_t last_own) const {
  const auto next = std::upper_bound(headers_.begin(), headers_.end(), header);
  const auto limit = next == headers_.end() ? text_.size() : begin_with_comments(*next);
  auto end = line_end(last_own > 0 ? last_own - 1 : 0);
  while (end < limit && is_comment_line(end)) end = line_end(end);
  const auto begin = begin_with_comments(header);
  const bool blank_above = begin == 0 || is_blank_line(begin - 1);
  while (blank_above && end < limit && is_blank_line(end)) end = line_end(end);
  return end;
}

std::size_t TomlLayout::end_of_group(const TomlNode& table) const {
  const auto last = last_byte(table);
  const auto body = line_end(last > 0 ? last - 1 : 0);
  const auto next = std::lower_bound(headers_.begin(), headers_.end(), last);
  if (next == headers_.end()) return text_.size();
  // Between the last statement and the next header stand comments of either; those up to the first blank line, or
  // indented deeper than the header, belong to what is above.
  const auto header_indent = indent_at(*next).size();
  auto end = body;
  for (auto at = body; at < line_begin(*next); at = line_end(at)) {
    if (is_blank_line(at)) return at;
    if (indent_at(at).size() > header_indent) end = line_end(at);
  }
  return end;
}

}  // namespace rf
