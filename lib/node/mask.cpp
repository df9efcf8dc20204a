// Secrets are found by the names of their keys. One scanner for TOML, YAML and JSON: a file that does not parse hides
// nothing less.
#include "node/mask.h"

#include <algorithm>

#include "base/names.h"
#include "base/secret.h"
#include "base/text.h"

namespace rf {
namespace {

constexpr std::string_view mask_begin = "<secret ";

std::string mask(std::string_view value) {
  if (value.empty() || value.starts_with(mask_begin) || value == public_bearer) return std::string(value);
  return Secret(std::string(value)).masked();
}

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

std::size_t spaces_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && (text[end] == ' ' || text[end] == '\t')) ++end;
  return end - at;
}

// Where a key stands, as far as it decides what its value is.
struct MaskedKey {
  std::size_t column = 0;  // of its entry on the line, behind the dashes of a list
  bool yaml = false;       // followed by ':'; a value may then go on in deeper lines
  bool flow = false;       // a '{' or '[' is open before it on its line: commas and brackets end its value
};

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
  void mask_to(std::size_t end) {
    out_ += mask(text_.substr(at_, end - at_));
    at_ = end;
  }
  std::size_t line_end(std::size_t at) const { return std::min(text_.find('\n', at), text_.size()); }

  bool private_key() {
    constexpr std::size_t longest_label = 80;
    const auto line = text_.substr(at_, longest_label);
    if (line.substr(0, line.find('\n')).find("PRIVATE KEY") == line.npos) return false;
    const auto end = text_.find("-----END ", at_);
    mask_to(end == text_.npos ? text_.size() : line_end(end));
    return true;
  }

  // http://user:password@host
  bool user_of_url() {
    const auto secret = secret_in_url(text_.substr(at_));
    if (!secret) return false;
    keep(secret->begin);
    mask_to(at_ + secret->size);
    return true;
  }

  // Of a key that begins here. It goes by what was written of its line, so that masking again finds the same; keys come
  // in order, so every byte is looked at once for it.
  MaskedKey key_here() {
    for (; looked_ < out_.size(); ++looked_) {
      const char c = out_[looked_];
      if (c == '\n')
        line_begin_ = looked_ + 1, open_ = 0;
      else if (c == '{' || c == '[')
        ++open_;
      else if ((c == '}' || c == ']') && open_ > 0)
        --open_;
    }
    if (column_of_ != line_begin_) {
      column_of_ = line_begin_;
      column_ = spaces_at(out_, line_begin_);
      while (std::string_view(out_).substr(line_begin_ + column_).starts_with("- "))
        column_ += 2 + spaces_at(out_, line_begin_ + column_ + 2);
    }
    return {.column = std::min(column_, out_.size() - line_begin_), .flow = open_ > 0};
  }

  void name() {
    const auto begin = at_;
    while (at_ < text_.size() && is_name_char(text_[at_])) ++at_;
    const auto word = text_.substr(begin, at_ - begin);
    const bool secret = is_secret_name(word);
    auto key = secret ? key_here() : MaskedKey{};
    out_ += word;
    if (!secret) return;
    const auto quote =
        at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'') ? std::size_t(1) : std::size_t(0);
    const auto sign = at_ + quote + spaces_at(text_, at_ + quote);
    if (sign >= text_.size() || (text_[sign] != '=' && text_[sign] != ':')) return;
    if (quote == 0 && is_port(at_)) return;
    key.yaml = text_[sign] == ':';
    keep(sign + 1 - at_);
    keep(spaces_at(text_, at_));
    value(key);
  }

  // ":5000" of a host: YAML wants a blank behind the colon of a key.
  bool is_port(std::size_t at) const {
    if (text_[at] != ':') return false;
    const auto end = std::min(text_.find_first_not_of("0123456789", at + 1), text_.size());
    return end > at + 1 && end <= at + 6 && (end == text_.size() || !is_name_char(text_[end]));
  }

  void value(const MaskedKey& key) {
    if (at_ >= text_.size() || text_[at_] == '{') return;
    if (starts(mask_begin)) return keep_mask();
    const auto first = std::min(text_.find_first_not_of(" \t\r", at_), text_.size());
    if (first == text_.size() || text_[first] == '\n' || (key.yaml && text_[at_] == '#')) return below(key);
    if (text_[at_] == '[') return list(key);
    if (text_[at_] == '"' || text_[at_] == '\'') return string();
    if (text_[at_] == '|' || text_[at_] == '>') return block(key);
    plain(key);
    if (key.yaml && !key.flow) continued(key);
  }

  // To the end of the line, where nothing ends it before.
  void plain(const MaskedKey& key) {
    auto end = std::min(text_.find_first_of(key.flow ? "\n,}" : "\n", at_), text_.size());
    if (end > at_ && text_[end - 1] == '\r') --end;
    auto value = trim(text_.substr(at_, end - at_));
    const bool comma = value.ends_with(',');
    if (comma) value.remove_suffix(1);
    const bool truth = value == "true" || value == "false";
    out_ += truth ? std::string(value) : mask(value);
    if (comma) out_ += ',';
    at_ = end;
  }

  void string() {
    const std::string_view three = starts("\"\"\"") ? "\"\"\"" : starts("'''") ? "'''" : "";
    const std::string quote = three.empty() ? std::string(1, text_[at_]) : std::string(three);
    keep(quote.size());
    auto end = at_;
    const auto skips = [&] {  // \" of basic strings, '' of YAML's
      if (quote[0] == '"') return text_[end] == '\\';
      return quote.size() == 1 && text_.substr(end, 2) == "''";
    };
    while (end < text_.size() && (skips() || text_.substr(end, quote.size()) != quote)) end += skips() ? 2 : 1;
    mask_to(std::min(end, text_.size()));
    keep(quote.size());
  }

  void keep_mask() { keep(std::min(text_.find('>', at_), text_.size() - 1) + 1 - at_); }

  void list(const MaskedKey& key) {
    keep(1);
    while (at_ < text_.size() && text_[at_] != ']') {
      if (starts(mask_begin))
        keep_mask();
      else if (text_[at_] == '"' || text_[at_] == '\'')
        string();
      else if (is_name_char(text_[at_]))
        plain({.column = key.column, .flow = true});
      else
        keep(1);
    }
  }

  // A line that is indented more than the key, and not empty.
  bool is_deeper(std::size_t begin, const MaskedKey& key) const {
    const auto at = begin + spaces_at(text_, begin);
    return at > begin + key.column && at < text_.size() && text_[at] != '\n' && text_[at] != '\r';
  }

  // The value of a YAML key on the lines below it: one scalar, or a list of them. Other keys are read as such.
  void below(const MaskedKey& key) {
    keep_line();
    while (key.yaml && at_ < text_.size()) {
      const auto indent = spaces_at(text_, at_);
      const auto line = text_.substr(at_ + indent, line_end(at_) - at_ - indent);
      if (trim(line).empty() || line[0] == '#') {
        keep_line();
        continue;
      }
      const bool item = line.starts_with("- ") && indent >= key.column;
      if ((!item && indent < key.column) || is_entry(item ? line.substr(2) : line)) return;
      keep(indent + (item ? 2 : 0));
      keep(spaces_at(text_, at_));
      value({.column = item ? indent : key.column, .yaml = true});
      // What stands behind it on its line, and lines it has taken already, are not this list's.
      if (!item || !trim(text_.substr(at_, line_end(at_) - at_)).empty()) return;
      if (text_[at_ - 1] != '\n') keep_line();
    }
  }
  void keep_line() { keep(std::min(line_end(at_) + 1, text_.size()) - at_); }

  // `name:`, `name: x`, `"name": x`; or something is masked in it already.
  static bool is_entry(std::string_view line) {
    line = trim(line);
    if (line.find(mask_begin) != line.npos) return true;
    line = trim(line.substr(0, line.find(" #")));
    if (line.empty() || (line[0] != '"' && line[0] != '\'')) return line.ends_with(':') || line.find(": ") != line.npos;
    const auto end = line.find(line[0], 1);
    return end != line.npos && trim(line.substr(end + 1)).starts_with(':');
  }

  // A plain scalar goes on in deeper lines.
  void continued(const MaskedKey& key) {
    auto end = at_;
    while (end < text_.size() && is_deeper(end + 1, key)) end = line_end(end + 1);
    if (end == at_) return;
    keep(1);
    keep(spaces_at(text_, at_));
    mask_to(end);
  }

  // A YAML block: the lines that are indented more than their key.
  void block(const MaskedKey& key) {
    auto end = line_end(at_);
    for (auto next = end; next < text_.size();) {
      const auto begin = next + 1;
      next = line_end(std::min(begin, text_.size()));
      if (is_deeper(begin, key))
        end = next;
      else if (begin < text_.size() && !trim(text_.substr(begin, next - begin)).empty())
        break;
    }
    out_ += '"';
    mask_to(end);
    out_ += '"';
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
  std::size_t looked_ = 0;  // of what was written, for keys
  std::size_t line_begin_ = 0;
  std::size_t open_ = 0;    // brackets on it
  std::size_t column_ = 0;  // of its entry, once it was asked for
  std::size_t column_of_ = std::string_view::npos;
};

}  // namespace

std::string mask_secrets(std::string_view content) { return Scanner(content).run(); }

std::vector<std::string> mask_arguments(const std::vector<std::string>& argv) {
  std::vector<std::string> masked;
  bool next_is_secret = false;
  for (const auto& arg : argv) {
    const auto equals = arg.find('=');
    const auto name = std::string_view(arg).substr(0, equals);
    const bool flag = name.starts_with('-') && std::all_of(name.begin(), name.end(), is_name_char);
    const bool secret = flag && is_secret_name(name);
    if (next_is_secret && !arg.starts_with('-'))
      masked.push_back(mask(arg));
    else if (secret && equals != arg.npos)
      masked.push_back(arg.substr(0, equals + 1) + mask(std::string_view(arg).substr(equals + 1)));
    else
      masked.push_back(mask_secrets(arg));
    next_is_secret = secret && equals == arg.npos;
  }
  return masked;
}

}  // namespace rf
