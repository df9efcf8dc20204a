#include "plan/registries_yaml/yaml_lines.h"

#include <fmt/format.h>

#include "base/text.h"

namespace rf {

std::size_t indentation(std::string_view line) {
  const auto first = line.find_first_not_of(' ');
  return first == line.npos ? line.size() : first;
}

bool is_blank_or_comment(std::string_view line) {
  const auto text = trim(line);
  return text.empty() || text.front() == '#';
}

bool is_comment_line(std::string_view line) { return trim(line).starts_with('#'); }

namespace {

// Where the quoted text that begins at `begin` ends (one past the quote), npos when not on this line.
std::size_t end_of_quoted(std::string_view line, std::size_t begin) {
  const char quote = line[begin];
  for (std::size_t i = begin + 1; i < line.size(); ++i) {
    if (line[i] == '\\' && quote == '"')
      ++i;
    else if (line[i] == quote && quote == '\'' && i + 1 < line.size() && line[i + 1] == '\'')
      ++i;
    else if (line[i] == quote)
      return i + 1;
  }
  return line.npos;
}

// Up to the comment, which begins at a # that stands after white space and outside quotes.
std::string_view without_comment(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool word_begin = i == 0 || std::string_view(" \t[{,:").find(text[i - 1]) != std::string_view::npos;
    if ((text[i] == '"' || text[i] == '\'') && word_begin) {
      const auto end = end_of_quoted(text, i);
      if (end == text.npos) return text;
      i = end - 1;
    } else if (text[i] == '#' && (i == 0 || text[i - 1] == ' ' || text[i - 1] == '\t')) {
      return text.substr(0, i);
    }
  }
  return text;
}

std::size_t after_colon(std::string_view line, std::size_t column) {
  std::size_t at = column;
  if (at < line.size() && (line[at] == '"' || line[at] == '\'')) {
    at = end_of_quoted(line, at);
    if (at == line.npos) return line.npos;
  }
  for (; at < line.size(); ++at)
    if (line[at] == ':' && (at + 1 == line.size() || line[at + 1] == ' ' || line[at + 1] == '\t')) return at + 1;
  return line.npos;
}

Error form_refusal(std::string_view file, int line, std::string message) {
  return {
      .kind = ErrorKind::refused,
      .message = std::move(message),
      .hint =
          "write this part of the file in block form, one key or item per line; regfallback then changes single lines",
      .where = Location{std::string(file), line, 0}};
}

using Entry = std::pair<YamlPtr, YamlPtr>;

// The entry of `path` as key and value; nullptr when there is none.
const Entry* entry_at(const YamlNode& root, const std::vector<std::string>& path) {
  std::vector<const YamlNode*> maps{&root};
  const Entry* found = nullptr;
  for (const auto& key : path) {
    found = nullptr;
    std::vector<const YamlNode*> below;
    for (const auto* map : maps)
      for (const auto& entry : map->entries)
        if (entry.first->is_scalar() && entry.first->text == key) {
          found = &entry;
          below.push_back(entry.second.get());
        }
    if (found == nullptr) return nullptr;
    maps = maps.size() == 1 && maps.front() == &root ? below : std::vector{found->second.get()};
  }
  return found;
}

}  // namespace

std::string_view value_part(std::string_view line, std::size_t column) {
  const auto at = after_colon(line, column);
  return at == line.npos ? std::string_view{} : trim(without_comment(line.substr(at)));
}

Result<YamlLines> YamlLines::read(std::string_view text, std::string_view file) {
  // Beyond the limits of the reader no line is copied.
  auto readable = parse_yaml(text, std::string(file));
  if (!readable && readable.error().kind == ErrorKind::unreadable) return std::move(readable).error();
  YamlLines document;
  document.file_ = file;
  document.ends_with_newline_ = text.empty() || text.ends_with('\n');
  bool content = false;
  for (const auto line : split(text, '\n')) {
    const auto number = static_cast<int>(document.lines_.size()) + 1;
    if (content && (line.starts_with("---") || line.starts_with("...")))
      return form_refusal(file, number, "the file contains several documents");
    if (const auto first = line.find_first_not_of(" \t");
        first != line.npos && line.substr(0, first).find('\t') != line.npos)
      return form_refusal(file, number, "the indentation contains a tab");
    content = content || !is_blank_or_comment(line);
    document.lines_.emplace_back(line);
  }
  if (document.ends_with_newline_ && !document.lines_.empty()) document.lines_.pop_back();
  RF_TRY(const auto root, document.root());
  if (root->flow || root->is_scalar() || root->is_list())
    return form_refusal(file, root->line, "the whole file is written in flow form");
  return document;
}

