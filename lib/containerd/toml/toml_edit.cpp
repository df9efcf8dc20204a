#include "containerd/toml/toml_edit.h"

#include <fmt/format.h>
#include <algorithm>

#include "base/text.h"
#include "containerd/toml/go_toml_v1.h"
#include "containerd/toml/toml_layout.h"

namespace rf {

namespace {

Error refusal(const std::string& message, const Location& where = {}) {
  return {
      .kind = ErrorKind::refused, .message = message, .where = where.line > 0 ? std::optional(where) : std::nullopt};
}

// In the quotes that stand there already, where the value allows it.
std::string quoted_like(std::string_view value, char quote) {
  const bool literal_fits = value.find_first_of("'\n\r") == value.npos &&
                            std::all_of(value.begin(), value.end(),
                                        [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; });
  if (quote == '\'' && literal_fits) return fmt::format("'{}'", value);
  return toml_quote(value);
}

// A value to write: a string, or a list of strings.
class NewValue {
 public:
  explicit NewValue(std::string_view text) { node_ = string_node(text); }
  explicit NewValue(const std::vector<std::string>& list) {
    node_.kind = TomlNode::Kind::array;
    node_.form = TomlNode::Form::value;
    for (const auto& item : list) node_.items.push_back(string_node(item));
  }
  const TomlNode& node() const { return node_; }
  std::string written(char quote) const {
    if (node_.is_string()) return quoted_like(node_.text, quote);
    std::vector<std::string> items;
    for (const auto& item : node_.items) items.push_back(quoted_like(item.text, quote));
    return "[" + join(items, ", ") + "]";
  }

 private:
  static TomlNode string_node(std::string_view text) {
    TomlNode node;
    node.kind = TomlNode::Kind::string;
    node.form = TomlNode::Form::value;
    node.text = text;
    return node;
  }
  TomlNode node_;
};

// The segments of a header's or key's text, as written.
std::vector<std::string> written_segments(std::string_view keys) {
  std::vector<std::string> segments{""};
  char quote = 0;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const char c = keys[i];
    if (quote == 0 && c == '.') {
      segments.emplace_back();
      continue;
    }
    if (quote == '"' && c == '\\' && i + 1 < keys.size())
      segments.back() += keys[i++];
    else if (quote == 0 && (c == '"' || c == '\''))
      quote = c;
    else if (c == quote)
      quote = 0;
    segments.back() += keys[i];
  }
  for (auto& segment : segments) segment = std::string(trim(segment));
  return segments;
}

class Editor {
 public:
  Editor(std::string_view text, const TomlNode& root) : text_(text), root_(root), layout_(text, root) {}

  Result<std::string> set(const TomlPath& path, const NewValue& value) {
    if (const auto* node = root_.find(path)) {
      if (node->kind != value.node().kind)
        return refusal(
            fmt::format("{} is a {}, not a {}", toml_path(path), kind_name(node->kind), kind_name(value.node().kind)),
            node->where);
      if (same_meaning(*node, value.node())) return std::string(text_);
      return splice(node->begin, node->end, value.written(string_quote(*node)));
    }
    const auto [parent, depth] = deepest(path);
    const TomlPath rest(path.begin() + static_cast<std::ptrdiff_t>(depth), path.end());
    if (!parent->is_table())
      return refusal(fmt::format("{} is not a table", toml_path(head(path, depth))), parent->where);
    if (parent->form == TomlNode::Form::inline_table) return into_inline(*parent, rest, value);
    if (depth > 0 && is_dotted(*parent)) return dotted_line(*parent, rest, value);
    const std::string line = toml_key(path.back()) + " = " + value.written(house_quote(path));
    if (rest.size() > 1) return new_table(head(path, path.size() - 1), *parent, depth, {line});
    if (parent->form == TomlNode::Form::header) return first_line(*parent, line);
    return super_table(head(path, path.size() - 1), *parent, line);
  }

  Result<std::string> remove(const TomlPath& path) {
    const auto* node = root_.find(path);
    if (node == nullptr) return std::string(text_);
    std::vector<std::pair<std::size_t, std::size_t>> cuts;
    if (const auto* parent = root_.find(head(path, path.size() - 1)); parent->form == TomlNode::Form::inline_table)
      return out_of_inline(*parent, *node);
    collect_cuts(*node, cuts);
    std::sort(cuts.begin(), cuts.end());
    std::string out;
    std::size_t at = 0;
    for (const auto& [begin, end] : cuts) {
      if (begin > at) out += text_.substr(at, begin - at);
      at = std::max(at, end);
    }
    return out + std::string(text_.substr(at));
  }

