#include "host/files.h"
#include "host/node_selection.h"
#include "host/profiles.h"
#include "intent/intent.h"
#include "line/command.h"
#include "nodes.h"
#include "plan/found.h"
#include "setup.h"

namespace rf::cmd {
namespace {

// What the first node that was asked does now, as an intent.
Result<std::string> starter_from_nodes(Context& context) {
  const auto& options = context.options;
  Setup setup;
  RF_TRY(setup.profiles, read_profiles(options.profiles_dir));
  if (options.facts.empty()) {
    RF_TRY(setup.selection, select_nodes(options.nodes, Intent{}, Remembered::ignore));
  }
  RF_TRY(const auto run, open_nodes(context, setup));
  std::vector<std::string> names;
  for (const auto& node : run.nodes()) names.push_back(node.spec.text);
  for (const auto& node : run.nodes()) {
    if (node.error) return *node.error;
    const auto found = found_intent(node.facts->tree, node.detection->config);
    for (const auto& note : found.notes) context.note(node.name + ": " + note);
    if (found.intent.registries.empty()) continue;
    return starter_intent(names, &found.intent);
  }
  context.note("no registry is configured there yet");
  return starter_intent(names, nullptr);
}

Result<std::string> starter(Context& context) {
  const auto& options = context.options;
  if (options.found || !options.facts.empty()) return starter_from_nodes(context);
  const auto found = intent_from_flags(options.registry_flags);
  if (!found.ok()) return found.problems.front();
  std::vector<std::string> names;
  if (!options.nodes.empty()) {
    RF_TRY(const auto selection, select_nodes(options.nodes, Intent{}, Remembered::ignore));
    for (const auto& node : selection.nodes) names.push_back(node.text);
  }
  return starter_intent(names, options.registry_flags.empty() ? nullptr : &found.intent);
}

int run_init(Context& context) {
  const auto& options = context.options;
  if (options.schema) {
    context.out.write(intent_schema());
    return exit_done;
  }
  const auto text = starter(context);
  if (!text) {
    context.error(text.error());
    return options.found ? exit_code_of(text.error()) : exit_usage;
  }
  const auto& path = options.init_file;
  if (path.empty()) {
    context.out.write(*text);
    return exit_done;
  }
  if (local_file_exists(path) && !options.replace_file) {
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
  return {
      .doc =
          {.name = "init",
           .group = "The intent file",
           .summary = "write a commented starter file",
           .text = "Prints an intent file to start from, or writes it to FILE. With --found it contains the registries "
                   "that the nodes have configured now; without it no node is read. Nothing is changed on any node.",
           .examples = {{"regfallback init --nodes anubis,babel,ra regfallback.yaml", "write a file for three nodes"},
                        {"regfallback init -m docker.io=http://anubis:32000 > regfallback.yaml",
                         "with a mirror for Docker Hub"},
                        {"regfallback init --found --nodes anubis > regfallback.yaml",
                         "with the registries that anubis has configured now"},
                        {"regfallback init --schema > regfallback.schema.json",
                         "the JSON Schema of the file, for editors"}},
           .exit_codes = {"0  done", "1  the file could not be written, or a node was not reached", "2  wrong usage"}},
      .arguments = {{{"FILE", "", "where to write (default: standard output)", "", {}, FlagDoc::Completes::file},
                     &options.init_file}},
      .flags =
          std::vector<Flag>{
              {{"-m,--mirror", "REGISTRY=URL,...",
                "endpoints for a registry, in order; can be repeated for more registries", "Content"},
               &options.registry_flags.mirrors},
              {{"--fallback", "REGISTRY=URL,...", "endpoints after the registry itself, in order", "Content"},
               &options.registry_flags.fallbacks},
              {{"--found", "", "include the registries that the nodes have configured now", "Content"}, &options.found},
              {{"--schema", "", "print the JSON Schema of the file instead", "Content"}, &options.schema},
              {{"--force", "", "replace FILE if it exists", "Content"}, &options.replace_file},
              {{"-q,--quiet", "", "no notes", "Output"}, &options.quiet}} +
          node_flags(options),
      .run = run_init};
}

}  // namespace rf::cmd
