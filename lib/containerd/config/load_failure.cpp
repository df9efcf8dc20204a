#include "containerd/config/load_failure.h"

#include <fmt/format.h>

#include "base/text.h"
#include "containerd/toml/go_toml_v1.h"

namespace rf {

Error load_failure(const Version& containerd, const std::string& file, std::string message, const Location& where) {
  const auto prefix = containerd.major < 2 ? fmt::format("failed to load TOML: {}: ", file)
                                           : std::string("failed to unmarshal TOML: toml: ");
  return {.kind = ErrorKind::runtime,
          .message = prefix + message,
          .hint = "containerd does not start until this is repaired",
          .where = where};
}

std::optional<TomlRepeat> config_repeat(const Version& containerd, std::string_view text, int line) {
  return repeat_on_line(containerd.major < 2 ? statements_of_go_toml_v1(text) : toml_statements(text), line);
}

Error parse_failure(const Version& containerd, const std::string& file, std::string_view text, const Error& error) {
  const bool v1 = containerd.major < 2;
  const Location where = error.where.value_or(Location{file, 0, 0});
  const auto repeat = config_repeat(containerd, text, where.line);
  const bool table = repeat && repeat->kind == TomlRepeat::Kind::table;
  std::string message = error.message;
  if (v1) {
    if (table)
      message = fmt::format("({}, {}): duplicated tables", where.line, where.column + 1);
    else if (repeat)
      message = fmt::format("({}, {}): The following key was defined twice: {}", where.line, where.column,
                            join(repeat->key, "."));
    else
      message = fmt::format("({}, {}): {}", where.line, where.column, error.message);
  } else if (repeat) {
    const auto& name = repeat->key.back();
    message = table ? fmt::format("table {} already exists", name) : fmt::format("key {} is already defined", name);
  }
  return load_failure(containerd, file, message, where);
}

}  // namespace rf
