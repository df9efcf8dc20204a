#include "containerd/toml/toml_guard.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"

namespace rf {
namespace {

constexpr std::string_view blanks = " \t\n\v\f\r";

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

constexpr std::string_view foreign_character = "a non-ASCII character outside strings and comments";
constexpr std::string_view foreign_behind_join = "a non-ASCII character after a backslash that joins two lines";
constexpr std::string_view too_deep = "nested deeper than 128 levels";
constexpr std::string_view too_long = "a key longer than 1,024 bytes";
constexpr std::string_view too_many = "more than 50,000 values";
constexpr std::size_t deepest = 128;
constexpr std::size_t longest_key = 1024;
constexpr std::size_t most_values = 50'000;
constexpr std::size_t largest = 1u << 20;

// What toml++ cannot take, and where.
struct Fault {
  std::size_t at = 0;
  std::string_view what = foreign_character;
  bool is_our_limit = false;  // the text may be in order
};

// One past the end of the string that starts at `at`. A string of one line that is not closed ends with its line.
// `fault` becomes the place where its reader would meet what it cannot take: a character that is not ASCII behind a
// backslash and what blanks that takes.
std::size_t past_string(std::string_view text, std::size_t at, std::optional<Fault>& fault) {
  const char quote = text[at];
  const std::string triple(3, quote);
  const bool many_lines = text.substr(at).starts_with(triple);
  at += many_lines ? 3 : 1;
  while (at < text.size()) {
    const char c = text[at];
    if (quote == '"' && c == '\\') {
      const auto next = std::min(text.find_first_not_of(blanks, at + 1), text.size());
      const bool joins = many_lines && text.substr(at, next - at).find('\n') != text.npos;
      if (next < text.size() && !is_ascii(text[next]))
        fault = Fault{next, joins ? foreign_behind_join : foreign_character, joins};
      at = std::max(next, at + 2);
    } else if (many_lines && text.substr(at).starts_with(triple)) {
      at += 3;
      for (int more = 0; more < 2 && at < text.size() && text[at] == quote; ++more)
        ++at;  // """"x""""" ends with two quotes of its own
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
  return {std::string(file), static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
          static_cast<int>(column) + 1};
}

// How far toml++ reads on from here: it knows where a value is expected, and takes all up to the next blank or bracket
// for a bare one, quotes included.
class TextGuard {
 public:
  explicit TextGuard(std::string_view text) : text_(text) {}

  std::optional<Fault> first_fault() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"' || c == '\'') {
        std::optional<Fault> fault;
        at_ = past_string(text_, at_, fault);
        if (fault) return fault;
        value_next_ = false;
      } else if (c == '#') {
        at_ = past_comment(text_, at_);
        entry_ = at_;
      } else if (!is_ascii(c)) {
        return Fault{at_};
      } else if (value_next_ && !ends_value(c) && c != '[' && c != '{') {
        if (const auto foreign = past_bare_value()) return Fault{*foreign};
      } else {
        if (in_key_ && (c == '=' || c == '\n') && at_ - entry_ > longest_key) return Fault{at_, too_long, true};
        take(c);
        if (depth_ + parts_ > deepest) return Fault{at_, too_deep, true};
        if (values_ > most_values) return Fault{at_, too_many, true};
      }
    }
    return std::nullopt;
  }

 private:
  static bool ends_value(char c) {
    return blanks.find(c) != blanks.npos || std::string_view("]},#").find(c) != std::string_view::npos;
  }

  struct Open {
    char bracket;
    std::size_t depth;  // outside of it
  };

  void take(char c) {
    if (c == '.') ++parts_;
    if (c == '=' || c == ',' || c == '[') ++values_;
    if (c == '=') {
      value_next_ = true;
      in_key_ = false;
    }
    if (c == ',') end_entry(!open_.empty() && open_.back().bracket == '[');
    if (c == '\n' && open_.empty()) end_entry(false);
    if ((c == '[' || c == '{') && value_next_) {
      open_.push_back({c, depth_});
      depth_ += parts_ + 1;
      end_entry(c == '[');
    }
    if ((c == ']' || c == '}') && !open_.empty()) {
      depth_ = open_.back().depth;
      open_.pop_back();
      end_entry(false);
    }
    ++at_;
  }
  void end_entry(bool value_next) {
    parts_ = 0;
    value_next_ = value_next;
    in_key_ = !value_next;
    entry_ = at_;
  }

  // A date and its time may have one blank between them.
  std::optional<std::size_t> past_bare_value() {
    value_next_ = false;
    for (int words = 0; words < 2; ++words) {
      for (; at_ < text_.size() && !ends_value(text_[at_]); ++at_)
        if (!is_ascii(text_[at_])) return at_;
      if (at_ + 1 >= text_.size() || text_[at_] != ' ' || !is_digit(text_[at_ + 1])) break;
      ++at_;
    }
    return std::nullopt;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t entry_ = 0;  // where the entry begins that is read
  bool in_key_ = true;
  bool value_next_ = false;
  std::vector<Open> open_;  // brackets of values
  std::size_t depth_ = 0;   // that they add up to, with the keys before them
  std::size_t parts_ = 0;   // dots of the key that is read
  std::size_t values_ = 0;  // at most so many, tables included
};

}  // namespace

Result<void> check_toml_characters(std::string_view text, std::string_view file) {
  if (text.size() > largest) return unread_error("larger than 1 MiB", Location{std::string(file), 0, 0});
  text = without_byte_order_mark(text);
  const auto fault = TextGuard(text).first_fault();
  if (!fault) return {};
  auto where = location_of(text, fault->at, file);
  if (fault->is_our_limit) return unread_error(fault->what, std::move(where));
  return Error{.kind = ErrorKind::parse,
               .message = std::string(fault->what),
               .hint = "write keys with other letters in quotes",
               .where = std::move(where)};
}

}  // namespace rf
