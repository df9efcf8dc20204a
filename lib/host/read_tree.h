// Part of a directory's files as a FileTree, as a node would show them: symlinks, modes and owners included.
#pragma once
#include <set>
#include <string>
#include <string_view>

#include "base/file_tree.h"

namespace rf {

class TreeReader {
 public:
  // Where the node's "/" is on this machine: "/" itself, or a directory that holds a copy of its files. Symlinks in it
  // are the node's: absolute ones start at `root` again.
  explicit TreeReader(std::string root);

  // A file, or a directory with everything below it. What a symlink on the way leads to is read too. A path that does
  // not exist adds the directories above it. Files over 1 MiB and what may not be read become `unreadable`; at most
  // 20,000 entries are taken.
  void add(std::string_view path);
  // Every path that matches, as FileTree::glob matches.
  void add_glob(std::string_view pattern);

  const FileTree& tree() const { return tree_; }

 private:
  bool read_entry(const std::string& path);
  void read_below(const std::string& path, int depth);
  std::string resolve(std::string_view path);

  std::string root_;
  FileTree tree_;
  std::set<std::string, std::less<>> listed_;  // directories whose content is in the tree
};

}  // namespace rf
