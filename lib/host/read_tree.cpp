#include "host/read_tree.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <vector>

#include "base/text.h"
#include "host/files.h"

namespace rf {
namespace {

constexpr std::size_t largest_file = 1U << 20;
constexpr std::size_t most_bytes = 32U << 20;
constexpr std::size_t most_entries = 20000;
constexpr int deepest = 16;
constexpr int most_links = 40;

std::string link_target(const std::string& path) {
  std::array<char, 4096> buffer{};
  const auto length = ::readlink(path.c_str(), buffer.data(), buffer.size());
  return length < 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(length));
}

std::optional<FileEntry> entry_at(const std::string& path) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0) return std::nullopt;
  FileEntry entry{
      .kind = FileEntry::Kind::other, .mode = facts.st_mode & 07777U, .uid = facts.st_uid, .gid = facts.st_gid};
  if (S_ISDIR(facts.st_mode)) entry.kind = FileEntry::Kind::directory;
  if (S_ISLNK(facts.st_mode)) {
    entry.kind = FileEntry::Kind::symlink;
    entry.target = link_target(path);
  }
  if (S_ISREG(facts.st_mode)) entry.kind = FileEntry::Kind::file;
  return entry;
}

}  // namespace

TreeReader::TreeReader(std::string root) : root_(root == "/" ? "" : std::move(root)) {}

bool TreeReader::read_entry(const std::string& path) {
  if (tree_.lstat(path) != nullptr) return true;
  if (tree_.entries().size() >= most_entries) {
    unread_ = unread_error(fmt::format("more than {} files and directories", most_entries), Location{root_ + path});
    return false;
  }
  auto entry = entry_at(root_ + path);
  if (!entry) return false;
  if (entry->kind == FileEntry::Kind::file) entry = content_of(root_ + path, *std::move(entry));
  tree_.put(path, std::move(*entry));
  return true;
}

FileEntry TreeReader::content_of(const std::string& path, FileEntry entry) {
  if (auto file = read_local_file(path, std::min(largest_file, most_bytes - bytes_))) {
    bytes_ += file->text.size();
    entry.content = std::move(file->text);
    entry.sha256 = sha256_hex(entry.content);
    return entry;
  } else {
    const bool whole = most_bytes - bytes_ >= largest_file;
    entry.unread = file.error().kind != ErrorKind::unreadable ? file.error().message
                   : whole                                    ? "larger than 1 MiB"
                           : "more than 32 MiB, together with the files read before it";
  }
  entry.kind = FileEntry::Kind::unreadable;
  return entry;
}

// A directory that may not be listed becomes an unreadable entry.
std::vector<std::string> TreeReader::names_in(const std::string& directory) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir((root_ + directory).c_str()), ::closedir);
  if (!open) {
    if (errno != EACCES && errno != EPERM) return names;
    FileEntry closed{.kind = FileEntry::Kind::unreadable,
                     .unread = "this user has no permission to list the directory"};
    tree_.put(directory, std::move(closed));
    return names;
  }
  while (const auto* entry = ::readdir(open.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != ".." && names.size() <= most_entries) names.push_back(name);
  }
  return names;
}

// The path with every symlink on it followed and taken into the tree; "" when it ends nowhere.
std::string TreeReader::resolve(std::string_view path) {
  auto rest = normal_path(path);
  std::string done;
  for (int links = 0; links < most_links;) {
    if (rest.empty() || rest == "/") return done.empty() ? "/" : done;
    const auto slash = rest.find('/', 1);
    const auto next = done + rest.substr(0, slash);
    rest = slash == rest.npos ? "" : rest.substr(slash);
    if (!read_entry(next)) return "";
    const auto& entry = tree_.entries().find(next)->second;
    if (entry.kind == FileEntry::Kind::symlink) {
      rest = normal_path(join_path(done.empty() ? "/" : done, entry.target) + rest);
      done.clear();
      ++links;
      continue;
    }
    done = next;
    if (!rest.empty() && entry.kind != FileEntry::Kind::directory) return "";
  }
  return "";
}

void TreeReader::read_below(const std::string& path, int depth) {
  const auto found = tree_.entries().find(path);
  const bool directory =
      path == "/" || (found != tree_.entries().end() && found->second.kind == FileEntry::Kind::directory);
  if (!directory || !listed_.insert(path).second) return;
  if (depth > deepest) {
    unread_ = unread_error(fmt::format("nested deeper than {} levels", deepest), Location{root_ + path});
    return;
  }
  for (const auto& name : names_in(path)) {
    const auto below = (path == "/" ? "" : path) + "/" + name;
    if (!read_entry(below)) continue;
    const auto target = resolve(below);
    if (!target.empty()) read_below(target, depth + 1);
  }
}

void TreeReader::add(std::string_view path) {
  const auto target = resolve(path);
  if (!target.empty()) read_below(target, 0);
}

void TreeReader::add_glob(std::string_view pattern) {
  const auto normal = normal_path(pattern);
  const auto star = normal.find_first_of("*?[");
  if (star == normal.npos) return add(normal);
  // The directory above the first wildcard is listed one level at a time, so that nothing beside the pattern is read.
  std::vector<std::string> paths{normal.substr(0, normal.rfind('/', star))};
  for (const auto part : split(std::string_view(normal).substr(paths[0].size() + 1), '/')) {
    std::vector<std::string> longer;
    for (const auto& path : paths) {
      const auto directory = resolve(path.empty() ? "/" : path);
      if (directory.empty()) continue;
      FileTree names;
      for (const auto& name : names_in(directory)) names.put_directory("/" + name);
      for (const auto& match : names.glob("/" + std::string(part))) longer.push_back(path + match);
    }
    paths = std::move(longer);
  }
  for (const auto& path : paths) add(path);
}

}  // namespace rf
