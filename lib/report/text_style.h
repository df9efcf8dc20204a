// How text looks on a terminal: its width and whether it has colours. The only place that knows escape sequences.
#pragma once
#include <string>
#include <string_view>

namespace rf {

enum class Emphasis { none, good, bad, warn, dim, strong, accent };

struct TextStyle {
  int width = 80;  // columns; 0: no limit
  enum class Color { no, yes } color = Color::no;

  // `text` must be safe for a terminal already.
  std::string paint(Emphasis tint, std::string_view text) const;
};

// Columns a text takes on a terminal; counts UTF-8 code points, wide East Asian ones as two, and skips paint().
int display_width(std::string_view text);
// Words broken into lines of at most `width` columns, each after the first begins with `indent` blanks.
std::string wrap(std::string_view text, int width, int indent);

}  // namespace rf
