#include "containerd/chain/rewrite.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include <re2/re2.h>

namespace rf {
namespace {

bool is_group_name_character(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// What a match of `pattern` has under a name or a number; nothing for one that it does not know.
std::string_view group_of(const re2::RE2& pattern, const std::vector<re2::StringPiece>& groups, std::string_view name) {
  std::size_t number = groups.size();
  const auto [end, failed] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (failed != std::errc{} || end != name.data() + name.size()) {
    const auto& named = pattern.NamedCapturingGroups();
    const auto found = named.find(std::string(name));
    number = found == named.end() ? groups.size() : static_cast<std::size_t>(found->second);
  }
  return number < groups.size() ? std::string_view(groups[number].data(), groups[number].size()) : std::string_view();
}

// Go's template: $1, ${1}, $name, ${name} and $$; another dollar is a dollar.
std::string expanded(const re2::RE2& pattern, const std::vector<re2::StringPiece>& groups, std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto dollar = text.find('$');
    out += text.substr(0, dollar);
    if (dollar == text.npos) break;
    text.remove_prefix(dollar + 1);
    if (text.starts_with('$')) {
      out += '$';
      text.remove_prefix(1);
      continue;
    }
    const bool braces = text.starts_with('{');
    const auto name = text.substr(braces ? 1 : 0);
    const auto length =
        static_cast<std::size_t>(std::find_if_not(name.begin(), name.end(), is_group_name_character) - name.begin());
    if (length == 0 || (braces && name.substr(length, 1) != "}")) {
      out += '$';
      continue;
    }
    out += group_of(pattern, groups, name.substr(0, length));
    text.remove_prefix(length + (braces ? 2 : 0));
  }
  return out;
}

// Go's ReplaceAllString. An empty match directly behind another match is none.
std::string replaced(const re2::RE2& pattern, std::string_view text, std::string_view replacement) {
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(pattern.NumberOfCapturingGroups()) + 1);
  std::string out;
  std::size_t copied = 0;
  std::size_t at = 0;
  while (at <= text.size() && pattern.Match({text.data(), text.size()}, at, text.size(), re2::RE2::UNANCHORED,
                                            groups.data(), static_cast<int>(groups.size()))) {
    const auto begin = static_cast<std::size_t>(groups[0].data() - text.data());
    const auto end = begin + groups[0].size();
    out += text.substr(copied, begin - copied);
    if (end > copied || begin == 0) out += expanded(pattern, groups, replacement);
    copied = end;
    at = end > at ? end : at + 1;
  }
  return out.append(text.substr(copied));
}

bool is_plain_path(std::string_view path) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789._-/";
  return !path.empty() && path.front() != '/' && path.back() != '/' && path.find("//") == path.npos &&
         path.find("..") == path.npos && path.find_first_not_of(allowed) == path.npos;
}

}  // namespace

std::string rewritten(const Rewrites& rewrites, std::string_view repository) {
  for (const auto& [written, replacement] : rewrites) {
    const re2::RE2 pattern(written, re2::RE2::Quiet);
    if (!pattern.ok()) continue;
    if (auto out = replaced(pattern, repository, replacement); out != repository) return out;
  }
  return std::string(repository);
}

std::optional<std::string> rewrite_prefix(const Rewrites& rewrites) {
  constexpr std::array<std::string_view, 8> everything{"(.*)", "^(.*)", "(.*)$", "^(.*)$",
                                                       "(.+)", "^(.+)", "(.+)$", "^(.+)$"};
  if (rewrites.size() != 1) return std::nullopt;
  const auto& [pattern, replacement] = *rewrites.begin();
  if (std::find(everything.begin(), everything.end(), pattern) == everything.end()) return std::nullopt;
  for (const std::string_view end : {"/$1", "/${1}"}) {
    if (!replacement.ends_with(end)) continue;
    auto prefix = replacement.substr(0, replacement.size() - end.size());
    if (is_plain_path(prefix)) return prefix;
  }
  return std::nullopt;
}

}  // namespace rf
