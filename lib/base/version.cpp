#include "base/version.h"

#include <fmt/format.h>
#include <charconv>

#include "base/text.h"

namespace rf {
namespace {

// Takes digits from the front; at most six, so that nothing overflows.
bool take_number(std::string_view& text, int& number) {
  std::size_t length = 0;
  while (length < text.size() && is_digit(text[length])) ++length;
  if (length == 0 || length > 6) return false;
  std::from_chars(text.data(), text.data() + length, number);
  text.remove_prefix(length);
  return true;
}

bool take_version(std::string_view text, Version& version) {
  if (!take_number(text, version.major) || !text.starts_with('.')) return false;
  text.remove_prefix(1);
  if (!take_number(text, version.minor)) return false;
  if (text.starts_with('.') && text.size() > 1 && is_digit(text[1])) {
    text.remove_prefix(1);
    if (!take_number(text, version.patch)) return false;
  }
  for (const std::string_view mark : {"-alpha", "-beta", "-rc", "~alpha", "~beta", "~rc"}) {
    if (!text.starts_with(mark)) continue;
    const auto end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.", 1);
    version.pre = text.substr(1, end == text.npos ? text.npos : end - 1);
  }
  return true;
}

// "beta.10" after "beta.9": runs of digits count as numbers.
std::strong_ordering compare_pre(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    if (is_digit(a[0]) && is_digit(b[0])) {
      int x = 0;
      int y = 0;
      if (!take_number(a, x) || !take_number(b, y)) return a <=> b;
      if (x != y) return x <=> y;
      continue;
    }
    if (a[0] != b[0]) return a[0] <=> b[0];
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  return a.size() <=> b.size();
}

}  // namespace

std::strong_ordering Version::operator<=>(const Version& other) const {
  if (const auto order = major <=> other.major; order != 0) return order;
  if (const auto order = minor <=> other.minor; order != 0) return order;
  if (const auto order = patch <=> other.patch; order != 0) return order;
  if (pre.empty() != other.pre.empty()) return pre.empty() ? std::strong_ordering::greater : std::strong_ordering::less;
  return compare_pre(pre, other.pre);
}

Result<Version> parse_version(std::string_view text) {
  if (text == "main") return Version{.major = 2, .minor = 4};
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts_word =
        i == 0 || text[i - 1] == ' ' || text[i - 1] == 'v' || text[i - 1] == '/' || text[i - 1] == '\t';
    Version version;
    if (starts_word && is_digit(text[i]) && take_version(text.substr(i), version)) return version;
  }
  return Error{.kind = ErrorKind::parse,
               .message = fmt::format("no version number in \"{}\"", text),
               .hint = "a version looks like 1.7.24 or 2.4.0-beta.0"};
}

std::string to_string(const Version& version) {
  return fmt::format("{}.{}.{}{}{}", version.major, version.minor, version.patch, version.pre.empty() ? "" : "-",
                     version.pre);
}

}  // namespace rf
