#include "containerd/toml/toml_statements.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "base/text.h"
#include "containerd/toml/toml_document.h"

namespace rf {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::vector<TomlStatement> statements() {
    std::vector<TomlStatement> found;
    for (skip_space(); !at_end(); skip_space()) {
      const auto before = at_;
      found.push_back(peek() == '[' ? header() : key_value());
      if (at_ == before) ++at_;
    }
    return found;
  }

  std::size_t position() const { return at_; }
  bool at_end() const { return at_ >= text_.size(); }

  void skip_space() {
    while (!at_end()) {
      if (peek() == '#')
        skip_comment();
      else if (is_blank(peek()) || peek() == '\r' || peek() == '\n')
        take();
      else
        return;
    }
  }

  TomlStatement header() {
    TomlStatement statement{.kind = TomlStatement::Kind::table, .key = {}, .line = line_};
    statement.begin = at_;
    take();
    if (!at_end() && peek() == '[') {
      take();
      statement.kind = TomlStatement::Kind::array_table;
    }
    statement.key = key(statement.bracket_in_key);
    while (!at_end() && peek() == ']') take();
    statement.key_end = at_;
    return statement;
  }

  TomlStatement key_value() {
    TomlStatement statement{.kind = TomlStatement::Kind::key_value, .key = {}, .line = line_};
    statement.begin = at_;
    statement.key = key(statement.bracket_in_key);
    statement.key_end = at_;
    if (!at_end() && peek() == '=') take();
    while (!at_end() && is_blank(peek())) take();
    statement.inline_table = !at_end() && peek() == '{';
    value();
    return statement;
  }

