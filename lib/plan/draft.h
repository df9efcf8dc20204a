// A plan in the making: what a style is given, what it returns, and the few ways a file can be changed.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plan/plan.h"

namespace rf {

struct PlanContext {
  const Intent& intent;
  const ResolvedEndpoints& resolved;
  const Facts& facts;
  const Detection& detection;
  const PlanOptions& options;
};

struct Draft {
  std::vector<FileChange> files;  // in any order
  std::vector<std::string> warnings;
  std::vector<std::string> notes;
  std::string restart_why;  // "" when no restart is needed
  // Where the distribution renders its own files from ours at its start: the tree as it will be then.
  std::optional<FileTree> rendered;
  // By registry: URLs it puts first or last in the chain by itself, whatever is declared.
  std::map<std::string, std::vector<std::string>, std::less<>> added;
};

// What a file or directory is to be.
struct DesiredFile {
  std::string path;  // absolute; symlinks are resolved here
  Secret content;
  FileChange::Class kind = FileChange::Class::hosts;
  enum class Holds { plain, secrets } holds = Holds::plain;
  std::string why;
};

// Adds what it takes for the file to be so: nothing when it is; its missing directories first. A file that others wrote
// gets a note. Refuses paths in an image that cannot be written (/nix/store) and files that could not be read, since
// they could not be put back.
Result<void> put_file(const PlanContext& context, const DesiredFile& file, Draft& draft);
// A file, or an empty directory.
void remove_file(const PlanContext& context, const std::string& path, FileChange::Class kind, std::string why,
                 Draft& draft);
// The begin of a change that puts another content where this entry stands: what was there, and whose it is.
FileChange replacement_of(const FileEntry& entry);
// The change that takes away what stands there.
FileChange removal_of(const std::string& path, const FileEntry& entry, FileChange::Class kind, std::string why);
// What containerd takes a file below a registry's directory for: all but one are certificates and keys.
FileChange::Class class_in_hosts_dir(std::string_view path);

// Directories are made first; then certificates, hosts.toml files, configuration; then what is removed, what refers to
// others first; and directories go last, the deepest first. The worker makes each class durable before the next one
// begins.
void sort_for_commit(std::vector<FileChange>& files);

// Whether a file that has our first line is ours on this node too: a receipt names it, or receipts have been pruned and
// one may have.
bool has_receipt(const Facts& facts, std::string_view path);

}  // namespace rf
