// TOML as go-toml 1 reads it, the reader of containerd 1.x for config.toml and hosts.toml alike. It takes texts that
// TOML 1.0 forbids, and refuses some that it allows.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "containerd/toml/toml_document.h"
#include "containerd/toml/toml_statements.h"

namespace rf {

// The root table with the lines of `text`; byte offsets mean nothing. Taken all the same are a byte order mark, control
// characters and bytes that are no UTF-8 in comments (in strings such bytes are U+FFFD), a lone carriage return as a
// line end, a statement after a table's header on its line, and a header that opens a table again which dotted keys
// have made. An Error of kind parse has its place in `file`.
Result<TomlNode> parse_go_toml_v1(std::string_view text, std::string_view file);

// A header that go-toml 1 cannot read although it is TOML: a quoted key of a table with '[' or ']' in it. Of statements
// of with_literal_header_keys().
const TomlStatement* bracket_in_header(const std::vector<TomlStatement>& statements);
inline constexpr std::string_view bracket_refusal =
    "unexpected token table key cannot contain ']', was expecting a table key";

// The statements of `text`, with its lines.
std::vector<TomlStatement> statements_of_go_toml_v1(std::string_view text);

// A text without these liberties, for a reader of TOML 1.0. What is put on a line of its own moves the lines after it.
struct PlainToml {
  std::string text;
  // Lines that begin where the original has no line end, sorted: first those that were lone carriage returns, then, in
  // the text with these, those after a header.
  std::vector<int> carriage_returns;
  std::vector<int> after_headers;
  int original_line(int line) const;
};
PlainToml without_go_toml_v1_liberties(std::string_view text);
// The part of it that keeps every offset: comments are blank, and lone carriage returns are line ends.
std::string with_blank_comments(std::string_view text);

}  // namespace rf
