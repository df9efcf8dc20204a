#include "report/detect.h"
#include "host/facts_dir.h"
#include "line/command.h"
#include "nodes.h"
#include "setup.h"

namespace rf::cmd {
namespace {

bool save_all(Context& context, const Run& run) {
  bool saved = true;
  for (const auto& node : run.nodes()) {
    if (!node.facts) continue;
    const auto path = save_facts(context.options.save, node.name, *node.facts);
    if (path) {
      context.note("saved " + *path);
    } else {
      context.error(path.error());
      saved = false;
    }
  }
  return saved;
}

int run_detect(Context& context) {
  auto setup = prepare(context, {.intent = context.options.nodes.empty() ? IntentNeed::useful : IntentNeed::none});
  if (!setup) return exit_usage;
  const auto run = open_nodes(context, *setup);
  if (!run) return context.fail(run.error());
  std::vector<DetectRow> rows;
  for (const auto& node : run->nodes()) {
    rows.push_back({.node = node.name,
                    .error = node.error,
                    .facts = node.facts ? &*node.facts : nullptr,
                    .detection = node.detection ? &*node.detection : nullptr});
  }
  if (context.wants_table()) {
    context.out.write(detect_text(rows, context.style()));
    note_unconfigured(context, *run);
  } else {
    context.print(detect_value(rows));
  }
  const bool saved = context.options.save.empty() || save_all(context, *run);
  return !saved || any_failed(*run) ? exit_failed : exit_done;
}

}  // namespace

Command detect_command(Options& options) {
  return {
      .doc =
          {.name = "detect",
           .group = "Look",
           .summary = "show what runs on each node and how its registries are configured now",
           .text =
               "Reads each node once and shows which distribution and containerd run there, where that containerd "
               "reads its registry configuration, and in which order it tries endpoints for every configured registry. "
               "Nothing is changed.",
           .examples = {{"regfallback detect --nodes anubis,babel,ra",
                         "three nodes, by the names in your ssh configuration"},
                        {"regfallback detect --nodes 'node[01-32]' -o json", "32 nodes, as JSON"},
                        {"regfallback detect --nodes anubis --save facts",
                         "save what was read, with secrets masked, to work offline or to report a problem"}},
           .exit_codes = {"0  every node was read", "1  a node was not reached or not recognised", "2  wrong usage"}},
      .flags = std::vector<Flag>{{{"--save",
                                   "DIR",
                                   "write the facts of each node to DIR, for use with --facts",
                                   "Result",
                                   {},
                                   FlagDoc::Completes::directory},
                                  &options.save}} +
               node_flags(options) + intent_flags(options) + output_flags(options),
      .run = run_detect};
}

}  // namespace rf::cmd
