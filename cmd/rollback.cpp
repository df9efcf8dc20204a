#include <fmt/format.h>

#include <algorithm>

#include "line/command.h"
#include "line/consent.h"
#include "nodes.h"
#include "rollout.h"
#include "setup.h"
#include "undoing.h"

namespace rf::cmd {
namespace {

int list(Context& context, const Setup& setup) {
  auto run = open_nodes(context, setup);
  if (!run) return context.fail(run.error());
  const auto rows = status_rows(*run);
  if (context.wants_table()) {
    context.out.write(receipts_text(rows, context.style()));
  } else {
    context.print(receipts_value(rows));
  }
  return any_failed(*run) ? exit_failed : exit_done;
}

bool is_plain_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == text.npos;
}

Result<std::string> parse_id(std::string_view text) {
  if (is_plain_id(text)) return std::string(text);
  return Error{.kind = ErrorKind::usage,
               .message = fmt::format("'{}' is not an id", text),
               .hint = "'regfallback rollback --list' shows what can be undone"};
}

Result<UndoTarget> parse_which(std::string_view text) {
  if (text == "latest") return UndoTarget{};
  if (text == "first") return UndoTarget{.what = UndoTarget::What::first};
  RF_TRY(auto id, parse_id(text));
  return UndoTarget{.what = UndoTarget::What::from, .which = std::move(id)};
}

Result<UndoTarget> target_of(const Options& options) {
  if (options.undone_run.empty()) return options.undo;
  if (options.undo.what == UndoTarget::What::latest)
    return UndoTarget{.what = UndoTarget::What::run, .which = options.undone_run};
  return Error{.kind = ErrorKind::usage,
               .message = "--undo and --run cannot be combined",
               .hint = "--run undoes only one run, --undo a transaction and all later ones"};
}

// The flags that say it, with a blank before them.
std::string flags_of(const UndoTarget& target) {
  switch (target.what) {
    case UndoTarget::What::latest: return "";
    case UndoTarget::What::first: return " --undo first";
    case UndoTarget::What::from: return " --undo " + target.which;
    case UndoTarget::What::run: return " --run " + target.which;
  }
  return "";
}

std::string reason_of(const UndoTarget& target) {
  switch (target.what) {
    case UndoTarget::What::latest: return "rollback";
    case UndoTarget::What::first: return "rollback of everything";
    case UndoTarget::What::from: return "rollback of " + target.which + " and later";
    case UndoTarget::What::run: return "rollback of run " + target.which;
  }
  return "";
}

// No node that was reached knows the run: most likely it was mistyped, or these are not its nodes.
void refuse_unknown_run(Run& run, const std::string& id) {
  auto& nodes = run.nodes();
  const bool known = std::any_of(nodes.begin(), nodes.end(), [](const RunNode& node) {
    return node.error || !node.undo || !node.undo->undo.undone.empty() ||
           node.undo->undo.nothing == Undo::Nothing::undone_already;
  });
  if (known) return;
  for (auto& node : nodes)
    node.fail({.kind = ErrorKind::refused,
               .message = "run " + id + " has changed nothing here",
               .hint = "'regfallback rollback --list' shows the runs of a node; --nodes chooses the nodes"});
}

int run_rollback(Context& context) {
  const auto& options = context.options;
  if (!options.facts.empty() && !options.list_receipts) {
    context.error({.kind = ErrorKind::usage,
                   .message = "rollback changes nodes; it cannot use saved facts",
                   .hint = "with --list it can"});
    return exit_usage;
  }
  const auto given = target_of(options);
  if (!given) return context.fail(given.error());
  const auto& target = *given;
  auto setup = prepare(context, {.intent = options.nodes.empty() ? IntentNeed::useful : IntentNeed::none,
                                 .nodes = Remembered::use,
                                 .run = target.what == UndoTarget::What::run ? target.which : ""});
  if (!setup) return exit_usage;
  if (options.list_receipts) return list(context, *setup);
  if (const auto possible = options.dry_run ? Result<void>() : check_consent(options, "rollback"); !possible)
    return context.fail(possible.error());
  const RollbackTarget rollback{.undo = target, .drift = options.overwrite_drift ? Drift::overwrite : Drift::keep};
  return undo_on_nodes(context, *setup,
                       {.command = "rollback",
                        .action = ChangeAction::rollback,
                        .reason = reason_of(target),
                        .again = "regfallback rollback" + flags_of(target),
                        .question = "Roll back",
                        .nothing = "nothing to roll back",
                        .plan =
                            [&](Run& nodes) {
                              nodes.plan_undo(rollback);
                              if (target.what == UndoTarget::What::run) refuse_unknown_run(nodes, target.which);
                            },
                        .carry_out = [](Run& nodes, const Rollout& rollout) { return nodes.roll_back(rollout); }});
}

}  // namespace

Command rollback_command(Options& options) {
  return {
      .doc =
          {.name = "rollback",
           .group = "Change",
           .summary = "restore what an earlier apply replaced (--list shows what can be restored)",
           .text =
               "Goes back one step: on each node it undoes the newest change that is not undone yet, byte for byte: "
               "contents, modes, owners, and files that did not exist. A second rollback goes one step further back. "
               "It first shows what it will do: files, differences, restarts, and the state each node returns to. It "
               "is a transaction like any other: all or nothing, with a health check, and undone if the runtime does "
               "not come back.\n\nFiles that somebody else has changed since are a conflict, unless --force is given. "
               "If there is nothing to undo, it says so; that is not a failure. A rollback can be undone like any "
               "other change: pass its own id to --run.",
           .examples = {{"regfallback rollback --list", "show what can be undone on the nodes of the last apply"},
                        {"regfallback rollback --dry-run", "show what would be undone, and the state it leads to"},
                        {"regfallback rollback --run 1f2e3d4c", "undo one run, on every node of it"},
                        {"regfallback rollback --nodes anubis,babel,ra", "undo the newest change on these nodes"},
                        {"regfallback rollback --undo first", "restore the state before the first apply"}},
           .exit_codes = {"0  done, or there was nothing to undo",
                          "1  at least one node failed (it is unchanged, or was not reached), or the answer was no",
                          "2  wrong usage", "4  at least one node is stuck and needs manual repair",
                          "5  at least one node was changed but is not as expected afterwards",
                          "130  interrupted; the summary shows the state of every node"}},
      .flags =
          std::vector<Flag>{
              {{"-l,--list", "", "list what can be undone, and exit", "Change"}, &options.list_receipts},
              {{"--dry-run", "", "show what would be undone, and exit", "Change"}, &options.dry_run},
              parsed({"--undo", "WHICH",
                      "latest (default), first (everything), or a number or id from --list: that one and all later "
                      "ones",
                      "Change"},
                     options.undo, parse_which),
              parsed({"--run", "ID",
                      "undo only what this run changed, on each of its nodes (default: the nodes this machine "
                      "remembers)",
                      "Change"},
                     options.undone_run, parse_id),
              {{"--force", "", "replace files that somebody else has changed since; their version is not kept",
                "Change"},
               &options.overwrite_drift}} +
          rollout_flags(options) + node_flags(options) + intent_flags(options) + output_flags(options),
      .run = run_rollback};
}

}  // namespace rf::cmd
