// The one way in which a file of a node is changed: what is wished for and what is there become FileChanges, in the one
// order in which they are carried out. Every command that plans goes through here.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/content.h"
#include "node/profile.h"
#include "plan/plan.h"

namespace rf {

// What a change starts from: the files there are, and how the distribution wants new ones.
struct NodeFiles {
  NodeFiles(const FileTree& files) : tree(files) {}  // NOLINT: a tree of which no more is known
  NodeFiles(const Facts& facts, const Profile& profile);

  const FileTree& tree;
  std::vector<std::string> truncated = {};  // paths of which only a part was read
  unsigned file_mode = 0644;
  unsigned directory_mode = 0755;
  bool keep_group = false;  // new files take the group of the directory
  unsigned uid = 0;         // who makes the changes
};

// What a file is to be.
struct DesiredFile {
  std::string path;  // absolute; symlinks are resolved here
  Content content;   // what was made from a secret is readable by its owner alone, 0600
  FileChange::Class kind = FileChange::Class::hosts;
  std::string why;
};

// Adds what it takes for the file to be so: nothing when it is; its missing directories first. An existing file keeps
// its mode and owner unless a secret comes into it, which nobody else may read or own. Refuses paths in an image that
// cannot be written (/nix/store) and files that could not be read, since they could not be put back.
Result<void> put_file(const NodeFiles& node, const DesiredFile& file, std::vector<FileChange>& changes);
// A file, or an empty directory; nothing where nothing is.
void remove_file(const NodeFiles& node, const std::string& path, FileChange::Class kind, std::string why,
                 std::vector<FileChange>& changes);
// A registry's directory with what is in it. Refuses links, which lead elsewhere.
Result<void> remove_hosts_directory(const NodeFiles& node, const std::string& path, const std::string& why,
                                    std::vector<FileChange>& changes);
// What containerd takes a file below a registry's directory for: all but one are certificates and keys.
FileChange::Class class_in_hosts_dir(std::string_view path);

// Directories are made first; then certificates, hosts.toml files, configuration; then what is removed, what refers to
// others first; and directories go last, the deepest first. The worker makes each class durable before the next one
// begins.
void sort_for_commit(std::vector<FileChange>& files);

}  // namespace rf
