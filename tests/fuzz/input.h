// Inputs with a structure, as text a person can write as a seed.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/file_tree.h"
#include "base/text.h"

namespace rf::fuzz {

// What must hold, whatever the input.
inline void require(bool holds, int line = __builtin_LINE()) {
  if (holds) return;
  std::fprintf(stderr, "line %d of the target: does not hold\n", line);
  std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// The first line and what is below it.
inline std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  const auto line = text.substr(0, end);
  text = end == text.npos ? std::string_view() : text.substr(end + 1);
  return line;
}

// "=== /path" begins a file that holds the lines below it, "--> /path target" is a link and "/// /path" a directory;
// the lines before the first of these are the head.
struct TreeInput {
  std::string head;
  FileTree tree;
};
inline TreeInput tree_input(std::string_view text) {
  TreeInput input;
  std::string path, content;
  const auto close = [&] {
    if (!path.empty()) input.tree.put_file(path, content);
    path.clear();
    content.clear();
  };
  while (!text.empty()) {
    const auto line = take_line(text);
    const auto mark = line.substr(0, 4);
    if (mark != "=== " && mark != "--> " && mark != "/// ") {
      (path.empty() ? input.head : content).append(line).append("\n");
      continue;
    }
    close();
    const auto rest = line.substr(4);
    const auto space = rest.find(' ');
    if (mark == "=== ") path = normal_path(rest);
    if (mark == "/// " && normal_path(rest) != "/") input.tree.put_directory(rest);
    if (mark == "--> " && space != rest.npos && normal_path(rest.substr(0, space)) != "/")
      input.tree.put_symlink(rest.substr(0, space), std::string(rest.substr(space + 1)));
    if (path == "/") path.clear();
  }
  close();
  return input;
}

// What may be written to a terminal: no control character but the ends of lines, and what our own colours are made of.
inline bool is_safe_for_terminal(std::string_view text) { return terminal_safe(text, Lines::keep) == text; }

}  // namespace rf::fuzz
