#include "plan/registries_yaml/yaml_lines.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

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

Error refusal(std::string_view file, int line, std::string message) {
  return {
      .kind = ErrorKind::refused,
      .message = std::move(message),
      .hint =
          "write this part of the file in block form, one key or item a line; regfallback then changes single lines",
      .where = Location{std::string(file), line, 0}};
}

Result<YAML::Node> load(const std::string& text, std::string_view file) {
  try {
    return YAML::Load(text);
  } catch (const YAML::Exception& failure) {
    return Error{.kind = ErrorKind::parse,
                 .message = failure.msg,
                 .hint = "",
                 .where = Location{std::string(file), failure.mark.line + 1, failure.mark.column + 1}};
  }
}

// The entry of `path` as key and value; nothing when there is none.
std::optional<std::pair<YAML::Node, YAML::Node>> entry_at(const YAML::Node& root,
                                                          const std::vector<std::string>& path) {
  YAML::Node map = root;
  std::optional<std::pair<YAML::Node, YAML::Node>> found;
  for (const auto& key : path) {
    if (!map.IsMap()) return std::nullopt;
    found.reset();
    for (const auto& entry : map)
      if (entry.first.IsScalar() && entry.first.Scalar() == key) found.emplace(entry.first, entry.second);
    if (!found) return std::nullopt;
    map.reset(found->second);
  }
  return found;
}

}  // namespace

std::string_view value_part(std::string_view line, std::size_t column) {
  const auto at = after_colon(line, column);
  return at == line.npos ? std::string_view{} : trim(without_comment(line.substr(at)));
}

Result<YamlLines> YamlLines::read(std::string_view text, std::string_view file) {
  YamlLines document;
  document.file_ = file;
  document.ends_with_newline_ = text.empty() || text.ends_with('\n');
  bool content = false;
  for (const auto line : split(text, '\n')) {
    const auto number = static_cast<int>(document.lines_.size()) + 1;
    if (content && (line.starts_with("---") || line.starts_with("...")))
      return refusal(file, number, "the file holds several documents");
    if (const auto first = line.find_first_not_of(" \t");
        first != line.npos && line.substr(0, first).find('\t') != line.npos)
      return refusal(file, number, "a tab stands in the indentation");
    content = content || !is_blank_or_comment(line);
    document.lines_.emplace_back(line);
  }
  if (document.ends_with_newline_ && !document.lines_.empty()) document.lines_.pop_back();
  RF_TRY(const auto root, load(std::string(text), file));
  if (root.IsDefined() && !root.IsNull() && (!root.IsMap() || root.Style() == YAML::EmitterStyle::Flow))
    return refusal(file, root.Mark().line + 1, "the whole file is written in flow form");
  return document;
}

Result<std::optional<YamlSpot>> YamlLines::find(const std::vector<std::string>& path) const {
  RF_TRY(const auto root, load(text(), file_));
  const auto entry = entry_at(root, path);
  if (!entry) return std::optional<YamlSpot>{};
  const auto mark = entry->first.Mark();
  if (mark.line < 0 || mark.column < 0 || static_cast<std::size_t>(mark.line) >= lines_.size())
    return std::optional<YamlSpot>{YamlSpot{.form = YamlSpot::Form::inside}};
  YamlSpot spot{static_cast<std::size_t>(mark.line), static_cast<std::size_t>(mark.column)};
  if (spot.column != indentation(lines_[spot.line])) {
    spot.form = YamlSpot::Form::inside;
    return std::optional<YamlSpot>{spot};
  }
  const auto rest = value_part(lines_[spot.line], spot.column);
  if (rest.empty())
    spot.form = entry->second.IsNull() ? YamlSpot::Form::nothing : YamlSpot::Form::block;
  else if (rest.front() == '&' || rest.front() == '*' || rest.front() == '!')
    spot.form = YamlSpot::Form::anchored;
  else if (rest.front() == '[' || rest.front() == '{')
    spot.form = YamlSpot::Form::flow;
  else
    spot.form = entry->second.IsNull() ? YamlSpot::Form::nothing : YamlSpot::Form::scalar;
  return std::optional<YamlSpot>{spot};
}

Result<std::vector<std::string>> YamlLines::keys(const std::vector<std::string>& path) const {
  RF_TRY(const auto root, load(text(), file_));
  const auto entry = path.empty() ? std::nullopt : entry_at(root, path);
  const auto map = path.empty() ? root : entry ? entry->second : YAML::Node();
  std::vector<std::string> keys;
  if (map.IsMap())
    for (const auto& item : map)
      if (item.first.IsScalar()) keys.push_back(item.first.Scalar());
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
}

void YamlLines::erase(std::size_t begin, std::size_t end) {
  lines_.erase(lines_.begin() + static_cast<std::ptrdiff_t>(begin), lines_.begin() + static_cast<std::ptrdiff_t>(end));
}

std::string YamlLines::text() const {
  std::string out = join(lines_, "\n");
  if (ends_with_newline_ && !lines_.empty()) out += '\n';
  return out;
}

}  // namespace rf
