// Secrets are found by the names of their keys. One scanner for TOML, YAML and JSON: a file that does not parse hides nothing less.
#include "node/mask.h"

#include <algorithm>

#include "base/secret.h"
#include "base/text.h"

namespace rf {
namespace {

constexpr std::string_view mask_begin = "<secret ";

std::string mask(std::string_view value) {
  if (value.empty() || value.starts_with(mask_begin)) return std::string(value);
  return Secret(std::string(value)).masked();
}

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

bool names_a_secret(std::string_view name) {
  const auto low = lower(name);
  if (low == "auth" || low == "cookie" || low == "key_data" || low.ends_with("-key") || low.ends_with("apikey") || low.ends_with("-api"))
    return true;
  for (const auto part : {"password", "passwd", "token", "secret", "authorization", "credential"})
    if (low.find(part) != low.npos) return true;
  return false;
}

std::size_t spaces_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && (text[end] == ' ' || text[end] == '\t')) ++end;
  return end - at;
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::string run() {
    while (at_ < text_.size()) {
      if (starts("-----BEGIN ") && private_key()) continue;
      if (starts("://") && user_of_url()) continue;
      if (is_name_char(text_[at_])) {
        name();
        continue;
      }
      out_ += text_[at_++];
    }
    return std::move(out_);
  }

 private:
  bool starts(std::string_view with) const { return text_.substr(at_, with.size()) == with; }
  void keep(std::size_t count) {
    out_ += text_.substr(at_, count);
    at_ += std::min(count, text_.size() - at_);
  }

  bool private_key() {
    const auto line_end = text_.find('\n', at_);
    if (text_.substr(at_, line_end - at_).find("PRIVATE KEY") == text_.npos) return false;
    auto end = text_.find("-----END ", at_);
    end = end == text_.npos ? text_.size() : std::min(text_.find('\n', end), text_.size());
    out_ += mask(text_.substr(at_, end - at_));
    at_ = end;
    return true;
  }

  // http://user:password@host
  bool user_of_url() {
    const auto rest = text_.substr(at_ + 3);
    const auto end = rest.find_first_of("/ \t\r\n\"'@?#");
    if (end == rest.npos || rest[end] != '@') return false;
    const auto colon = rest.substr(0, end).find(':');
    if (colon == rest.npos) return false;
    keep(3 + colon + 1);
    out_ += mask(rest.substr(colon + 1, end - colon - 1));
    at_ += end - colon - 1;
    return true;
  }

  void name() {
    const auto begin = at_;
    while (at_ < text_.size() && is_name_char(text_[at_])) ++at_;
    const auto word = text_.substr(begin, at_ - begin);
    out_ += word;
    if (!names_a_secret(word)) return;
    const auto quote = at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'') ? std::size_t(1) : std::size_t(0);
    const auto sign = at_ + quote + spaces_at(text_, at_ + quote);
    if (sign >= text_.size() || (text_[sign] != '=' && text_[sign] != ':')) return;
    keep(sign + 1 - at_);
    // YAML wants a space behind the colon: "token:x" is no key.
    keep(spaces_at(text_, at_));
    value(indent_of(begin));
  }

  std::size_t indent_of(std::size_t at) const {
    const auto newline = text_.rfind('\n', at);
    const auto begin = newline == text_.npos ? 0 : newline + 1;
    return spaces_at(text_, begin);
  }

  void value(std::size_t indent) {
    if (at_ >= text_.size() || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '{') return;
    if (text_[at_] == '[') return list();
    if (text_[at_] == '"' || text_[at_] == '\'') return string();
    if (text_[at_] == '|' || text_[at_] == '>') return block(indent);
    const auto end = std::min(text_.find_first_of("\r\n,}", at_), text_.size());
    out_ += mask(trim(text_.substr(at_, end - at_)));
    at_ = end;
  }

  void string() {
    const std::string_view three = starts("\"\"\"") ? "\"\"\"" : starts("'''") ? "'''" : "";
    const std::string quote = three.empty() ? std::string(1, text_[at_]) : std::string(three);
    keep(quote.size());
    auto end = at_;
    while (end < text_.size() && text_.substr(end, quote.size()) != quote) end += text_[end] == '\\' && quote[0] == '"' ? 2 : 1;
    end = std::min(end, text_.size());
    out_ += mask(text_.substr(at_, end - at_));
    at_ = end;
    keep(quote.size());
  }

  void list() {
    keep(1);
    while (at_ < text_.size() && text_[at_] != ']') {
      if (text_[at_] == '"' || text_[at_] == '\'') string();
      else if (is_name_char(text_[at_])) value(0);
      else keep(1);
    }
  }

  // A YAML block: the lines that are indented more than their key.
  void block(std::size_t indent) {
    const auto first = std::min(text_.find('\n', at_), text_.size());
    auto end = first;
    while (end < text_.size()) {
      const auto begin = end + 1;
      const auto next = std::min(text_.find('\n', begin), text_.size());
      const auto line = text_.substr(std::min(begin, text_.size()), next - std::min(begin, next));
      if (!trim(line).empty() && spaces_at(line, 0) <= indent) break;
      if (begin >= text_.size()) break;
      end = next;
    }
    out_ += "\"" + mask(text_.substr(at_, end - at_)) + "\"";
    at_ = end;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::string mask_secrets(std::string_view content) { return Scanner(content).run(); }

std::vector<std::string> mask_arguments(const std::vector<std::string>& argv) {
  std::vector<std::string> masked;
  bool next_is_secret = false;
  for (const auto& arg : argv) {
    const auto equals = arg.find('=');
    const auto name = std::string_view(arg).substr(0, equals);
    const bool secret = arg.starts_with('-') && names_a_secret(name) && !name.ends_with("-file");
    if (next_is_secret && !arg.starts_with('-')) masked.push_back(mask(arg));
    else if (secret && equals != arg.npos) masked.push_back(arg.substr(0, equals + 1) + mask(std::string_view(arg).substr(equals + 1)));
    else masked.push_back(mask_secrets(arg));
    next_is_secret = secret && equals == arg.npos;
  }
  return masked;
}

}  // namespace rf
