#include "base/file_tree.h"

#include <algorithm>
#include <set>

#include "base/text.h"

namespace rf {

std::string normal_path(std::string_view path) {
  std::vector<std::string_view> parts;
  for (const auto part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..")
      parts.push_back(part);
    else if (!parts.empty())
      parts.pop_back();
  }
  std::string out;
  for (const auto part : parts) out.append("/").append(part);
  return out.empty() ? "/" : out;
}

std::string parent_path(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == path.npos || slash == 0 ? "/" : std::string(path.substr(0, slash));
}

std::string base_name(std::string_view path) {
  const auto slash = path.rfind('/');
  return std::string(slash == path.npos ? path : path.substr(slash + 1));
}

bool is_below(std::string_view path, std::string_view directory) {
  if (directory == "/") return path.size() > 1;
  return path.size() > directory.size() && path.starts_with(directory) && path[directory.size()] == '/';
}

std::string join_path(std::string_view directory, std::string_view path) {
  if (path.starts_with('/')) return normal_path(path);
  return normal_path(std::string(directory) + "/" + std::string(path));
}

void FileTree::put(std::string_view path, FileEntry entry) {
  const auto normal = normal_path(path);
  for (auto up = parent_path(normal); up != "/"; up = parent_path(up))
    entries_.try_emplace(up, FileEntry{.kind = FileEntry::Kind::directory, .mode = 0755});
  entries_.insert_or_assign(normal, std::move(entry));
}

void FileTree::put_file(std::string_view path, std::string content, unsigned mode) {
  auto sha256 = sha256_hex(content);
  put(path, {.kind = FileEntry::Kind::file, .content = std::move(content), .sha256 = std::move(sha256), .mode = mode});
}

void FileTree::put_directory(std::string_view path) { put(path, {.kind = FileEntry::Kind::directory, .mode = 0755}); }

void FileTree::put_symlink(std::string_view path, std::string target) {
  put(path, {.kind = FileEntry::Kind::symlink, .target = std::move(target), .mode = 0777});
}

void FileTree::remove(std::string_view path) {
  const auto normal = normal_path(path);
  entries_.erase(normal);
  const auto below = normal + "/";
  for (auto it = entries_.lower_bound(below); it != entries_.end() && it->first.starts_with(below);)
    it = entries_.erase(it);
}

// The path after following symlinks, or "" for a loop. Unknown components are kept as they are.
std::string FileTree::resolve(std::string_view path, bool follow_last) const {
  constexpr int most_links = 40;
  std::string done;
  auto rest = normal_path(path);
  int links = 0;
  for (std::size_t at = 0; at < rest.size();) {
    const auto before = done.size();
    const auto next = std::min(rest.find('/', at + 1), rest.size());
    done.append(rest, at, next - at);
    at = next;
    const auto it = entries_.find(done);
    const bool last = at == rest.size();
    if (it == entries_.end() || it->second.kind != FileEntry::Kind::symlink || (last && !follow_last)) continue;
    if (++links == most_links) return "";
    done.resize(before);
    rest = normal_path(join_path(done.empty() ? "/" : done, it->second.target) + rest.substr(at));
    done.clear();
    at = 0;
  }
  return done;
}

const FileEntry* FileTree::lstat(std::string_view path) const {
  const auto it = entries_.find(resolve(path, false));
  return it == entries_.end() ? nullptr : &it->second;
}

const FileEntry* FileTree::stat(std::string_view path) const {
  const auto it = entries_.find(resolve(path, true));
  return it == entries_.end() ? nullptr : &it->second;
}

std::string FileTree::real_path(std::string_view path) const {
  auto resolved = resolve(path, true);
  return resolved.empty() ? normal_path(path) : resolved;
}

std::optional<std::string_view> FileTree::read(std::string_view path) const {
  const auto* entry = stat(path);
  if (entry == nullptr || entry->kind != FileEntry::Kind::file) return std::nullopt;
  return entry->content;
}

std::optional<Error> FileTree::why_unread(std::string_view path) const {
  for (auto at = real_path(path); at != "/"; at = parent_path(at)) {
    const auto it = entries_.find(at);
    if (it != entries_.end() && it->second.kind == FileEntry::Kind::unreadable)
      return unread_error(it->second.unread.empty() ? "it could not be opened" : it->second.unread, {at, 0, 0});
  }
  return std::nullopt;
}

std::vector<std::string> FileTree::list(std::string_view directory) const {
  const auto resolved = resolve(directory, true);
  if (resolved.empty()) return {};
  const auto below = resolved == "/" ? "/" : resolved + "/";
  std::set<std::string> names;
  for (auto it = entries_.upper_bound(below); it != entries_.end() && it->first.starts_with(below);) {
    const auto end = it->first.find('/', below.size());
    const auto path = it->first.substr(0, end);
    names.insert(path.substr(below.size()));
    if (end == path.npos)
      ++it;
    else
      it = entries_.lower_bound(path + static_cast<char>('/' + 1));  // behind all that is below it
  }
  return {names.begin(), names.end()};
}

namespace {

// Longer than any file name can be matched by.
constexpr std::size_t longest_component = 1024;

// One element of a pattern that is no '*': its length, and whether it takes the character. Length 0: there is no such
// element.
struct Element {
  std::size_t length = 0;
  bool matches = false;
};
Element element_at(std::string_view pattern, char c) {
  if (pattern.empty()) return {};
  if (pattern[0] == '?') return {1, true};
  if (pattern[0] == '\\' && pattern.size() > 1) return {2, pattern[1] == c};
  if (pattern[0] != '[') return {1, pattern[0] == c};
  const auto close = pattern.find(']', 2);
  if (close == pattern.npos) return {};
  auto set = pattern.substr(1, close - 1);
  const bool negated = set.starts_with('^');
  if (negated) set.remove_prefix(1);
  bool found = false;
  for (std::size_t i = 0; i < set.size(); ++i) {
    const bool range = i + 2 < set.size() && set[i + 1] == '-';
    found = found || (range ? set[i] <= c && c <= set[i + 2] : set[i] == c);
    if (range) i += 2;
  }
  return {close + 1, found != negated};
}

// One path component against one pattern component. Only the last '*' is ever gone back to, so that no pattern takes
// long.
bool component_matches(std::string_view pattern, std::string_view name) {
  if (pattern.size() > longest_component) return false;
  std::size_t p = 0, n = 0, star = pattern.npos, mark = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      mark = n;
      continue;
    }
    const auto element = element_at(pattern.substr(p), name[n]);
    if (element.length > 0 && element.matches) {
      p += element.length;
      ++n;
    } else if (star != pattern.npos) {
      p = star;
      n = ++mark;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == pattern.npos;
}

}  // namespace

std::vector<std::string> FileTree::glob(std::string_view pattern) const {
  const auto normal = normal_path(pattern);
  std::vector<std::string> paths{""};
  for (const auto part : split(std::string_view(normal).substr(1), '/')) {
    std::vector<std::string> longer;
    for (const auto& path : paths)
      for (const auto& name : list(path.empty() ? "/" : path))
        if (component_matches(part, name) && longer.size() < most_matches) longer.push_back(path + "/" + name);
    paths = std::move(longer);
  }
  return paths;
}

}  // namespace rf
