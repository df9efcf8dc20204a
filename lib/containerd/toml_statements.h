// The statements of a TOML text in the order they are written: what go-toml's readers look at and a parsed table no longer tells.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace rf {

struct TomlStatement {
  enum class Kind { table, array_table, key_value };  // [a.b], [[a.b]], a.b = ...
  Kind kind = Kind::key_value;
  std::vector<std::string> key;   // parts, unquoted
  int line = 1;
  bool bracket_in_key = false;    // a quoted part of a table's key holds '[' or ']'
};
// For a text that is valid TOML; for any other the answer is a guess and never an endless loop.
std::vector<TomlStatement> toml_statements(std::string_view text);

// go-toml 1 takes texts that TOML 1.0 forbids: a byte order mark, control characters in comments, a lone carriage return as a
// line end, a statement behind a table's header. The same text without them; line numbers stay.
std::string without_go_toml_v1_liberties(std::string_view text);

}  // namespace rf