 private:
  static TomlPath head(const TomlPath& path, std::size_t depth) {
    return {path.begin(), path.begin() + static_cast<std::ptrdiff_t>(depth)};
  }
  // The last node of the path that exists, and how many keys lead there.
  std::pair<const TomlNode*, std::size_t> deepest(const TomlPath& path) const {
    const TomlNode* node = &root_;
    std::size_t depth = 0;
    for (; depth < path.size(); ++depth) {
      const auto* child = node->find(path[depth]);
      if (child == nullptr) break;
      node = child;
    }
    return {node, depth};
  }

  std::string splice(std::size_t begin, std::size_t end, std::string_view with) const {
    return std::string(text_.substr(0, begin)).append(with).append(text_.substr(end));
  }

  // Of the tables below the same plugin, else of any header; double quotes when the text has none.
  char house_quote(const TomlPath& path) const {
    for (std::size_t depth = path.size(); depth-- > 1;)
      if (const auto* node = root_.find(head(path, depth)))
        if (const char quote = string_quote(*node)) return quote;
    const char quote = string_quote(root_);
    return quote != 0 ? quote : '"';
  }
  char string_quote(const TomlNode& node) const {
    if (node.is_string()) return text_[node.begin];
    for (const auto& item : node.items)
      if (const char quote = string_quote(item)) return quote;
    for (const auto& [key, child] : node.entries)
      if (const char quote = string_quote(child)) return quote;
    return 0;
  }

  // `written` for the leading segments that the text has already, our own spelling for the rest.
  std::string header_keys(const TomlPath& path) const {
    for (std::size_t depth = path.size(); depth > 0; --depth) {
      const auto* node = root_.find(head(path, depth));
      const auto* header = node == nullptr ? nullptr : some_header(*node);
      if (header == nullptr) continue;
      auto segments = written_segments(text_.substr(header->begin + 1, header->end - header->begin - 2));
      segments.resize(depth);
      for (std::size_t i = depth; i < path.size(); ++i) segments.push_back(spelled(path[i]));
      return join(segments, ".");
    }
    std::vector<std::string> segments;
    for (const auto& key : path) segments.push_back(spelled(key));
    return join(segments, ".");
  }
  std::string spelled(std::string_view key) const {
    const auto plain = toml_key(key);
    if (plain == key) return plain;
    return quoted_like(key, string_quote(root_) == '\'' ? '\'' : '"');
  }
  const TomlNode* some_header(const TomlNode& node) const {
    if (is_header_table(node)) return &node;
    for (const auto& [key, child] : node.entries)
      if (const auto* header = child.is_table() ? some_header(child) : nullptr) return header;
    return nullptr;
  }

  // The indentation of a sibling's header; else one unit deeper than the parent's when the text nests at all.
  std::string header_indent(const TomlNode& parent, std::size_t depth) const {
    for (const auto& [key, child] : parent.entries)
      if (is_header_table(child)) return layout_.indent_at(child.begin);
    if (depth == 0) return "";
    const auto* header = some_header(parent);
    if (header == nullptr) return "";
    const auto own = layout_.indent_at(header->begin);
    return own.empty() || header != &parent ? own : own + layout_.unit();
  }
  std::string key_indent(const std::string& header) const {
    return header + (layout_.headers().empty() ? "  " : layout_.unit());
  }

  std::string block(const std::string& keys, const std::string& indent, const std::vector<std::string>& lines) const {
    std::string out = fmt::format("{}[{}]{}", indent, keys, layout_.newline());
    for (const auto& line : lines) out += key_indent(indent) + line + std::string(layout_.newline());
    return out;
  }

  std::string new_table(const TomlPath& table, const TomlNode& parent, std::size_t depth,
                        const std::vector<std::string>& lines) const {
    const auto at = depth == 0 ? text_.size() : layout_.end_of_group(parent);
    auto added = block(header_keys(table), header_indent(parent, depth), lines);
    std::string before;
    if (at > 0 && text_[at - 1] != '\n' && !trim(text_.substr(0, at)).empty()) before += layout_.newline();
    const bool first = trim(text_.substr(0, at)).empty();
    if (!first && (layout_.spaced() || depth == 0) && !layout_.is_blank_line(at - 1)) before += layout_.newline();
    return splice(at, at, before + added);
  }

