#include "apply/undo.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"
#include "node/managed.h"
#include "node/mask.h"

namespace rf {
namespace {

constexpr std::size_t most_changes = 20'000;
constexpr std::size_t most_bytes = 16u << 20;

using Op = FileChange::Op;
using Class = FileChange::Class;

Error not_ours(std::string_view line) {
  return {.kind = ErrorKind::protocol,
          .message = "unexpected output of our script: \"" + terminal_safe(line.substr(0, 120)) + "\"",
          .hint = "run it again"};
}

std::string_view next_word(std::string_view& text) {
  const auto space = text.find(' ');
  const auto word = text.substr(0, space);
  text = space == text.npos ? std::string_view() : text.substr(space + 1);
  return word;
}

template <class Number>
bool take_number(std::string_view text, Number& out, int base = 10) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return code == std::errc() && end == text.data() + text.size();
}

bool is_checksum(std::string_view text) {
  return text == "-" || (text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos);
}

std::optional<Op> op_of(char letter) {
  switch (letter) {
    case 'M': return Op::make_directory;
    case 'C': return Op::create;
    case 'R': return Op::replace;
    case 'D': return Op::remove;
    case 'X': return Op::remove_directory;
    default: return std::nullopt;
  }
}

constexpr std::array<std::pair<std::string_view, Class>, 4> class_words{{{"directory", Class::directory},
                                                                         {"certificate", Class::certificate},
                                                                         {"hosts", Class::hosts},
                                                                         {"config", Class::config}}};
constexpr std::array<std::pair<std::string_view, RestartBy>, 4> restart_words{{{"none", RestartBy::none},
                                                                               {"systemd", RestartBy::systemd},
                                                                               {"snap", RestartBy::snap},
                                                                               {"itself", RestartBy::itself}}};
template <class Words, class Value>
bool take_named(const Words& words, std::string_view word, Value& out) {
  const auto found = std::find_if(words.begin(), words.end(), [&](const auto& one) { return one.first == word; });
  if (found != words.end()) out = found->second;
  return found != words.end();
}

// Its size in bytes where its content is sent.
struct ReadChange {
  UndoChange change;
  std::optional<std::size_t> sent = {};
};

Result<ReadChange> parse_change(std::string_view line) {
  auto rest = line;
  const auto what = next_word(rest);
  ReadChange read;
  auto& change = read.change;
  const auto op = what.size() > 2 && what[1] == ':' ? op_of(what[0]) : std::nullopt;
  if (!op || !take_named(class_words, what.substr(2), change.kind)) return not_ours(line);
  change.op = *op;
  const bool numbers = take_number(next_word(rest), change.mode, 8) && take_number(next_word(rest), change.uid) &&
                       take_number(next_word(rest), change.gid);
  change.before = next_word(rest);
  change.after = next_word(rest);
  change.now = next_word(rest);
  const auto size = next_word(rest);
  change.path = rest;
  if (!numbers || !is_checksum(change.before) || !is_checksum(change.after)) return not_ours(line);
  if (change.path.empty() || normal_path(change.path) != change.path) return not_ours(line);
  std::size_t bytes = 0;
  if (take_number(size, bytes)) read.sent = bytes;
  return read;
}

class PreviewReader {
 public:
  explicit PreviewReader(std::string_view text) : lines_(lines(text)) {}

  Result<UndoPreview> read() {
    for (; at_ < lines_.size(); ++at_) {
      auto rest = lines_[at_];
      const auto key = next_word(rest);
      if (key == "end") return ended(rest);
      RF_CHECK(record(key, rest));
    }
    return Error{.kind = ErrorKind::protocol,
                 .message = "the node did not report what a rollback would do",
                 .hint = "run it again"};
  }

 private:
  Result<void> record(std::string_view key, std::string_view rest) {
    if (key == "error") {
      cause_ += (cause_.empty() ? "" : "; ") + terminal_safe(rest);
    } else if (key == "restart") {
      if (!take_named(restart_words, rest, preview_.restart)) return not_ours(rest);
    } else if (key == "service") {
      preview_.service = rest;
    } else if (key == "wait") {
      if (!take_number(rest, preview_.wait_seconds)) return not_ours(rest);
    } else if (key == "shown") {
      preview_.shown = rest;
    } else if (key == "change") {
      if (changes_.size() >= most_changes) return unread_error("more than 20,000 changes", Location{"history", 0, 0});
      RF_TRY(auto change, parse_change(rest));
      changes_.push_back(std::move(change));
    } else if (key == "content") {
      return contents();
    }
    return {};  // others are of a newer script
  }

  Result<void> contents() {
    std::string encoded;
    while (++at_ < lines_.size() && lines_[at_] != ".") encoded += lines_[at_];
    if (encoded == "?")
      return Error{.kind = ErrorKind::refused,
                   .message = "the node has neither base64 nor openssl, so its files cannot be read",
                   .hint = "install one of them there: coreutils and busybox have base64"};
    std::string all;
    if (!base64_decode(encoded, all)) return not_ours("contents");
    std::size_t offset = 0;
    for (auto& [change, sent] : changes_) {
      if (!sent) continue;
      if (*sent > all.size() - offset) return not_ours("contents");
      change.content = Secret(all.substr(offset, *sent));
      offset += *sent;
      if (sha256_hex(change.content->expose()) != change.after)
        return Error{.kind = ErrorKind::refused,
                     .message = "the stored copy of " + change.path + " on the node is damaged",
                     .hint = "'regfallback rollback --list' shows other states to go back to"};
    }
    return {};
  }

