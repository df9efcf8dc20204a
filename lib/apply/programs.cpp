#include "apply/programs.h"

#include <fmt/format.h>

#include "apply/read_facts.h"
#include "apply/script_text.h"
#include "base/embedded.h"
#include "base/text.h"

namespace rf {
namespace {

// The stored settings may say more.
constexpr int rollback_wait_seconds = 60;

Result<void> check_id(const std::string& id) {
  if (!id.empty() && id.size() <= 64 &&
      lower(id).find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos)
    return {};
  return Error{.kind = ErrorKind::internal, .message = "\"" + terminal_safe(id) + "\" is not a transaction id"};
}

Result<void> check_path(const std::string& path) {
  const bool plain = path.size() > 1 && path.size() < 4096 && normal_path(path) == path &&
                     path.find_first_of("\n\r\\") == path.npos && path.find('\0') == path.npos;
  if (path.ends_with(' '))
    return Error{.kind = ErrorKind::refused,
                 .message = "the name of \"" + terminal_safe(path) + "\" ends with a space",
                 .hint = "containerd reads it for no registry; remove it from the node"};
  if (plain) return {};
  return Error{.kind = ErrorKind::refused,
               .message = "\"" + terminal_safe(path) + "\" is not a path that a transaction can write to"};
}

char letter(FileChange::Op op) {
  switch (op) {
    case FileChange::Op::make_directory: return 'M';
    case FileChange::Op::create: return 'C';
    case FileChange::Op::replace: return 'R';
    case FileChange::Op::remove: return 'D';
    case FileChange::Op::remove_directory: return 'X';
  }
  return '?';
}

std::string_view class_word(FileChange::Class kind) {
  switch (kind) {
    case FileChange::Class::directory: return "directory";
    case FileChange::Class::certificate: return "certificate";
    case FileChange::Class::hosts: return "hosts";
    case FileChange::Class::config: return "config";
    case FileChange::Class::own: break;
  }
  return "";
}

bool has_content(const FileChange& change) {
  return change.op == FileChange::Op::create || change.op == FileChange::Op::replace;
}
bool had_content(const FileChange& change) {
  return change.op == FileChange::Op::replace || change.op == FileChange::Op::remove;
}

// One line for a file of "KEY VALUE" lines.
std::string one_line(std::string_view text) { return terminal_safe(text.substr(0, 500)); }

std::string receipt_head(const TransactionOptions& options) {
  const auto& origin = options.origin;
  std::string text = fmt::format("id {}\n", options.id);
  for (const auto& [key, value] : {std::pair<std::string_view, const std::string&>{"tool", origin.tool_version},
                                   {"reason", origin.reason},
                                   {"time", origin.time},
                                   {"run", origin.run},
                                   {"by", origin.by}})
    if (!value.empty()) text += fmt::format("{} {}\n", key, one_line(value));
  return text;
}

std::string restart_word(RestartBy by) {
  switch (by) {
    case RestartBy::systemd: return "systemd";
    case RestartBy::snap: return "snap";
    case RestartBy::itself: return "itself";
    case RestartBy::none: break;
  }
  return "none";
}

// What every transaction brings along: the worker, named by its checksum so that it is written only where another one
// is.
const std::string& worker() {
  static const std::string text = [] {
    std::string all;
    for (const auto part : {"1-base", "2-stage", "3-commit", "4-health", "5-history", "6-main"})
      all += script_template(fmt::format("node/worker/{}.sh", part));
    const auto unit = embedded::template_file("node/recover.service");
    return fmt::format("RF_WORKER_SUM='{}'\nRF_BOOT_UNIT_SUM='{}'\n", sha256_hex(all), sha256_hex(unit)) +
           script_bytes("RF_WORKER", all) + script_bytes("RF_BOOT_UNIT", unit);
  }();
  return text;
}

std::string detached_parts() {
  return script_template("node/home.sh") + script_template("node/follow.sh") + script_template("node/front.sh");
}

// What a session needs to follow a transaction.
Result<std::string> followed(const TransactionOptions& options) {
  RF_CHECK(check_id(options.id));
  RF_TRY(const auto id, script_word("RF_ID", options.id));
  return id + (options.until == TransactionOptions::Until::settled ? "RF_UNTIL='settled'\n" : "RF_UNTIL='applied'\n");
}

std::string seconds_to_wait(int seconds) { return fmt::format("RF_WAIT='{}'\n", seconds); }

Result<std::string> front(const TransactionOptions& options, int wait_seconds) {
  RF_TRY(const auto text, followed(options));
  return text + seconds_to_wait(wait_seconds) + worker();
}

Result<std::string> undo_data(const UndoChoice& undo) {
  RF_CHECK(check_id(undo.newest));
  for (const auto& id : undo.ids) RF_CHECK(check_id(id));
  RF_TRY(const auto ids, script_word("RF_UNDO", join(undo.ids, " ")));
  RF_TRY(const auto newest, script_word("RF_NEWEST", undo.newest));
  return ids + newest + (undo.drift == Drift::overwrite ? "RF_FORCE='yes'\n" : "RF_FORCE='no'\n") +
         script_template("node/encode.sh") + script_template("node/undo.sh");
}

// The transaction has seen itself how the runtime is; what is left to know are files.
Result<std::string> with_facts(std::string program, const FactsQuery& query) {
  RF_TRY(const auto facts, facts_program(query, Ask::files_only));
  return std::move(program) + facts;
}

std::string settings_of(const Plan& plan) {
  std::string text =
      fmt::format("restart {}\nwait {}\n", restart_word(plan.service.needed() ? plan.service.by : RestartBy::none),
                  plan.service.wait_seconds);
  for (const auto& [key, value] : {std::pair<std::string_view, const std::string&>{"service", plan.service.name},
                                   {"exe", plan.runtime_exe},
                                   {"socket", plan.runtime_socket},
                                   {"config", plan.runtime_config}})
    if (!value.empty()) text += fmt::format("{} {}\n", key, one_line(value));
  for (std::size_t i = 0; i < plan.trials.size(); ++i)
    text += fmt::format("trial {} {}\n", i, one_line(plan.trials[i].path));
  return text;
}

}  // namespace

Result<Secret> transaction_program(const Plan& plan, const TransactionOptions& options) {
  if (plan.empty())
    return Error{.kind = ErrorKind::internal, .message = "the plan is empty: there is nothing to carry out"};
  std::string manifest;
  std::string contents;
  std::string receipt = receipt_head(options);
  int number = 0;
  for (const auto& change : plan.files) {
    RF_CHECK(check_path(change.path));
    const auto before = had_content(change) ? change.before_sha256 : std::string("-");
    const auto after = has_content(change) ? sha256_hex(change.after.expose()) : std::string("-");
    if (had_content(change) && (before.size() != 64 || before.find_first_not_of("0123456789abcdef") != before.npos))
      return Error{.kind = ErrorKind::internal,
                   .message = change.path + " would be replaced, but its checksum is unknown"};
    manifest += fmt::format("{} {}:{} {:o} {} {} {} {} {}\n", number, letter(change.op), class_word(change.kind),
                            change.mode & 07777, change.uid, change.gid, before, after, change.path);
    receipt += fmt::format("file {} {} {}\n", before, after, change.path);
    if (has_content(change)) contents += script_bytes(fmt::format("content_{}", number), change.after.expose());
    ++number;
  }
  for (std::size_t i = 0; i < plan.trials.size(); ++i)
    contents += script_bytes(fmt::format("trial_{}", i), plan.trials[i].content.expose());
  RF_TRY(std::string program, front(options, plan.service.wait_seconds));
  program += script_bytes("RF_SETTINGS", settings_of(plan)) + script_bytes("RF_MANIFEST", manifest) +
             script_bytes("RF_RECEIPT", receipt) + script_bytes("RF_CONTENTS", contents);
  program += script_template("node/transaction.sh") + detached_parts();
  RF_TRY(auto whole, with_facts(std::move(program), options.query));
  return Secret(std::move(whole));
}

Result<std::string> preview_program(const UndoChoice& undo) {
  RF_TRY(const auto data, undo_data(undo));
  return seconds_to_wait(rollback_wait_seconds) + data + script_template("node/preview.sh");
}

Result<std::string> rollback_program(const RollbackOptions& options) {
  RF_TRY(std::string program, front(options.transaction, rollback_wait_seconds));
  RF_TRY(const auto data, undo_data(options.undo));
  RF_TRY(const auto shown, script_word("RF_SHOWN", options.shown));
  program += data + shown + script_bytes("RF_RECEIPT", receipt_head(options.transaction));
  program += script_template("node/rollback.sh") + detached_parts();
  return with_facts(std::move(program), options.transaction.query);
}

Result<std::string> removal_program(const std::string& newest, const FactsQuery& query) {
  if (!newest.empty()) RF_CHECK(check_id(newest));
  RF_TRY(const auto data, script_word("RF_NEWEST", newest));
  return with_facts(data + script_template("node/worker/1-base.sh") + script_template("node/remove.sh"), query);
}

Result<std::string> status_program(const TransactionOptions& options) {
  RF_TRY(const auto data, followed(options));
  return with_facts(
      data + script_template("node/home.sh") + script_template("node/follow.sh") + script_template("node/status.sh"),
      options.query);
}

}  // namespace rf
