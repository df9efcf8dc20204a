#include "report/text_style.h"

#include <array>

#include "base/text.h"

namespace rf {
namespace {

std::string_view code_of(Emphasis tint) {
  switch (tint) {
    case Emphasis::none: return "";
    case Emphasis::good: return "32";
    case Emphasis::bad: return "31";
    case Emphasis::warn: return "33";
    case Emphasis::dim: return "2";
    case Emphasis::strong: return "1";
    case Emphasis::accent: return "36";
  }
  return "";
}

// Code points that terminals draw in two columns: Hangul, CJK, full-width forms, emoji.
bool is_wide(unsigned point) {
  constexpr std::array<std::pair<unsigned, unsigned>, 7> ranges{{{0x1100, 0x115f},
                                                                 {0x2e80, 0xa4cf},
                                                                 {0xac00, 0xd7a3},
                                                                 {0xf900, 0xfaff},
                                                                 {0xfe30, 0xfe6f},
                                                                 {0xff00, 0xff60},
                                                                 {0x1f300, 0x1faff}}};
  for (const auto& [from, to] : ranges) {
    if (point >= from && point <= to) return true;
  }
  return false;
}

}  // namespace

std::string TextStyle::paint(Emphasis tint, std::string_view text) const {
  const auto code = code_of(tint);
  if (color == Color::no || code.empty() || text.empty()) return std::string(text);
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

int display_width(std::string_view text) {
  int columns = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == 0x1b) {
      while (i < text.size() && text[i] != 'm') ++i;
      continue;
    }
    if ((byte & 0xc0) == 0x80) continue;
    unsigned point = byte;
    if (byte >= 0xe0 && i + 2 < text.size()) {
      const auto next = [&](std::size_t n) { return static_cast<unsigned char>(text[i + n]) & 0x3fU; };
      point = byte < 0xf0 ? ((byte & 0x0fU) << 12) | (next(1) << 6) | next(2)
                          : ((byte & 0x07U) << 18) | (next(1) << 12) | (next(2) << 6);
    }
    columns += is_wide(point) ? 2 : 1;
  }
  return columns;
}

std::string wrap(std::string_view text, int width, int indent) {
  std::string out;
  const std::string margin(static_cast<std::size_t>(indent), ' ');
  int column = indent;
  bool first = true;
  for (const auto word : split(text, ' ')) {
    if (word.empty()) continue;
    const int columns = display_width(word);
    if (!first && width > 0 && column + 1 + columns > width) {
      out += '\n' + margin;
      column = indent;
    } else if (!first) {
      out += ' ';
      ++column;
    }
    out += word;
    column += columns;
    first = false;
  }
  return out;
}

}  // namespace rf
