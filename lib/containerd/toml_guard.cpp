#include "containerd/toml_guard.h"

#include <algorithm>
#include <string>

namespace rf {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

// One past the end of the string that starts at `at`. A string of one line that is not closed ends with its line.
std::size_t past_string(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const std::string triple(3, quote);
  const bool many_lines = text.substr(at).starts_with(triple);
  at += many_lines ? 3 : 1;
  while (at < text.size()) {
    const char c = text[at];
    if (quote == '"' && c == '\\') {
      at += 2;
    } else if (many_lines && text.substr(at).starts_with(triple)) {
      at += 3;
      for (int more = 0; more < 2 && at < text.size() && text[at] == quote; ++more) ++at;  // """"x""""" ends with two quotes of its own
      return at;
    } else if (!many_lines && (c == quote || c == '\n')) {
      return c == '\n' ? at : at + 1;
    } else {
      ++at;
    }
  }
  return text.size();
}

std::size_t past_comment(std::string_view text, std::size_t at) {
  const auto end = text.find('\n', at);
  return end == text.npos ? text.size() : end;
}

Location location_of(std::string_view text, std::size_t at, std::string_view file) {
  const auto before = text.substr(0, at);
  const auto line_start = before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1;
  const auto column = std::count_if(before.begin() + static_cast<std::ptrdiff_t>(line_start), before.end(),
                                    [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  return {std::string(file), static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1, static_cast<int>(column) + 1};
}

}  // namespace

Result<void> check_toml_characters(std::string_view text, std::string_view file) {
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"' || c == '\'') {
      at = past_string(text, at);
    } else if (c == '#') {
      at = past_comment(text, at);
    } else if (static_cast<unsigned char>(c) < 0x80) {
      ++at;
    } else {
      return Error{.kind = ErrorKind::parse,
                   .message = "a character that is not ASCII stands outside of strings and comments",
                   .hint = "keys of other letters are written in quotes",
                   .where = location_of(text, at, file)};
    }
  }
  return {};
}

}  // namespace rf
