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
                   .message = "uninstall changes nodes; it cannot work on saved facts",
                   .hint = "leave --facts out, and name nodes with --nodes"});
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
       .question = options.keep_files ? "Remove regfallback, and keep the files, from" : "Remove regfallback from",
       .nothing = "nothing of regfallback is on these nodes",
       .plan = [&](Run& nodes) { nodes.plan_removal(removal); },
       .carry_out = [](Run& nodes, const Rollout& rollout) { return nodes.uninstall(rollout); }});
}

}  // namespace

Command uninstall_command(Options& options) {
  return {
      .doc = {.name = "uninstall",
              .group = "Change",
              .summary = "take regfallback off nodes: the first state back, and every trace of it gone",
              .text = "Puts back what each node was before the first apply, byte for byte, in a transaction like that "
                      "of apply: all or nothing, a restart only where one is needed, watched, and itself undone when "
                      "the runtime does not come back. Only then is removed what regfallback keeps on a node: its "
                      "state directory with backups and receipts, and its boot unit. It is shown first, and nothing "
                      "can be undone afterwards.\n\n"
                      "With --keep-files the configuration stays as it is, and only regfallback goes. The files "
                      "still have its name in their first line; to a later apply they are files of others. Files that "
                      "somebody else changed since are a conflict, unless --force or --keep-files.",
              .examples = {{"regfallback uninstall --dry-run", "what would be put back and removed"},
                           {"regfallback uninstall --nodes anubis,babel,ra", "shown, asked, and carried out"},
                           {"regfallback uninstall --keep-files --yes", "the mirrors stay, regfallback goes"}},
              .exit_codes = {"0  nothing of regfallback is left",
                             "1  at least one node failed; it is as it was, or was not reached; or the answer was no",
                             "2  wrong usage", "4  at least one node is stuck and needs a person",
                             "5  at least one node was changed, and something of regfallback is left there",
                             "130  interrupted; the summary says in which state every node is"}},
      .flags =
          std::vector<Flag>{
              {{"--keep-files", "", "leave the runtime's configuration as it is", "Change"}, &options.keep_files},
              {{"--dry-run", "", "show what would be put back and removed, and end", "Change"}, &options.dry_run},
              {{"--force", "", "replace files that somebody else changed since; their version is not kept", "Change"},
               &options.overwrite_drift}} +
          rollout_flags(options) + node_flags(options) + intent_flags(options) + output_flags(options),
      .run = run};
}

}  // namespace rf::cmd