  std::string first_line(const TomlNode& table, const std::string& line) const {
    std::string indent;
    bool found = false;
    for (const auto& [key, child] : table.entries)
      if (!found && (child.form == TomlNode::Form::value || child.form == TomlNode::Form::inline_table)) {
        indent = layout_.indent_at(child.key_begin);
        found = true;
      }
    if (!found) indent = key_indent(layout_.indent_at(table.begin));
    const auto at = layout_.line_end(table.end > 0 ? table.end - 1 : 0);
    const bool needs_end = at == text_.size() && (at == 0 || text_[at - 1] != '\n');
    return splice(at, at, fmt::format("{}{}{}{}", needs_end ? layout_.newline() : "", indent, line, layout_.newline()));
  }

  // The table exists through headers below it only: its own header goes above the first of them.
  std::string super_table(const TomlPath& path, const TomlNode& table, const std::string& line) const {
    const auto first = first_byte(table);
    const auto at = layout_.begin_with_comments(first);
    auto added = block(header_keys(path), layout_.indent_at(first), {line});
    if (layout_.spaced()) added += layout_.newline();
    return splice(at, at, added);
  }

  std::string inline_text(const TomlPath& rest, const NewValue& value, char quote) const {
    std::string out = value.written(quote);
    for (std::size_t i = rest.size(); i-- > 0;) {
      out = fmt::format("{} = {}", toml_key(rest[i]), out);
      if (i > 0) out = fmt::format("{{ {} }}", out);
    }
    return out;
  }

  std::string into_inline(const TomlNode& table, const TomlPath& rest, const NewValue& value) const {
    const auto added = inline_text(rest, value, house_quote({rest.front()}));
    if (table.entries.empty()) return splice(table.begin, table.end, fmt::format("{{ {} }}", added));
    std::size_t last = 0;
    for (const auto& [key, child] : table.entries) last = std::max(last, last_byte(child));
    return splice(last, last, ", " + added);
  }

  std::string dotted_line(const TomlNode& table, const TomlPath& rest, const NewValue& value) const {
    // The last line that is written with this table's dotted prefix.
    const TomlNode* last = nullptr;
    for (const auto& [key, child] : table.entries)
      if (!is_header_table(child) && (child.form != TomlNode::Form::implied || is_dotted(child)))
        if (last == nullptr || child.key_begin > last->key_begin) last = &child;
    const auto begin = layout_.line_begin(last->key_begin);
    const auto prefix = std::string(text_.substr(begin, last->key_begin - begin));
    std::vector<std::string> keys;
    for (const auto& key : rest) keys.push_back(spelled(key));
    const auto line = fmt::format("{}{} = {}", prefix, join(keys, "."), value.written(house_quote({rest.front()})));
    const auto at = layout_.line_end(std::max(dotted_end(*last), std::size_t{1}) - 1);
    const bool needs_end = at == text_.size() && (at == 0 || text_[at - 1] != '\n');
    return splice(at, at,
                  fmt::format("{}{}{}", needs_end ? layout_.newline() : "", line, needs_end ? "" : layout_.newline()));
  }
  std::size_t dotted_end(const TomlNode& node) const {
    if (node.form != TomlNode::Form::implied) return node.end;
    std::size_t end = 0;
    for (const auto& [key, child] : node.entries)
      if (!is_header_table(child)) end = std::max(end, dotted_end(child));
    return end;
  }

  void collect_cuts(const TomlNode& node, std::vector<std::pair<std::size_t, std::size_t>>& cuts) const {
    if (is_header_table(node)) {
      std::size_t last = node.end;
      for (const auto& [key, child] : node.entries)
        if (!is_header_table(child) && (child.form != TomlNode::Form::implied || is_dotted(child)))
          last = std::max(last, dotted_end(child));
      cuts.emplace_back(layout_.begin_with_comments(node.begin), layout_.end_of_block(node.begin, last));
    } else if (node.form == TomlNode::Form::value || node.form == TomlNode::Form::inline_table) {
      const bool headers =
          node.kind == TomlNode::Kind::array && !node.items.empty() && is_header_table(node.items.front());
      if (!headers) cuts.emplace_back(layout_.begin_with_comments(node.key_begin), layout_.line_end(node.end - 1));
    }
    if (node.form == TomlNode::Form::inline_table) return;
    for (const auto& [key, child] : node.entries) collect_cuts(child, cuts);
    for (const auto& item : node.items)
      if (is_header_table(item)) collect_cuts(item, cuts);
  }

