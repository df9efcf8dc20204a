#include "command.h"
#include "host/files.h"
#include "host/node_selection.h"
#include "intent/intent.h"

namespace rf::cmd {
namespace {

Result<std::string> starter(const Options& options) {
  const auto found = intent_from_flags(options.mirrors);
  if (!found.ok()) return found.problems.front();
  std::vector<std::string> names;
  if (!options.nodes.empty()) {
    RF_TRY(const auto selection, select_nodes(options.nodes, Intent{}, Remembered::ignore));
    for (const auto& node : selection.nodes) names.push_back(node.text);
  }
  return starter_intent(names, options.mirrors.empty() ? nullptr : &found.intent);
}

int run(Context& context) {
  const auto& options = context.options;
  if (options.schema) {
    context.out.write(intent_schema());
    return exit_done;
  }
  const auto text = starter(options);
  if (!text) {
    context.error(text.error());
    return exit_usage;
  }
  const auto& path = options.argument;
  if (path.empty()) {
    context.out.write(*text);
    return exit_done;
  }
  if (local_file_exists(path) && !options.force) {
    context.error({.kind = ErrorKind::usage, .message = path + " exists", .hint = "--force replaces it"});
    return exit_usage;
  }
  if (const auto written = write_local_file(path, *text, 0644); !written) {
    context.error(written.error());
    return exit_failed;
  }
  context.note("wrote " + path + "; 'regfallback plan --config " + path + "' shows what it would change");
  return exit_done;
}

}  // namespace

Command init_command(Options& options) {
  return {.doc = {.name = "init",
                  .group = "The intent file",
                  .summary = "write a commented starter file",
                  .text = "Prints an intent file to start from, or writes it to FILE. Nothing on any node is read or changed.",
                  .examples = {{"regfallback init --nodes anubis,babel,ra regfallback.yaml", "a file for three nodes"},
                               {"regfallback init -m docker.io=http://anubis:32000 > regfallback.yaml", "with a mirror for Docker Hub in it"},
                               {"regfallback init --schema > regfallback.schema.json", "JSON Schema of the file, for editors"}},
                  .exit_codes = {"0  done", "1  the file could not be written", "2  wrong usage"}},
          .arguments = {{{"FILE", "", "where to write (default: standard output)", "", {}, FlagDoc::Completes::file}, &options.argument}},
          .flags = {{{"-n,--nodes", "LIST", "nodes to put into the file", "Content"}, &options.nodes},
                    {{"-m,--mirror", "REGISTRY=URL,...", "endpoints for a registry, in order; repeat for more registries", "Content"},
                     &options.mirrors},
                    {{"--schema", "", "the JSON Schema of the file in place of a starter", "Content"}, &options.schema},
                    {{"--force", "", "replace FILE when it exists", "Content"}, &options.force},
                    {{"-q,--quiet", "", "no notes", "Output"}, &options.quiet}},
          .run = run};
}

}  // namespace rf::cmd
