// The statements of a TOML text in the order they are written: what go-toml's readers look at and a parsed table no
// longer tells.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rf {

struct TomlStatement {
  enum class Kind { table, array_table, key_value };  // [a.b], [[a.b]], a.b = ...
  Kind kind = Kind::key_value;
  std::vector<std::string> key;  // parts, unquoted
  int line = 1;
  bool bracket_in_key = false;  // a quoted part of a table's key holds '[' or ']'
  bool inline_table = false;    // the value of a key
  std::size_t begin = 0;        // bytes of the text: where the statement starts, and one past its key or header
  std::size_t key_end = 0;
};
// For a text that is valid TOML; for any other the answer is a guess and never an endless loop.
std::vector<TomlStatement> toml_statements(std::string_view text);

// What a statement on this line defines although a statement above it has: why TOML 1.0 refuses it.
struct TomlRepeat {
  enum class Kind { table, key } kind = Kind::key;  // what is there already
  std::vector<std::string> key;                     // as the statement on the line has it
};
std::optional<TomlRepeat> repeat_on_line(const std::vector<TomlStatement>& statements, int line);

// go-toml 1 undoes no escapes in the keys of headers: [host."http://m/a\u0041"] is a key with a backslash in it. The
// same text as TOML 1.0 has to write it to mean that, without a byte order mark; line numbers stay.
std::string with_literal_header_keys(std::string_view text);

// go-toml 1 also lets a header open a table again that dotted keys have made. The same text with every header emptied
// and every key written from the root, which TOML 1.0 allows; "" when the text has array tables or the same header
// twice, which go-toml 1 refuses or which cannot be written so. Tables without keys vanish.
std::string with_keys_from_the_root(std::string_view text);

}  // namespace rf
