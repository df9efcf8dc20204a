#include "containerd/toml/toml_document.h"

#include <toml++/toml.h>
#include <algorithm>

#include "base/text.h"
#include "containerd/toml/toml_guard.h"

namespace rf {

namespace {

// toml++ counts lines and code points; edits need bytes. Every 64th code point is noted, so that a long line costs no
// more than short ones.
class Offsets {
 public:
  explicit Offsets(std::string_view text) : text_(text) {
    std::size_t at = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    line_starts_.push_back(0);
    for (std::size_t count = 0; at < text.size(); at = next(at)) {
      if (count % step == 0) noted_.push_back(at);
      ++count;
      if (text[at] == '\n') line_starts_.push_back(count);
    }
  }
  std::size_t at(const toml::source_position& position) const {
    if (position.line == 0 || position.line > line_starts_.size()) return text_.size();
    const auto point = line_starts_[position.line - 1] + (position.column == 0 ? 0 : position.column - 1);
    if (point / step >= noted_.size()) return text_.size();
    std::size_t offset = noted_[point / step];
    for (auto left = point % step; left > 0 && offset < text_.size(); --left) offset = next(offset);
    return offset;
  }

 private:
  static constexpr std::size_t step = 64;
  std::size_t next(std::size_t at) const {
    ++at;
    while (at < text_.size() && (static_cast<unsigned char>(text_[at]) & 0xC0) == 0x80) ++at;
    return at;
  }

  std::string_view text_;
  std::vector<std::size_t> line_starts_;  // as code points of the text
  std::vector<std::size_t> noted_;        // offsets
};

class DocumentReader {
 public:
  DocumentReader(std::string_view text, std::string_view file) : text_(text), file_(file), offsets_(text) {}

  TomlNode table(const toml::table& from) const {
    TomlNode node = base(from);
    node.kind = TomlNode::Kind::table;
    for (const auto& [key, value] : from) {
      TomlNode child = any(value);
      const bool written_by_header =
          child.form == TomlNode::Form::header || (child.kind == TomlNode::Kind::array && !child.items.empty() &&
                                                   child.items.front().form == TomlNode::Form::header);
      if (!written_by_header) {
        child.where = location(key.source().begin);
        child.key_begin = offsets_.at(key.source().begin);
      }
      node.entries.emplace(std::string(key.str()), std::move(child));
    }
    node.form = form_of(node);
    if (node.form == TomlNode::Form::header) node.end = header_end(node.begin);
    return node;
  }

 private:
  TomlNode base(const toml::node& from) const {
    TomlNode node;
    node.form = TomlNode::Form::value;
    node.where = location(from.source().begin);
    node.begin = node.key_begin = offsets_.at(from.source().begin);
    node.end = offsets_.at(from.source().end);
    return node;
  }

  Location location(const toml::source_position& position) const {
    return {file_, static_cast<int>(position.line), static_cast<int>(position.column)};
  }

  // toml++ gives a super table the position of the header that implied it, so a table whose child begins at the same
  // byte was not written itself.
  TomlNode::Form form_of(const TomlNode& table) const {
    if (table.begin >= text_.size()) return TomlNode::Form::implied;
    if (text_[table.begin] == '{') return TomlNode::Form::inline_table;
    if (text_[table.begin] != '[') return TomlNode::Form::implied;
    const bool implied = std::any_of(table.entries.begin(), table.entries.end(), [&](const auto& entry) {
      return entry.second.begin == table.begin && entry.second.kind != TomlNode::Kind::string;
    });
    return implied ? TomlNode::Form::implied : TomlNode::Form::header;
  }

  std::size_t header_end(std::size_t at) const {
    char quote = 0;
    for (; at < text_.size() && text_[at] != '\n'; ++at) {
      const char c = text_[at];
      if (quote == '"' && c == '\\')
        ++at;
      else if (quote != 0)
        quote = c == quote ? '\0' : quote;
      else if (c == '"' || c == '\'')
        quote = c;
      else if (c == ']')
        return at + 1 + (at + 1 < text_.size() && text_[at + 1] == ']' ? 1 : 0);
    }
    return at;
  }

  TomlNode any(const toml::node& from) const {
    if (const auto* inner = from.as_table()) return table(*inner);
    TomlNode node = base(from);
    node.text = std::string(text_.substr(node.begin, node.end - std::min(node.begin, node.end)));
    if (const auto* list = from.as_array()) {
      node.kind = TomlNode::Kind::array;
      node.text.clear();
      for (const auto& item : *list) node.items.push_back(any(item));
    } else if (const auto* string = from.as_string()) {
      node.kind = TomlNode::Kind::string;
      node.text = string->get();
    } else if (const auto* integer = from.as_integer()) {
      node.kind = TomlNode::Kind::integer;
      node.integer = integer->get();
    } else if (const auto* boolean = from.as_boolean()) {
      node.kind = TomlNode::Kind::boolean;
      node.boolean = boolean->get();
    } else {
      node.kind = from.is_floating_point() ? TomlNode::Kind::real : TomlNode::Kind::date;
    }
    return node;
  }

  std::string_view text_;
  std::string file_;
  Offsets offsets_;
};

}  // namespace

const TomlNode* TomlNode::find(std::string_view key) const {
  const auto found = entries.find(key);
  return found == entries.end() ? nullptr : &found->second;
}

const TomlNode* TomlNode::find(const std::vector<std::string>& path) const {
  const TomlNode* node = this;
  for (const auto& key : path)
    if (node = node->find(key); node == nullptr) return nullptr;
  return node;
}

bool same_meaning(const TomlNode& a, const TomlNode& b) {
  if (a.kind != b.kind || a.items.size() != b.items.size() || a.entries.size() != b.entries.size()) return false;
  if (a.kind == TomlNode::Kind::integer) return a.integer == b.integer;
  if (a.kind == TomlNode::Kind::boolean) return a.boolean == b.boolean;
  return a.text == b.text && std::equal(a.items.begin(), a.items.end(), b.items.begin(), same_meaning) &&
         std::equal(a.entries.begin(), a.entries.end(), b.entries.begin(), [](const auto& x, const auto& y) {
           return x.first == y.first && same_meaning(x.second, y.second);
         });
}

std::string_view kind_name(TomlNode::Kind kind) {
  switch (kind) {
    case TomlNode::Kind::table: return "table";
    case TomlNode::Kind::array: return "array";
    case TomlNode::Kind::string: return "string";
    case TomlNode::Kind::integer: return "integer";
    case TomlNode::Kind::real: return "float";
    case TomlNode::Kind::boolean: return "boolean";
    case TomlNode::Kind::date: return "date";
  }
  return "";
}

Result<TomlNode> parse_toml(std::string_view text, std::string_view file) {
  RF_CHECK(check_toml_characters(text, file));
  const auto parsed = toml::parse(text, file);
  if (!parsed) {
    const auto& error = parsed.error();
    return Error{.kind = ErrorKind::parse,
                 .message = std::string(error.description()),
                 .where = Location{std::string(file), static_cast<int>(error.source().begin.line),
                                   static_cast<int>(error.source().begin.column)}};
  }
  TomlNode root = DocumentReader(text, file).table(parsed.table());
  root.form = TomlNode::Form::header;
  root.begin = root.end = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  return root;
}

std::string toml_key(std::string_view name) {
  const bool bare = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
  return bare ? std::string(name) : toml_quote(name);
}

std::string toml_path(const std::vector<std::string>& path) {
  std::vector<std::string> keys;
  for (const auto& key : path) keys.push_back(toml_key(key));
  return join(keys, ".");
}

}  // namespace rf