  // `{ a = 1, b = 2 }` without one entry: with the comma after it, or before it when it is the last.
  Result<std::string> out_of_inline(const TomlNode& table, const TomlNode& node) const {
    if (node.form == TomlNode::Form::implied)
      return refusal("a dotted key inside an inline table cannot be edited", node.where);
    auto end = text_.find_first_not_of(" \t", node.end);
    auto begin = node.key_begin;
    if (end < table.end && text_[end] == ',')
      end = text_.find_first_not_of(" \t", end + 1);
    else if (const auto comma = text_.substr(0, begin).find_last_not_of(" \t");
             comma > table.begin && text_[comma] == ',') {
      begin = comma;
      end = node.end;
    }
    return splice(begin, end, "");
  }

  std::string_view text_;
  const TomlNode& root_;
  TomlLayout layout_;
};

void put(TomlNode& root, const TomlPath& path, TomlNode value) {
  TomlNode* node = &root;
  for (const auto& key : path) node = &node->entries[key];
  *node = std::move(value);
}

void drop(TomlNode& root, const TomlPath& path) {
  TomlNode* node = &root;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    const auto found = node->entries.find(path[i]);
    if (found == node->entries.end()) return;
    node = &found->second;
  }
  node->entries.erase(path.back());
}

// Tables that hold nothing, and that nothing but what was removed implied, count as absent.
bool same_but_for_empty(const TomlNode& before, const TomlNode& after) {
  if (!before.is_table() || !after.is_table()) return same_meaning(before, after);
  for (const auto& [key, child] : after.entries)
    if (before.find(key) == nullptr) return false;
  return std::all_of(before.entries.begin(), before.entries.end(), [&](const auto& entry) {
    const auto* other = after.find(entry.first);
    if (other != nullptr) return same_but_for_empty(entry.second, *other);
    return entry.second.is_table() && last_byte(entry.second) == 0;
  });
}

Error unproven(std::string_view what) {
  return {.kind = ErrorKind::refused,
          .message = fmt::format("the text cannot be edited so that only {} changes", what),
          .hint = "edit the file by hand"};
}

// containerd 1.x takes what TOML forbids in comments and as line ends; offsets are those of the text.
Result<TomlNode> parse_editable(std::string_view text) {
  auto parsed = parse_toml(text, "");
  if (parsed || parsed.error().kind == ErrorKind::unreadable) return parsed;
  auto plain = parse_toml(with_blank_comments(text), "");
  return plain ? std::move(plain) : std::move(parsed);
}

Result<std::string> set_value(std::string_view text, const TomlPath& path, const NewValue& value) {
  RF_TRY(auto root, parse_editable(text));
  RF_TRY(auto out, Editor(text, root).set(path, value));
  const auto after = parse_editable(out);
  put(root, path, value.node());
  if (!after || !same_meaning(root, *after)) return unproven(toml_path(path));
  return out;
}

}  // namespace

Result<std::string> set_toml_string(std::string_view text, const TomlPath& path, std::string_view value) {
  return set_value(text, path, NewValue(value));
}

Result<std::string> set_toml_strings(std::string_view text, const TomlPath& path,
                                     const std::vector<std::string>& values) {
  return set_value(text, path, NewValue(values));
}

Result<std::string> remove_toml(std::string_view text, const std::vector<TomlPath>& paths) {
  std::string out(text);
  for (const auto& path : paths) {
    RF_TRY(auto root, parse_editable(out));
    RF_TRY(auto shorter, Editor(out, root).remove(path));
    const auto after = parse_editable(shorter);
    drop(root, path);
    if (!after || !same_but_for_empty(root, *after)) return unproven(toml_path(path));
    out = std::move(shorter);
  }
  return out;
}

}  // namespace rf