Result<YamlPtr> YamlLines::root() const {
  if (root_) return root_;
  const auto text = this->text();
  read_ += text.size();
  if (read_ > most_read) return unread_error("it needs too many changes", Location{file_});
  RF_TRY(root_, parse_yaml(text, file_));
  return root_;
}

Result<std::optional<YamlSpot>> YamlLines::find(const std::vector<std::string>& path) const {
  RF_TRY(const auto root, this->root());
  const auto* entry = entry_at(*root, path);
  if (entry == nullptr) return std::optional<YamlSpot>{};
  const auto& key = *entry->first;
  if (key.line < 1 || key.column < 1 || static_cast<std::size_t>(key.line) > lines_.size())
    return std::optional<YamlSpot>{YamlSpot{.form = YamlSpot::Form::inside}};
  YamlSpot spot{static_cast<std::size_t>(key.line) - 1, static_cast<std::size_t>(key.column) - 1};
  if (spot.column != indentation(lines_[spot.line])) {
    spot.form = YamlSpot::Form::inside;
    return std::optional<YamlSpot>{spot};
  }
  const auto rest = value_part(lines_[spot.line], spot.column);
  if (rest.empty())
    spot.form = entry->second->is_null() ? YamlSpot::Form::nothing : YamlSpot::Form::block;
  else if (rest.front() == '&' || rest.front() == '*' || rest.front() == '!')
    spot.form = YamlSpot::Form::anchored;
  else if (rest.front() == '[' || rest.front() == '{')
    spot.form = YamlSpot::Form::flow;
  else
    spot.form = entry->second->is_null() ? YamlSpot::Form::nothing : YamlSpot::Form::scalar;
  return std::optional<YamlSpot>{spot};
}

Result<std::vector<std::string>> YamlLines::keys(const std::vector<std::string>& path) const {
  RF_TRY(const auto root, this->root());
  const auto* entry = path.empty() ? nullptr : entry_at(*root, path);
  const auto* map = path.empty() ? root.get() : entry != nullptr ? entry->second.get() : nullptr;
  std::vector<std::string> keys;
  if (map != nullptr)
    for (const auto& [key, value] : map->entries)
      if (key->is_scalar()) keys.push_back(key->text);
  return keys;
}

std::size_t YamlLines::end_of(const YamlSpot& spot) const {
  std::size_t end = spot.line + 1;
  for (std::size_t i = spot.line + 1; i < lines_.size(); ++i) {
    if (is_blank_or_comment(lines_[i])) continue;
    const auto indent = indentation(lines_[i]);
    // The items of a list may stand at the indentation of its key.
    const bool item = indent == spot.column && lines_[i][indent] == '-';
    if (indent <= spot.column && !item) break;
    end = i + 1;
  }
  return end;
}

void YamlLines::insert(std::size_t index, const std::vector<std::string>& added) {
  lines_.insert(lines_.begin() + static_cast<std::ptrdiff_t>(index), added.begin(), added.end());
  root_.reset();
}

void YamlLines::erase(std::size_t begin, std::size_t end) {
  lines_.erase(lines_.begin() + static_cast<std::ptrdiff_t>(begin), lines_.begin() + static_cast<std::ptrdiff_t>(end));
  root_.reset();
}

void YamlLines::set(std::size_t index, std::string text) {
  lines_[index] = std::move(text);
  root_.reset();
}

std::string YamlLines::text() const {
  std::string out = join(lines_, "\n");
  if (ends_with_newline_ && !lines_.empty()) out += '\n';
  return out;
}

}  // namespace rf
