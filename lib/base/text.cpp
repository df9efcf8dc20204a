#include "base/text.h"

#include <openssl/evp.h>

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace rf {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0;;) {
    const auto end = text.find(separator, begin);
    parts.push_back(text.substr(begin, end == text.npos ? text.npos : end - begin));
    if (end == text.npos) return parts;
    begin = end + 1;
  }
}

std::vector<std::string_view> lines(std::string_view text) {
  if (text.empty()) return {};
  auto parts = split(text, '\n');
  if (parts.back().empty()) parts.pop_back();
  for (auto& part : parts)
    if (part.ends_with('\r')) part.remove_suffix(1);
  return parts;
}

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

std::string lower(std::string_view ascii) {
  std::string out(ascii);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  for (;;) {
    const auto at = text.find(from);
    if (from.empty() || at == text.npos) return out.append(text);
    out.append(text.substr(0, at)).append(to);
    text.remove_prefix(at + from.size());
  }
}

std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  return text.starts_with(mark) ? text.substr(mark.size()) : text;
}

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string shell_quote(std::string_view word) {
  constexpr std::string_view harmless = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@%+=,-";
  if (!word.empty() && word.find_first_not_of(harmless) == word.npos) return std::string(word);
  return "'" + replace_all(word, "'", "'\\''") + "'";
}

namespace {

struct CodePoint {
  char32_t value;
  std::size_t length;  // bytes
  bool valid;
};

CodePoint decode_utf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const std::size_t length = first >= 0xF0 && first < 0xF5 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
  if (length == 0 || first >= 0xF5 || text.size() < length) return {first, 1, false};
  char32_t value = first & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {first, 1, false};
    value = (value << 6) | (byte(i) & 0x3Fu);
  }
  constexpr std::array<char32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
  if (value < least[length] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) return {first, 1, false};
  return {value, length, true};
}

constexpr std::string_view replacement_character = "\xEF\xBF\xBD";
// Control characters, what turns the direction of writing, and what cannot be seen.
bool is_deceptive(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || c == 0x061C || (c >= 0xFFF9 && c <= 0xFFFB);
}

// TOML basic strings, YAML double-quoted scalars and JSON strings share this escape.
std::string code_point_escape(char32_t c) { return fmt::format("\\u{:04X}", static_cast<std::uint32_t>(c)); }

// TOML basic strings and YAML double-quoted scalars share these escapes.
std::string double_quote(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const auto point = decode_utf8(text);
    if (!point.valid)
      out += replacement_character;
    else if (point.value == '"')
      out += "\\\"";
    else if (point.value == '\\')
      out += "\\\\";
    else if (point.value == '\n')
      out += "\\n";
    else if (point.value == '\t')
      out += "\\t";
    else if (is_deceptive(point.value))
      out += code_point_escape(point.value);
    else
      out.append(text.substr(0, point.length));
    text.remove_prefix(point.length);
  }
  return out + "\"";
}

}  // namespace

std::string valid_utf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto point = decode_utf8(text);
    out += point.valid ? text.substr(0, point.length) : replacement_character;
    text.remove_prefix(point.length);
  }
  return out;
}

std::string toml_quote(std::string_view text) { return double_quote(text); }
std::string yaml_quote(std::string_view text) { return double_quote(text); }

std::string json_safe(std::string_view document) {
  std::string out;
  while (!document.empty()) {
    const auto point = decode_utf8(document);
    if (point.value >= 0x7F && is_deceptive(point.value))  // below, it is the document's own line break
      out += code_point_escape(point.value);
    else
      out.append(document.substr(0, point.length));
    document.remove_prefix(point.length);
  }
  return out;
}

std::string terminal_safe(std::string_view text, Lines newlines) {
  std::string out;
  while (!text.empty()) {
    const auto point = decode_utf8(text);
    const bool kept_line = newlines == Lines::keep && (point.value == '\n' || point.value == '\t');
    if (!point.valid)
      out += fmt::format("\\x{:02x}", static_cast<std::uint32_t>(point.value));
    else if (is_deceptive(point.value) && !kept_line)
      out += point.value < 0x100 ? fmt::format("\\x{:02x}", static_cast<std::uint32_t>(point.value))
                                 : fmt::format("\\u{:04x}", static_cast<std::uint32_t>(point.value));
    else
      out.append(text.substr(0, point.length));
    text.remove_prefix(point.length);
  }
  return out;
}

namespace {
constexpr std::string_view base64_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
}

std::string base64_encode(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto at = [&](std::size_t j) { return j < bytes.size() ? static_cast<unsigned char>(bytes[j]) : 0u; };
    const std::uint32_t group = (at(i) << 16) | (at(i + 1) << 8) | at(i + 2);
    out += base64_alphabet[group >> 18];
    out += base64_alphabet[(group >> 12) & 63];
    out += i + 1 < bytes.size() ? base64_alphabet[(group >> 6) & 63] : '=';
    out += i + 2 < bytes.size() ? base64_alphabet[group & 63] : '=';
  }
  return out;
}

bool base64_decode(std::string_view text, std::string& out) {
  out.clear();
  out.reserve(text.size() / 4 * 3);  // no copy of a secret is left behind on the way
  if (text.size() % 4 != 0) return false;
  std::size_t padding = 0;
  while (padding < 2 && text.size() > padding && text[text.size() - 1 - padding] == '=') ++padding;
  std::uint32_t group = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool pad = i + padding >= text.size();
    const auto value = pad ? 0 : base64_alphabet.find(text[i]);
    if (value == base64_alphabet.npos) return false;
    group = (group << 6) | static_cast<std::uint32_t>(value);
    if (i % 4 != 3) continue;
    const std::size_t bytes = i + 1 == text.size() ? 3 - padding : 3;
    for (std::size_t b = 0; b < bytes; ++b) out += static_cast<char>((group >> (16 - 8 * b)) & 0xFF);
    group = 0;
  }
  return true;
}

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const auto candidate : candidates) {
    std::vector<std::size_t> row(candidate.size() + 1);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= word.size(); ++i) {
      std::size_t diagonal = std::exchange(row[0], i);
      for (std::size_t j = 1; j <= candidate.size(); ++j) {
        const auto substituted = diagonal + (word[i - 1] == candidate[j - 1] ? 0 : 1);
        diagonal = row[j];
        row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return best;
}

}  // namespace rf