 private:
  char peek() const { return text_[at_]; }
  bool looking_at(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  char take() {
    if (text_[at_] == '\n') ++line_;
    return text_[at_++];
  }
  void skip_comment() {
    while (!at_end() && peek() != '\n') take();
  }

  // The parts of a dotted key up to '=', ']' or the end of the line.
  std::vector<std::string> key(bool& bracket) {
    std::vector<std::string> parts;
    while (!at_end()) {
      while (!at_end() && is_blank(peek())) take();
      if (at_end()) break;
      std::string part;
      if (peek() == '"' || peek() == '\'') {
        part = quoted();
        bracket = bracket || part.find_first_of("[]") != part.npos;
      } else {
        while (!at_end() && std::string_view(" \t\r\n.=]#").find(peek()) == std::string_view::npos) part += take();
      }
      parts.push_back(std::move(part));
      while (!at_end() && is_blank(peek())) take();
      if (at_end() || peek() != '.') break;
      take();
    }
    return parts;
  }

  // A string on one line, with the escapes of basic strings undone.
  std::string quoted() {
    const char mark = take();
    std::string out;
    while (!at_end() && peek() != mark && peek() != '\n') {
      const char c = take();
      if (c != '\\' || mark == '\'' || at_end()) {
        out += c;
        continue;
      }
      const char escape = take();
      if (escape == 'u' || escape == 'U')
        append_code_point(out, escape == 'u' ? 4 : 8);
      else if (escape == 'n')
        out += '\n';
      else if (escape == 't')
        out += '\t';
      else
        out += escape;
    }
    if (!at_end() && peek() == mark) take();
    return out;
  }

  void append_code_point(std::string& out, int digits) {
    unsigned long value = 0;
    for (; digits > 0 && !at_end(); --digits) {
      const auto at = std::string_view("0123456789abcdef").find(static_cast<char>(peek() | 0x20));
      if (at == std::string_view::npos) break;
      value = value * 16 + at;
      take();
    }
    const auto byte = [&](unsigned long bits) { out += static_cast<char>(bits); };
    if (value < 0x80) return byte(value);
    if (value < 0x800)
      byte(0xC0 | (value >> 6));
    else if (value < 0x10000)
      byte(0xE0 | (value >> 12)), byte(0x80 | ((value >> 6) & 0x3F));
    else
      byte(0xF0 | ((value >> 18) & 7)), byte(0x80 | ((value >> 12) & 0x3F)), byte(0x80 | ((value >> 6) & 0x3F));
    byte(0x80 | (value & 0x3F));
  }

  void multi_line_string(std::string_view mark) {
    at_ += mark.size();
    while (!at_end() && !looking_at(mark)) {
      const char c = take();
      if (c == '\\' && mark[0] == '"' && !at_end()) take();
    }
    while (!at_end() && peek() == mark[0]) take();
  }

  // To the end of the line on which the value ends.
  void value() {
    int depth = 0;
    while (!at_end()) {
      if (peek() == '#')
        skip_comment();
      else if (looking_at("\"\"\""))
        multi_line_string("\"\"\"");
      else if (looking_at("'''"))
        multi_line_string("'''");
      else if (peek() == '"' || peek() == '\'')
        quoted();
      else if (peek() == '\n' && depth <= 0)
        return;
      else {
        const char c = take();
        if (c == '[' || c == '{') ++depth;
        if (c == ']' || c == '}') --depth;
      }
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
};

using TomlKey = std::vector<std::string>;

// What the statements so far have defined, each by its key from the root.
class Definitions {
 public:
  // Adds what the statement defines, or says what of it is there already.
  std::optional<TomlRepeat> add(const TomlStatement& statement) {
    switch (statement.kind) {
      case TomlStatement::Kind::table: return open(statement.key);
      case TomlStatement::Kind::array_table: return append(statement.key);
      case TomlStatement::Kind::key_value: return assign(statement);
    }
    return std::nullopt;
  }

 private:
  enum class Made { implied, opened, by_dotted_key, array, inline_table, value };

  static TomlRepeat repeat(Made made, const TomlKey& key) {
    return {made == Made::value || made == Made::array ? TomlRepeat::Kind::key : TomlRepeat::Kind::table, key};
  }
  std::optional<TomlRepeat> above(const TomlKey& key) {
    for (TomlKey part; part.size() + 1 < key.size();) {
      part.push_back(key[part.size()]);
      if (made_.emplace(part, Made::implied).first->second == Made::value)
        return TomlRepeat{TomlRepeat::Kind::key, key};
    }
    return std::nullopt;
  }
  std::optional<TomlRepeat> open(const TomlKey& key) {
    table_ = key;
    if (auto found = above(key)) return found;
    const auto [entry, added] = made_.emplace(key, Made::opened);
    if (!added && entry->second != Made::implied) return repeat(entry->second, key);
    entry->second = Made::opened;
    return std::nullopt;
  }
  std::optional<TomlRepeat> append(const TomlKey& key) {
    table_ = key;
    if (auto found = above(key)) return found;
    const auto [entry, added] = made_.emplace(key, Made::array);
    if (!added && entry->second != Made::array) return repeat(entry->second, key);
    // The next element has none of the keys of the last one.
    auto below = std::next(entry);
    while (below != made_.end() && below->first.size() > key.size() &&
           std::equal(key.begin(), key.end(), below->first.begin()))
      below = made_.erase(below);
    return std::nullopt;
  }
  std::optional<TomlRepeat> assign(const TomlStatement& statement) {
    auto key = table_;
    for (std::size_t part = 0; part < statement.key.size(); ++part) {
      key.push_back(statement.key[part]);
      const bool last = part + 1 == statement.key.size();
      const auto made = !last ? Made::by_dotted_key : statement.inline_table ? Made::inline_table : Made::value;
      const auto [entry, added] = made_.emplace(key, made);
      if (added) continue;
      if (last) return repeat(entry->second, statement.key);
      if (entry->second != Made::by_dotted_key && entry->second != Made::implied)
        return TomlRepeat{TomlRepeat::Kind::key, statement.key};
    }
    return std::nullopt;
  }

  std::map<TomlKey, Made> made_;
  TomlKey table_;
};

}  // namespace

std::optional<TomlRepeat> repeat_on_line(const std::vector<TomlStatement>& statements, int line) {
  constexpr std::size_t longest_key = 64;  // parts; the work grows with their square
  Definitions definitions;
  for (const auto& statement : statements) {
    if (statement.line > line || statement.key.size() > longest_key) break;
    const auto repeat = definitions.add(statement);
    if (repeat && statement.line == line) return repeat;
  }
  return std::nullopt;
}

std::vector<TomlStatement> toml_statements(std::string_view text) {
  text = without_byte_order_mark(text);
  return Scanner(text).statements();
}

std::string with_literal_header_keys(std::string_view text) {
  text = without_byte_order_mark(text);
  std::string out;
  std::size_t copied = 0;
  for (const auto& statement : Scanner(text).statements()) {
    if (statement.kind == TomlStatement::Kind::key_value) continue;
    out.append(text.substr(copied, statement.begin - copied));
    char quote = 0;
    for (const char c : text.substr(statement.begin, statement.key_end - statement.begin)) {
      if (c == '\\' && quote == '"') out += c;
      out += c;
      if ((c == '"' || c == '\'') && (quote == 0 || quote == c)) quote = quote == 0 ? c : char(0);
    }
    copied = statement.key_end;
  }
  return out.append(text.substr(copied));
}

std::string with_keys_from_the_root(std::string_view text) {
  constexpr std::size_t longest_rewritten = 2u << 20;
  std::string out;
  std::size_t copied = 0;
  std::vector<std::string> table;
  std::set<std::string_view> headers;           // as written: go-toml 1 tells [host."a"] from [host.'a']
  std::set<std::vector<std::string>> assigned;  // a value, once given, cannot be opened as a table
  for (const auto& statement : Scanner(text).statements()) {
    const bool broken =
        statement.key.empty() || (statement.kind == TomlStatement::Kind::table && text[statement.key_end - 1] != ']');
    if (broken || statement.kind == TomlStatement::Kind::array_table) return "";
    out.append(text.substr(copied, statement.begin - copied));
    copied = statement.key_end;
    if (statement.kind == TomlStatement::Kind::table) {
      table = statement.key;
      if (!headers.insert(text.substr(statement.begin, statement.key_end - statement.begin)).second) return "";
      for (auto above = table; !above.empty(); above.pop_back())
        if (assigned.contains(above)) return "";
      continue;
    }
    auto key = table;
    key.insert(key.end(), statement.key.begin(), statement.key.end());
    out.append(toml_path(key)).append(" ");
    if (out.size() > longest_rewritten) break;  // its reader refuses it
    assigned.insert(std::move(key));
  }
  return out.append(text.substr(copied));
}

}  // namespace rf
