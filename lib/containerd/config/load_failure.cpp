#include "containerd/config/load_failure.h"

#include <fmt/format.h>

namespace rf {

Error load_failure(const Version& containerd, const std::string& file, std::string message, const Location& where) {
  const auto prefix = containerd.major < 2 ? fmt::format("failed to load TOML: {}: ", file)
                                           : std::string("failed to unmarshal TOML: toml: ");
  return {.kind = ErrorKind::runtime,
          .message = prefix + message,
          .hint = "containerd does not start until this is repaired",
          .where = where};
}

Error parse_failure(const Version& containerd, const std::string& file, const Error& error) {
  const auto& text = error.message;
  const auto name_at = text.find('\'');
  const auto name = name_at == text.npos ? "" : text.substr(name_at + 1, text.rfind('\'') - name_at - 1);
  const auto last = name.substr(name.rfind('.') == name.npos ? 0 : name.rfind('.') + 1);
  const Location where = error.where.value_or(Location{file, 0, 0});
  const bool table_twice = text.find("redefine existing table") != text.npos && text.find("dotted") == text.npos;
  const bool key_twice = !table_twice && text.find("redefine existing") != text.npos;
  std::string message = text;
  if (containerd.major < 2) {
    if (table_twice)
      message = fmt::format("({}, {}): duplicated tables", where.line, where.column + 1);
    else if (key_twice)
      message = fmt::format("({}, {}): The following key was defined twice: {}", where.line, where.column, name);
    else
      message = fmt::format("({}, {}): {}", where.line, where.column, text);
  } else if (table_twice) {
    message = fmt::format("table {} already exists", last);
  } else if (key_twice) {
    message = fmt::format("key {} is already defined", last);
  }
  return load_failure(containerd, file, message, where);
}

}  // namespace rf
