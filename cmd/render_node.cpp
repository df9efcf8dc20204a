// render --from-node: what K3s and RKE2 generate from a node's files at its next start.
#include "render_node.h"
#include "host/node_selection.h"
#include "host/profiles.h"
#include "node/after_start.h"
#include "nodes.h"
#include "report/rendered.h"

namespace rf::cmd {
namespace {

Result<std::vector<RenderedFile>> rendered_on(const RunNode& node) {
  if (node.error) return *node.error;
  if (node.detection->era.style != Style::registries_yaml)
    return Error{.kind = ErrorKind::unsupported,
                 .message = node.detection->profile.title + " generates no registry files",
                 .hint = "'regfallback explain' reads the files that are there: " + node.detection->hosts_dir};
  RF_TRY(const auto after, tree_after_start(node.facts->tree, *node.facts, *node.detection));
  return rendered_files(after, registries_yaml_node(*node.facts, *node.detection));
}

}  // namespace

int render_from_nodes(Context& context) {
  const auto setup = prepare(context, {.intent = IntentNeed::none, .nodes = Remembered::use});
  if (!setup) return exit_usage;
  const auto run = open_nodes(context, *setup);
  if (!run) return context.fail(run.error());
  std::vector<RenderedRow> rows;
  bool failed = false;
  for (const auto& node : run->nodes()) {
    auto files = rendered_on(node);
    failed = failed || !files;
    rows.push_back({.node = node.name});
    if (files) {
      rows.back().files = *std::move(files);
    } else {
      rows.back().error = files.error();
      context.error(std::move(files).error().doing("rendering for " + node.name));
    }
  }
  if (context.wants_table())
    context.out.write(rendered_text(rows));
  else
    context.print(rendered_value(rows));
  return failed ? exit_failed : exit_done;
}

}  // namespace rf::cmd
