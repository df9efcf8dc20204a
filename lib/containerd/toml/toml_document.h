// A TOML text as a tree that remembers where everything stands: for settings with file and line, and for edits that
// leave the rest of the text alone. The one place that calls toml++ for files of containerd.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rf {

struct TomlNode {
  enum class Kind { table, array, string, integer, real, boolean, date };
  // How a table was written. `implied` tables have no text of their own: the "a" of [a.b], or of a.b = 1.
  enum class Form { value, header, inline_table, implied };

  Kind kind = Kind::table;
  Form form = Form::implied;
  std::string text = {};  // of a string; numbers and dates as written
  std::int64_t integer = 0;
  bool boolean = false;
  std::vector<TomlNode> items = {};
  std::map<std::string, TomlNode, std::less<>> entries = {};

  Location where = {};  // of the key, or of the header
  // Byte offsets in the text. Of a header: "[" to just after "]". Of an implied table: not meaningful.
  std::size_t key_begin = 0;  // first byte of the last segment of the key; of a header: its "["
  std::size_t begin = 0;
  std::size_t end = 0;

  bool is_table() const { return kind == Kind::table; }
  bool is_string() const { return kind == Kind::string; }
  // The entry of a table, nullptr when this is no table or has none.
  const TomlNode* find(std::string_view key) const;
  // Along a path of keys.
  const TomlNode* find(const std::vector<std::string>& path) const;
};

// Equal in meaning: positions, comments and ways of writing do not count.
bool same_meaning(const TomlNode& a, const TomlNode& b);
std::string_view kind_name(TomlNode::Kind kind);

// The root table; or an Error of kind parse whose `where` is in `file`.
Result<TomlNode> parse_toml(std::string_view text, std::string_view file);

// "name" where TOML allows a bare key, else quoted.
std::string toml_key(std::string_view name);
std::string toml_path(const std::vector<std::string>& path);  // "plugins.\"io.containerd.grpc.v1.cri\".registry"

}  // namespace rf
