#include "plan/draft.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "node/managed.h"
#include "node/mask.h"

namespace rf {
namespace {

Error refusal(std::string message, std::string hint) {
  return {ErrorKind::refused, std::move(message), std::move(hint)};
}

const FileEntry* nearest_directory(const FileTree& tree, std::string path) {
  for (; path != "/"; path = parent_path(path))
    if (const auto* entry = tree.stat(path)) return entry;
  return nullptr;
}

unsigned group_for(const PlanContext& context, const std::string& path) {
  const auto* directory = nearest_directory(context.facts.tree, parent_path(path));
  return context.detection.profile.keep_group && directory != nullptr ? directory->gid : 0;
}

Result<void> make_directories(const PlanContext& context, const std::string& path, Draft& draft) {
  const auto& tree = context.facts.tree;
  if (path == "/") return {};
  if (const auto* entry = tree.stat(path)) {
    if (entry->kind == FileEntry::Kind::directory) return {};
    return refusal(fmt::format("{} is in the way: a directory has to stand there", path),
                   "look at it and move it away");
  }
  if (const auto* link = tree.lstat(path); link != nullptr && link->kind == FileEntry::Kind::symlink)
    return refusal(fmt::format("{} is a link to {}, which does not exist", path, link->target),
                   "remove the link, or make its target");
  if (std::any_of(draft.files.begin(), draft.files.end(), [&](const FileChange& c) { return c.path == path; }))
    return {};
  RF_CHECK(make_directories(context, parent_path(path), draft));
  FileChange change;
  change.op = FileChange::Op::make_directory;
  change.path = path;
  change.before_sha256 = "-";
  change.mode = context.detection.profile.directory_mode;
  change.gid = group_for(context, path);
  change.kind = FileChange::Class::directory;
  change.why = "for the files below it";
  draft.files.push_back(std::move(change));
  return {};
}

// What stands at a path now, if that is a file that could be put back; nothing where nothing is.
Result<const FileEntry*> existing(const PlanContext& context, const std::string& written, const std::string& path) {
  if (path.starts_with("/nix/store/"))
    return refusal(fmt::format("{} is {}, in a store that is never changed in place", written, path),
                   "change the system's own configuration");
  const auto* entry = context.facts.tree.lstat(path);
  if (entry == nullptr) return static_cast<const FileEntry*>(nullptr);
  const auto& truncated = context.facts.truncated;
  const bool unread = entry->kind == FileEntry::Kind::unreadable ||
                      std::find(truncated.begin(), truncated.end(), path) != truncated.end();
  if (unread)
    return refusal(fmt::format("{} could not be read, so it could not be put back", path),
                   "look at its permissions and its size on the node");
  if (entry->kind == FileEntry::Kind::symlink)
    return refusal(fmt::format("{} is a link to {}, which does not exist", path, entry->target),
                   "remove the link, or make its target");
  if (entry->kind != FileEntry::Kind::file)
    return refusal(fmt::format("{} is not a file", path), "look at it and move it away");
  return entry;
}

}  // namespace

Result<void> put_file(const PlanContext& context, const DesiredFile& file, Draft& draft) {
  const auto path = context.facts.tree.real_path(file.path);
  RF_TRY(const auto* entry, existing(context, file.path, path));
  const bool secret = file.holds == DesiredFile::Holds::secrets;
  FileChange change;
  if (entry != nullptr) {
    // Saved facts hold masks, and beside them the checksum of what the node has.
    const bool masked = !entry->sha256.empty() && entry->sha256 != sha256_hex(entry->content);
    const bool same =
        entry->content == (masked ? mask_secrets(file.content.expose()) : std::string(file.content.expose()));
    const bool others = entry->uid != 0 && entry->uid != context.facts.uid;
    if (same && !(secret && (others || (entry->mode & 077) != 0))) return {};
    change = replacement_of(*entry);
    if (secret && others) change.uid = 0;
  } else {
    RF_CHECK(make_directories(context, parent_path(path), draft));
    change.before_sha256 = "-";
    change.mode = context.detection.profile.file_mode;
    change.gid = group_for(context, path);
  }
  if (secret) change.mode = 0600;
  change.path = path;
  change.after = file.content;
  change.kind = file.kind;
  change.holds_secrets = secret;
  change.why = file.why;
  draft.files.push_back(std::move(change));
  return {};
}

FileChange replacement_of(const FileEntry& entry) {
  FileChange change;
  change.op = FileChange::Op::replace;
  change.before = mask_secrets(entry.content);
  change.before_sha256 = entry.sha256.empty() ? sha256_hex(entry.content) : entry.sha256;
  change.mode = entry.mode;
  change.uid = entry.uid;
  change.gid = entry.gid;
  return change;
}

FileChange removal_of(const std::string& path, const FileEntry& entry, FileChange::Class kind, std::string why) {
  FileChange change;
  const bool directory = entry.kind == FileEntry::Kind::directory;
  change.op = directory ? FileChange::Op::remove_directory : FileChange::Op::remove;
  change.path = path;
  change.before = mask_secrets(entry.content);
  change.before_sha256 = directory ? "" : entry.sha256.empty() ? sha256_hex(entry.content) : entry.sha256;
  change.mode = entry.mode;
  change.uid = entry.uid;
  change.gid = entry.gid;
  change.kind = directory ? FileChange::Class::directory : kind;
  change.why = std::move(why);
  return change;
}

void remove_file(const PlanContext& context, const std::string& path, FileChange::Class kind, std::string why,
                 Draft& draft) {
  const auto real = context.facts.tree.real_path(path);
  const auto* entry = context.facts.tree.stat(real);
  if (entry != nullptr) draft.files.push_back(removal_of(real, *entry, kind, std::move(why)));
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

namespace {

// "certs.d/docker.io/hosts.toml": what stays of a path when a snap's data moves on to its next revision.
std::string_view last_three(std::string_view path) {
  auto at = path.size();
  for (int i = 0; i < 3 && at != path.npos && at != 0; ++i) at = path.rfind('/', at - 1);
  return at == path.npos || at == 0 ? path : path.substr(at + 1);
}

}  // namespace

bool has_receipt(const Facts& facts, std::string_view path) {
  const ReceiptSummary::File* found = nullptr;
  int newest = -1, highest = 0;
  for (const auto& receipt : facts.receipts) {
    highest = std::max(highest, receipt.sequence);
    if (!in_effect(receipt) || receipt.sequence < newest) continue;
    for (const auto& file : receipt.files)
      if (last_three(file.path) == last_three(path)) {
        found = &file;
        newest = receipt.sequence;
      }
  }
  if (found != nullptr) return found->after != "-";
  return highest > static_cast<int>(facts.receipts.size());
}

}  // namespace rf
