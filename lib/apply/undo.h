// What undoing transactions would do, as the node computes it from its history: a plan, shown before anything is asked.
#pragma once
#include <asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apply/programs.h"
#include "base/result.h"
#include "node/history.h"
#include "plan/plan.h"
#include "transport/shell/shell.h"

namespace rf {

struct UndoChange {
  FileChange::Op op = FileChange::Op::replace;
  FileChange::Class kind = FileChange::Class::hosts;
  unsigned mode = 0;
  unsigned uid = 0;
  unsigned gid = 0;
  std::string before = {};             // checksum the path must have when it is changed, "-" for not there
  std::string after = {};              // checksum it gets, "-" for not there
  std::string now = {};                // checksum it has; "-", or a word for what is no file
  std::string path = {};               // absolute
  std::optional<Secret> content = {};  // what comes back; nothing where it was too large to be sent
};
struct UndoPreview {
  RestartBy restart = RestartBy::none;
  std::string service = {};
  int wait_seconds = 60;
  std::string shown = {};  // of all changes: what a rollback_program() is held to
  std::vector<UndoChange> changes = {};
};

// What a preview_program() printed. Pure. Error of kind conflict when the node's history is another one than before.
Result<UndoPreview> parse_undo_preview(std::string_view output);

// Runs a preview_program(), which must live until it ends.
asio::awaitable<Result<UndoPreview>> preview_undo(Shell& shell, std::string_view program,
                                                  std::chrono::milliseconds limit);

// As a plan, for people and for the order of a fleet's restarts. Pure. Error of kind conflict where a file is not as
// the last transaction left it, which says how `command` overwrites it. `detection`: where the node is known well
// enough.
Result<Plan> plan_of_undo(const UndoPreview& preview, const Undo& undo, const Facts& facts, const Detection* detection,
                          std::string_view command);

// Whether the node is as that plan wanted it, by facts read afterwards: nothing, or what is not. Pure.
std::optional<std::string> left_undone(const Plan& plan, const Facts& facts);

}  // namespace rf
