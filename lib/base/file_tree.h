// Files as plain data: what was read of a node's (or a directory's) file system, with owner, mode and checksum.
// Decisions look files up here, never on a disk.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rf {

struct FileEntry {
  enum class Kind {
    file,
    directory,
    symlink,
    other,       // socket, device, fifo
    unreadable,  // exists, but could not be read, or was larger than the reader takes; a file or a directory
  };
  Kind kind = Kind::file;
  std::string content = {};  // of a file
  std::string target = {};   // of a symlink, as written
  std::string sha256 = {};   // of a file's content on the node, hex; empty when not known
  unsigned mode = 0;         // permission bits, 0644
  unsigned uid = 0;
  unsigned gid = 0;
  std::string unread = {};  // of an unreadable one: why, "larger than 1 MiB"; empty when not known
  bool operator==(const FileEntry&) const = default;
};

// Absolute, normalised paths ("/etc/containerd/config.toml"). An ancestor of an entry counts as a directory.
class FileTree {
 public:
  void put(std::string_view path, FileEntry entry);
  void put_file(std::string_view path, std::string content, unsigned mode = 0644);
  void put_directory(std::string_view path);
  // As a program writes: to the file at which the links end.
  void write(std::string_view path, std::string content) { put_file(real_path(path), std::move(content)); }
  void put_symlink(std::string_view path, std::string target);
  void remove(std::string_view path);  // with everything below

  // The entry at the path itself; symlinks in its ancestors are followed, the last component is not.
  const FileEntry* lstat(std::string_view path) const;
  // The entry after following every symlink; nullptr when missing, dangling or a loop.
  const FileEntry* stat(std::string_view path) const;
  // The path stat() ends at, also where the last parts of it are not there yet; the input (normalised) in a loop of
  // links.
  std::string real_path(std::string_view path) const;
  // Content of a regular file, symlinks followed.
  std::optional<std::string_view> read(std::string_view path) const;
  // Of a path that is unreadable, or below a directory that is: what is there is not known. Nothing for all others.
  std::optional<Error> why_unread(std::string_view path) const;
  bool exists(std::string_view path) const { return stat(path) != nullptr; }
  // Names in a directory, sorted bytewise as Go's ReadDir does.
  std::vector<std::string> list(std::string_view directory) const;
  // Paths matching a glob as Go's filepath.Glob does ('*' and '?' do not cross '/', '[a-z]' classes), sorted. At most
  // `most_matches`: links that lead back up would multiply them without end.
  static constexpr std::size_t most_matches = 1000;
  std::vector<std::string> glob(std::string_view pattern) const;

  const std::map<std::string, FileEntry, std::less<>>& entries() const { return entries_; }
  bool operator==(const FileTree&) const = default;

 private:
  std::string resolve(std::string_view path, bool follow_last) const;
  std::map<std::string, FileEntry, std::less<>> entries_;
};

// "/a/./b//c/../d" -> "/a/b/d"; always absolute.
std::string normal_path(std::string_view path);
std::string parent_path(std::string_view path);                    // "/a/b" -> "/a", "/a" -> "/"
std::string base_name(std::string_view path);                      // "/a/b" -> "b"
bool is_below(std::string_view path, std::string_view directory);  // both normalised; a directory is not below itself
// `path` itself when absolute, else relative to `directory`.
std::string join_path(std::string_view directory, std::string_view path);

}  // namespace rf
