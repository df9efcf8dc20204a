// Small helpers for text: splitting, the escapers for the languages we write into, checksums.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace rf {

std::vector<std::string_view> split(std::string_view text, char separator);
std::vector<std::string_view> lines(
    std::string_view text);  // without the ends, "a\n" is one line; \r\n counts as an end
std::string_view trim(std::string_view text);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string lower(std::string_view ascii);
std::string replace_all(std::string_view text, std::string_view from, std::string_view to);
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
std::string_view without_byte_order_mark(std::string_view text);
std::string valid_utf8(std::string_view text);                  // each byte that is no UTF-8 becomes U+FFFD, as in Go
std::string counted(std::size_t count, std::string_view noun);  // "3 nodes", "1 node"

// One word of a POSIX shell: 'it'\''s'. Words of harmless characters stay as they are.
std::string shell_quote(std::string_view word);
// The inside of a TOML basic string with its quotes: any byte sequence survives as valid TOML (invalid UTF-8 becomes
// U+FFFD).
std::string toml_quote(std::string_view text);
// A YAML double-quoted scalar with its quotes.
std::string yaml_quote(std::string_view text);
// A JSON document of valid UTF-8, in whose strings the characters that terminal_safe() escapes are written as \u....
std::string json_safe(std::string_view document);
// For a terminal: control characters, escapes, bidirectional overrides and invalid UTF-8 become \x.. or \u....
// Newline and tab are escaped too unless `keep_lines`.
enum class Lines { escape, keep };
std::string terminal_safe(std::string_view text, Lines newlines = Lines::escape);

std::string base64_encode(std::string_view bytes);
// Nothing when the text is not base64 (whitespace is not allowed).
bool base64_decode(std::string_view text, std::string& out);
std::string sha256_hex(std::string_view bytes);

// The nearest of `candidates` by edit distance, or "" when none is near: for "did you mean".
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace rf
