#include "containerd/toml/go_toml_v1.h"

#include <algorithm>

#include "base/text.h"

namespace rf {
namespace {

bool is_lone_return(std::string_view text, std::size_t at) {
  return text[at] == '\r' && (at + 1 == text.size() || text[at + 1] != '\n');
}

// One past the end of the string that starts at `at`; one of a single line that is not closed ends with its line.
std::size_t past_quotes(std::string_view text, std::size_t at) {
  const std::string triple(3, text[at]);
  const bool many_lines = text.substr(at).starts_with(triple);
  const auto end = many_lines ? std::string_view(triple) : text.substr(at, 1);
  const bool escapes = text[at] == '"';
  for (at += end.size(); at < text.size(); ++at) {
    if (escapes && text[at] == '\\')
      ++at;
    else if (text.substr(at).starts_with(end))
      return at + end.size();
    else if (!many_lines && text[at] == '\n')
      return at;
  }
  return text.size();
}

// Lines of `plain` that begin where `text`, of the same length, has a carriage return.
std::vector<int> lines_at_returns(std::string_view text, std::string_view plain) {
  std::vector<int> added;
  int line = 1;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    if (plain[i] != '\n') continue;
    ++line;
    if (text[i] == '\r') added.push_back(line);
  }
  return added;
}

// A statement after a table's header on its line goes to a line of its own.
void split_headers(PlainToml& plain) {
  const std::string text = std::move(plain.text);
  std::string out;
  std::size_t copied = 0;
  int line = 1;
  for (const auto& statement : toml_statements(text)) {
    if (statement.kind == TomlStatement::Kind::key_value) continue;
    const auto next = std::min(text.find_first_not_of(" \t", statement.key_end), text.size());
    if (next == text.size() || text[next] == '\r' || text[next] == '\n') continue;
    line += static_cast<int>(std::count(text.begin() + static_cast<std::ptrdiff_t>(copied),
                                        text.begin() + static_cast<std::ptrdiff_t>(next), '\n')) +
            1;
    plain.after_headers.push_back(line);
    out.append(text, copied, next - copied).append("\n");
    copied = next;
  }
  plain.text = out.append(text, copied);
}

void restore_lines(TomlNode& node, const PlainToml& plain) {
  node.where.line = plain.original_line(node.where.line);
  for (auto& item : node.items) restore_lines(item, plain);
  for (auto& [key, child] : node.entries) restore_lines(child, plain);
}

// A table that is opened again is the only complaint of a reader of TOML 1.0 about such a text that is none of go-toml
// 1's.
Result<TomlNode> parse_plain(const PlainToml& plain, std::string_view file) {
  auto parsed = parse_toml(plain.text, file);
  if (parsed || !parsed.error().where) return parsed;
  const auto repeat = repeat_on_line(toml_statements(plain.text), parsed.error().where->line);
  if (!repeat || repeat->kind != TomlRepeat::Kind::table) return parsed;
  const auto flat = with_keys_from_the_root(plain.text);
  if (flat.empty()) return parsed;
  auto again = parse_toml(flat, file);
  return again || again.error().kind == ErrorKind::unreadable ? std::move(again) : std::move(parsed);
}

}  // namespace

int PlainToml::original_line(int line) const {
  const auto without = [](int number, const std::vector<int>& added) {
    return number - static_cast<int>(std::upper_bound(added.begin(), added.end(), number) - added.begin());
  };
  return without(without(line, after_headers), carriage_returns);
}

std::string with_blank_comments(std::string_view text) {
  std::string out(text);
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '"' || text[at] == '\'') {
      at = past_quotes(text, at) - 1;
    } else if (text[at] == '#') {
      for (; at < text.size() && text[at] != '\n'; ++at) out[at] = ' ';
    } else if (is_lone_return(text, at)) {
      out[at] = '\n';
    }
  }
  return out;
}

PlainToml without_go_toml_v1_liberties(std::string_view text) {
  text = without_byte_order_mark(text);
  const auto bare = with_blank_comments(text);
  PlainToml plain{.text = valid_utf8(bare), .carriage_returns = lines_at_returns(text, bare), .after_headers = {}};
  split_headers(plain);
  return plain;
}

Result<TomlNode> parse_go_toml_v1(std::string_view text, std::string_view file) {
  const auto plain = without_go_toml_v1_liberties(text);
  auto parsed = parse_plain(plain, file);
  if (!parsed) {
    auto error = std::move(parsed).error();
    if (error.where) error.where->line = plain.original_line(error.where->line);
    return error;
  }
  restore_lines(*parsed, plain);
  return parsed;
}

std::vector<TomlStatement> statements_of_go_toml_v1(std::string_view text) {
  const auto bare = with_blank_comments(text);
  const PlainToml plain{.text = {}, .carriage_returns = lines_at_returns(text, bare), .after_headers = {}};
  auto statements = toml_statements(bare);
  for (auto& statement : statements) statement.line = plain.original_line(statement.line);
  return statements;
}

const TomlStatement* bracket_in_header(const std::vector<TomlStatement>& statements) {
  const auto found = std::find_if(statements.begin(), statements.end(), [](const TomlStatement& statement) {
    return statement.kind != TomlStatement::Kind::key_value && statement.bracket_in_key;
  });
  return found == statements.end() ? nullptr : &*found;
}

}  // namespace rf
