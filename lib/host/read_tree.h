// Part of a directory's files as a FileTree, as a node would show them: symlinks, modes and owners included.
#pragma once
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_tree.h"

namespace rf {

class TreeReader {
 public:
  // Where the node's "/" is on this machine: "/" itself, or a directory that holds a copy of its files. Symlinks in it
  // are the node's: absolute ones start at `root` again.
  explicit TreeReader(std::string root);

  // A file, or a directory with everything below it. What a symlink on the way leads to is read too. A path that does
  // not exist adds the directories above it. What may not be read becomes `unreadable`, with the reason, and so do
  // files over 1 MiB or behind the first 32 MiB; pipes, sockets and devices are never opened.
  void add(std::string_view path);
  // Every path that matches, as FileTree::glob matches.
  void add_glob(std::string_view pattern);

  const FileTree& tree() const { return tree_; }
  // Where there is more than is taken: 20,000 entries, 16 levels below what was asked for. The tree is incomplete then.
  const std::optional<Error>& unread() const { return unread_; }

 private:
  bool read_entry(const std::string& path);
  std::vector<std::string> names_in(const std::string& directory);
  FileEntry content_of(const std::string& path, FileEntry entry);
  void read_below(const std::string& path, int depth);
  std::string resolve(std::string_view path);

  std::string root_;
  FileTree tree_;
  std::size_t bytes_ = 0;  // of the files in the tree
  std::optional<Error> unread_;
  std::set<std::string, std::less<>> listed_;  // directories whose content is in the tree
};

}  // namespace rf
