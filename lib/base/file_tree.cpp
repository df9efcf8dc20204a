#include "base/file_tree.h"

#include <set>

#include "base/text.h"

namespace rf {

std::string normal_path(std::string_view path) {
  std::vector<std::string_view> parts;
  for (const auto part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") parts.push_back(part);
    else if (!parts.empty()) parts.pop_back();
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
  for (auto it = entries_.lower_bound(below); it != entries_.end() && it->first.starts_with(below);) it = entries_.erase(it);
}

// The path after following symlinks, or "" for a loop. Unknown components are kept as they are.
std::string FileTree::resolve(std::string_view path, bool follow_last) const {
  std::string done;
  auto rest = normal_path(path);
  for (int links = 0; links < 40;) {
    const auto slash = rest.find('/', 1);
    const auto next = done + rest.substr(0, slash);
    const bool last = slash == rest.npos;
    rest = last ? "" : rest.substr(slash);
    const auto it = entries_.find(next);
    if (it != entries_.end() && it->second.kind == FileEntry::Kind::symlink && (!last || follow_last)) {
      rest = normal_path(join_path(done.empty() ? "/" : done, it->second.target) + rest);
      done.clear();
      ++links;
      continue;
    }
    done = next;
    if (last) return done;
  }
  return "";
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

std::vector<std::string> FileTree::list(std::string_view directory) const {
  const auto resolved = resolve(directory, true);
  const auto below = resolved == "/" ? "/" : resolved + "/";
  std::set<std::string> names;
  for (auto it = entries_.lower_bound(below); it != entries_.end() && it->first.starts_with(below); ++it) {
    const auto name = it->first.substr(below.size());
    names.insert(name.substr(0, name.find('/')));
  }
  return {names.begin(), names.end()};
}

namespace {

// One path component against one pattern component.
bool component_matches(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern[0] == '*') {
    for (std::size_t skip = 0; skip <= name.size(); ++skip)
      if (component_matches(pattern.substr(1), name.substr(skip))) return true;
    return false;
  }
  if (name.empty()) return false;
  if (pattern[0] == '[') {
    const auto close = pattern.find(']', 2);
    if (close == pattern.npos) return false;
    auto set = pattern.substr(1, close - 1);
    const bool negated = set.starts_with('^');
    if (negated) set.remove_prefix(1);
    bool found = false;
    for (std::size_t i = 0; i < set.size(); ++i) {
      const bool range = i + 2 < set.size() && set[i + 1] == '-';
      found = found || (range ? set[i] <= name[0] && name[0] <= set[i + 2] : set[i] == name[0]);
      if (range) i += 2;
    }
    return found != negated && component_matches(pattern.substr(close + 1), name.substr(1));
  }
  if (pattern[0] == '\\' && pattern.size() > 1) pattern.remove_prefix(1);
  else if (pattern[0] == '?') return component_matches(pattern.substr(1), name.substr(1));
  return pattern[0] == name[0] && component_matches(pattern.substr(1), name.substr(1));
}

}  // namespace

std::vector<std::string> FileTree::glob(std::string_view pattern) const {
  const auto normal = normal_path(pattern);
  std::vector<std::string> paths{""};
  for (const auto part : split(std::string_view(normal).substr(1), '/')) {
    std::vector<std::string> longer;
    for (const auto& path : paths)
      for (const auto& name : list(path.empty() ? "/" : path))
        if (component_matches(part, name)) longer.push_back(path + "/" + name);
    paths = std::move(longer);
  }
  return paths;
}

}  // namespace rf