  Result<UndoPreview> ended(std::string_view how) {
    if (how == "conflict") return Error{.kind = ErrorKind::conflict, .message = cause_, .hint = "run it again"};
    if (how == "refused") return Error{.kind = ErrorKind::refused, .message = cause_};
    if (how != "shown" || preview_.shown.empty()) return not_ours(how);
    for (auto& one : changes_) preview_.changes.push_back(std::move(one.change));
    return std::move(preview_);
  }

  std::vector<std::string_view> lines_;
  std::size_t at_ = 0;
  UndoPreview preview_;
  std::vector<ReadChange> changes_;
  std::string cause_;
};

std::string sha256_after(const FileChange& change) {
  return change.after_sha256.empty() ? sha256_hex(change.after.expose()) : change.after_sha256;
}

bool is_directory_op(Op op) { return op == Op::make_directory || op == Op::remove_directory; }

// Paths of files that are not as we left them, with what became of them.
std::vector<std::string> edited_since(const UndoPreview& preview) {
  std::vector<std::string> edited;
  for (const auto& change : preview.changes) {
    if (is_directory_op(change.op) || change.now == change.before) continue;
    edited.push_back(change.path + (change.now == "-"      ? " is gone"
                                    : change.before == "-" ? " exists again"
                                                           : " was changed"));
  }
  return edited;
}

// The distribution keeps its files in a directory a version, and has moved on to the next.
Result<void> check_not_moved(const UndoPreview& preview, const Facts& facts) {
  for (const auto& change : preview.changes) {
    const auto moved = path_now(facts, change.path);
    if (moved == change.path) continue;
    return Error{
        .kind = ErrorKind::refused,
        .message = fmt::format("{} was changed, but the node now reads {}", change.path, moved),
        .hint =
            "an update of the distribution copied it there; remove it with an intent file that does not name its "
            "registries"};
  }
  return {};
}

FileChange shown_change(const UndoChange& change, const Facts& facts) {
  FileChange shown;
  shown.op = change.op;
  shown.path = change.path;
  shown.before_sha256 = change.before;
  if (const auto* entry = facts.tree.lstat(change.path); entry != nullptr && entry->sha256 == change.now)
    shown.before = mask_secrets(entry->content);
  if (change.content) {
    shown.after = *change.content;
    shown.holds_secrets = mask_secrets(change.content->expose()) != change.content->expose();
  } else if (change.op == Op::create || change.op == Op::replace) {
    shown.after_sha256 = change.after;
    shown.why = "too large to show";
  }
  shown.mode = change.mode;
  shown.uid = change.uid;
  shown.gid = change.gid;
  shown.kind = change.kind;
  return shown;
}

void set_service(const UndoPreview& preview, const Detection* detection, Plan& plan) {
  if (preview.restart == RestartBy::none || preview.changes.empty()) return;
  plan.service = {.by = preview.restart,
                  .name = preview.service,
                  .why = "the undone change took effect with a restart",
                  .wait_seconds = preview.wait_seconds};
  if (detection == nullptr || !detection->service) return;
  plan.service.order = detection->service->order;
  plan.service.serial = detection->service->serial;
}

}  // namespace

Result<UndoPreview> parse_undo_preview(std::string_view output) {
  if (output.size() > most_bytes) return unread_error("larger than 16 MiB", Location{"history", 0, 0});
  return PreviewReader(output).read();
}

asio::awaitable<Result<UndoPreview>> preview_undo(Shell& shell, std::string_view program,
                                                  std::chrono::milliseconds limit) {
  RF_CO_TRY(const auto output, co_await shell.run(program, {.time = limit, .bytes = most_bytes}));
  co_return parse_undo_preview(output.text).doing("computing what a rollback would do");
}

Result<Plan> plan_of_undo(const UndoPreview& preview, const Undo& undo, const Facts& facts, const Detection* detection,
                          std::string_view command) {
  RF_CHECK(check_not_moved(preview, facts));
  if (const auto edited = edited_since(preview); !edited.empty())
    return Error{
        .kind = ErrorKind::conflict,
        .message = fmt::format("{} since {}", join(edited, ", "), describe(undo.undone.back())),
        .hint = fmt::format(
            "'regfallback {0} --force' restores the old files anyway, and the changes are lost; 'regfallback {0} "
            "--force --dry-run' shows the difference",
            command)};
  Plan plan;
  for (const auto& change : preview.changes) plan.files.push_back(shown_change(change, facts));
  set_service(preview, detection, plan);
  for (const auto& kept : undo.kept) plan.warnings.push_back(describe(kept) + " is a later change and stays as it is");
  return plan;
}

std::optional<std::string> left_undone(const Plan& plan, const Facts& facts) {
  for (const auto& change : plan.files) {
    if (is_directory_op(change.op)) continue;
    const auto* entry = facts.tree.lstat(change.path);
    if (change.op == Op::remove) {
      if (entry != nullptr) return change.path + " still exists";
      continue;
    }
    // Nothing is known of a directory that was not looked into.
    if (entry == nullptr && facts.tree.lstat(parent_path(change.path)) == nullptr) continue;
    if (entry == nullptr) return change.path + " does not exist";
    if (entry->sha256 != sha256_after(change)) return change.path + " differs from what it was";
  }
  return std::nullopt;
}

}  // namespace rf
