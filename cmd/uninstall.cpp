#include "line/command.h"
#include "line/consent.h"
#include "nodes.h"
#include "rollout.h"
#include "setup.h"
#include "undoing.h"

namespace rf::cmd {
namespace {

int run(Context& context) {
  const auto& options = context.options;
  if (!options.facts.empty()) {
    context.error({.kind = ErrorKind::usage,
                   .message = "uninstall changes nodes; it cannot use saved facts",
                   .hint = "leave out --facts, and name nodes with --nodes"});
    return exit_usage;
  }
  auto setup = prepare(
      context, {.intent = options.nodes.empty() ? IntentNeed::useful : IntentNeed::none, .nodes = Remembered::use});
  if (!setup) return exit_usage;
  if (const auto possible = options.dry_run ? Result<void>() : check_consent(options, "uninstall"); !possible)
    return context.fail(possible.error());
  const Removal removal{.files = options.keep_files ? Removal::Files::keep : Removal::Files::put_back,
                        .drift = options.overwrite_drift ? Drift::overwrite : Drift::keep};
  return undo_on_nodes(
      context, *setup,
      {.command = "uninstall",
       .action = ChangeAction::uninstall,
       .reason = "uninstall",
       .again = options.keep_files ? "regfallback uninstall --keep-files" : "regfallback uninstall",
       .question = options.keep_files ? "Remove regfallback, but keep the files, from" : "Remove regfallback from",
       .nothing = "regfallback is not installed on these nodes",
       .plan = [&](Run& nodes) { nodes.plan_removal(removal); },
       .carry_out = [](Run& nodes, const Rollout& rollout) { return nodes.uninstall(rollout); }});
}

}  // namespace

Command uninstall_command(Options& options) {
  return {
      .doc =
          {.name = "uninstall",
           .group = "Change",
           .summary = "remove regfallback from nodes: restore the first state and delete everything it keeps there",
           .text =
               "Restores the state of each node before the first apply, byte for byte, in a transaction like that of "
               "apply: all or nothing, with a restart only if one is needed, watched, and undone if the runtime does "
               "not come back. Only then it deletes what regfallback keeps on a node: its state directory with backups "
               "and receipts, and its boot unit. The changes are shown first; nothing can be undone "
               "afterwards.\n\nWith --keep-files the configuration stays as it is, and only regfallback is removed. "
               "The files still have its name in their first line; a later apply treats them as files of others. Files "
               "that somebody else has changed since are a conflict, unless --force or --keep-files is given.",
           .examples = {{"regfallback uninstall --dry-run", "show what would be restored and removed"},
                        {"regfallback uninstall --nodes anubis,babel,ra",
                         "show the change, ask for confirmation, and carry it out"},
                        {"regfallback uninstall --keep-files --yes", "keep the mirrors, remove regfallback"}},
           .exit_codes = {"0  regfallback is removed completely",
                          "1  at least one node failed (it is unchanged, or was not reached), or the answer was no",
                          "2  wrong usage", "4  at least one node is stuck and needs manual repair",
                          "5  at least one node was changed, but parts of regfallback are left there",
                          "130  interrupted; the summary shows the state of every node"}},
      .flags =
          std::vector<Flag>{
              {{"--keep-files", "", "leave the runtime's configuration as it is", "Change"}, &options.keep_files},
              {{"--dry-run", "", "show what would be restored and removed, and exit", "Change"}, &options.dry_run},
              {{"--force", "", "replace files that somebody else has changed since; their version is not kept",
                "Change"},
               &options.overwrite_drift}} +
          rollout_flags(options) + node_flags(options) + intent_flags(options) + output_flags(options),
      .run = run};
}

}  // namespace rf::cmd
