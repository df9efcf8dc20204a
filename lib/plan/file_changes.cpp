#include "plan/file_changes.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "node/mask.h"

namespace rf {
namespace {

const FileEntry* nearest_directory(const FileTree& tree, std::string path) {
  for (; path != "/"; path = parent_path(path))
    if (const auto* entry = tree.stat(path)) return entry;
  return nullptr;
}

unsigned group_for(const NodeFiles& node, const std::string& path) {
  const auto* directory = nearest_directory(node.tree, parent_path(path));
  return node.keep_group && directory != nullptr ? directory->gid : 0;
}

Result<void> make_directories(const NodeFiles& node, const std::string& path, std::vector<FileChange>& changes) {
  if (path == "/") return {};
  if (const auto* entry = node.tree.stat(path)) {
    if (entry->kind == FileEntry::Kind::directory) return {};
    return refused_error(fmt::format("{} is in the way: it must be a directory", path), "check it and move it away");
  }
  if (std::any_of(changes.begin(), changes.end(), [&](const FileChange& c) { return c.path == path; })) return {};
  RF_CHECK(make_directories(node, parent_path(path), changes));
  FileChange change;
  change.op = FileChange::Op::make_directory;
  change.path = path;
  change.before_sha256 = "-";
  change.mode = node.directory_mode;
  change.gid = group_for(node, path);
  change.kind = FileChange::Class::directory;
  change.why = "for the files below it";
  changes.push_back(std::move(change));
  return {};
}

// A link on the way, or the path itself, whose target is not there: whoever made it meant something that is missing.
Result<void> check_links(const FileTree& tree, std::string path) {
  for (; path != "/"; path = parent_path(path))
    if (const auto* link = tree.lstat(path);
        link != nullptr && link->kind == FileEntry::Kind::symlink && !tree.exists(path))
      return refused_error(fmt::format("{} is a link to {}, which does not exist", path, link->target),
                           "remove the link, or create its target");
  return {};
}

// What is at a path now, if that is a file that could be put back; nothing where nothing is.
Result<const FileEntry*> existing(const NodeFiles& node, const std::string& written, const std::string& path) {
  if (path.starts_with("/nix/store/"))
    return refused_error(fmt::format("{} is {}, in a store that is never changed in place", written, path),
                         "change the system's own configuration");
  const auto* entry = node.tree.lstat(path);
  if (entry == nullptr) return static_cast<const FileEntry*>(nullptr);
  const bool unread = entry->kind == FileEntry::Kind::unreadable ||
                      std::find(node.truncated.begin(), node.truncated.end(), path) != node.truncated.end();
  if (unread)
    return refused_error(fmt::format("{} could not be read, so it could not be restored", path),
                         "check its permissions and its size on the node");
  if (entry->kind != FileEntry::Kind::file)
    return refused_error(fmt::format("{} is not a file", path), "check it and move it away");
  return entry;
}

std::string checksum(const FileEntry& entry) { return entry.sha256.empty() ? sha256_hex(entry.content) : entry.sha256; }

// Saved facts hold masks, and beside them the checksum of what the node has.
bool is_masked(const FileEntry& entry) { return !entry.sha256.empty() && entry.sha256 != sha256_hex(entry.content); }

bool has_text(const FileEntry& entry, std::string_view text) {
  return entry.content == (is_masked(entry) ? mask_secrets(text) : std::string(text));
}

// What is there, and whose it is.
FileChange change_of(const std::string& path, const FileEntry& entry) {
  FileChange change;
  change.path = path;
  change.before = mask_secrets(entry.content);
  change.before_sha256 = checksum(entry);
  change.mode = entry.mode;
  change.uid = entry.uid;
  change.gid = entry.gid;
  return change;
}

FileChange removal_of(const std::string& path, const FileEntry& entry, FileChange::Class kind, std::string why) {
  auto change = change_of(path, entry);
  const bool directory = entry.kind == FileEntry::Kind::directory;
  change.op = directory ? FileChange::Op::remove_directory : FileChange::Op::remove;
  if (directory) change.before_sha256.clear();
  change.kind = directory ? FileChange::Class::directory : kind;
  change.why = std::move(why);
  return change;
}

}  // namespace

NodeFiles::NodeFiles(const Facts& facts, const Profile& profile)
    : tree(facts.tree),
      truncated(facts.truncated),
      file_mode(profile.file_mode),
      directory_mode(profile.directory_mode),
      keep_group(profile.keep_group),
      uid(facts.uid) {}

Result<void> put_file(const NodeFiles& node, const DesiredFile& file, std::vector<FileChange>& changes) {
  RF_CHECK(check_links(node.tree, file.path));
  const auto path = node.tree.real_path(file.path);
  RF_TRY(const auto* entry, existing(node, file.path, path));
  const auto text = file.content.text().expose();
  const bool secret = file.content.made_from_secret();
  FileChange change;
  if (entry != nullptr) {
    const bool others = entry->uid != 0 && entry->uid != node.uid;
    if (has_text(*entry, text) && !(secret && (others || (entry->mode & 077) != 0))) return {};
    change = change_of(path, *entry);
    change.op = FileChange::Op::replace;
    if (secret && others) change.uid = 0;
  } else {
    RF_CHECK(make_directories(node, parent_path(path), changes));
    change.path = path;
    change.before_sha256 = "-";
    change.mode = node.file_mode;
    change.gid = group_for(node, path);
  }
  if (secret) change.mode = 0600;
  // A secret that others put there stays as readable as they made it.
  change.holds_secrets = secret || (entry != nullptr && (is_masked(*entry) || change.before != entry->content));
  change.after = file.content.text();
  change.kind = file.kind;
  change.why = file.why;
  changes.push_back(std::move(change));
  return {};
}

void remove_file(const NodeFiles& node, const std::string& path, FileChange::Class kind, std::string why,
                 std::vector<FileChange>& changes) {
  const auto real = node.tree.real_path(path);
  const auto* entry = node.tree.stat(real);
  if (entry != nullptr) changes.push_back(removal_of(real, *entry, kind, std::move(why)));
}

Result<void> remove_hosts_directory(const NodeFiles& node, const std::string& path, const std::string& why,
                                    std::vector<FileChange>& changes) {
  const auto* entry = node.tree.lstat(path);
  if (entry == nullptr) return {};
  if (entry->kind == FileEntry::Kind::symlink)
    return refused_error(fmt::format("{} is a link to {}: removing it could not be undone", path, entry->target),
                         "put a file or directory in its place");
  if (entry->kind != FileEntry::Kind::directory) RF_CHECK(existing(node, path, path));
  if (entry->kind == FileEntry::Kind::directory)
    for (const auto& name : node.tree.list(path))
      RF_CHECK(remove_hosts_directory(node, join_path(path, name), why, changes));
  changes.push_back(removal_of(path, *entry, class_in_hosts_dir(path), why));
  return {};
}

FileChange::Class class_in_hosts_dir(std::string_view path) {
  return base_name(path) == "hosts.toml" ? FileChange::Class::hosts : FileChange::Class::certificate;
}

void sort_for_commit(std::vector<FileChange>& files) {
  const auto rank = [](const FileChange& change) {
    switch (change.op) {
      case FileChange::Op::make_directory: return 0;
      case FileChange::Op::create:
      case FileChange::Op::replace: return static_cast<int>(change.kind);
      case FileChange::Op::remove: return change.kind == FileChange::Class::certificate ? 5 : 4;
      case FileChange::Op::remove_directory: break;
    }
    return 6;
  };
  std::stable_sort(files.begin(), files.end(), [&](const FileChange& a, const FileChange& b) {
    return rank(a) != rank(b) ? rank(a) < rank(b) : rank(a) == 6 ? a.path > b.path : a.path < b.path;
  });
}

}  // namespace rf
