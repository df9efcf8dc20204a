#include "apply/script_text.h"

#include "base/embedded.h"
#include "base/text.h"

namespace rf {
namespace {

constexpr std::string_view word_characters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:@+,%=-~ ";

Error not_allowed(std::string_view value) {
  return {
      .kind = ErrorKind::refused,
      .message = "\"" + terminal_safe(value.substr(0, 200)) + "\" contains characters that are not allowed in a script",
      .hint = "letters, digits and _./:@+,%=-~ are allowed"};
}

std::string assignment(std::string_view name, std::string_view value) {
  return std::string(name) + "='" + std::string(value) + "'\n";
}

}  // namespace

Result<std::string> script_word(std::string_view name, std::string_view value) {
  if (value.find_first_not_of(word_characters) != value.npos) return not_allowed(value);
  return assignment(name, value);
}

Result<std::string> script_list(std::string_view name, const std::vector<std::string>& words) {
  std::string all;
  for (const auto& word : words) {
    for (const char c : word)
      if (word_characters.find(c) == word_characters.npos && std::string_view("*?[]").find(c) == std::string_view::npos)
        return not_allowed(word);
    all += all.empty() ? word : "\n" + word;
  }
  return assignment(name, all);
}

std::string script_bytes(std::string_view name, std::string_view bytes) {
  std::string escaped;
  escaped.reserve(bytes.size() + bytes.size() / 4);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '\'' && c != '\\') {
      escaped += c;
    } else {
      escaped += "\\0";
      for (const int shift : {6, 3, 0}) escaped += static_cast<char>('0' + ((byte >> shift) & 7));
    }
  }
  return assignment(name, escaped);
}

std::string script_template(std::string_view path) {
  std::string text;
  for (auto line : lines(embedded::template_file(path))) {
    const auto begin = line.find_first_not_of(' ');
    if (begin == line.npos || line[begin] == '#') continue;
    text.append(line.substr(begin)).append("\n");
  }
  return text;
}

}  // namespace rf
