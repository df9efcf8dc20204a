#include "report/test.h"

#include <algorithm>

#include "line/command.h"
#include "nodes.h"
#include "report/model.h"
#include "setup.h"

namespace rf::cmd {
namespace {

// The registries to ask about: those named, else the intent's, else what the node has configured; and the image's.
std::vector<Chain> chains_of(const RunNode& node, const Setup& setup, const Options& options,
                             const std::optional<ImageReference>& image) {
  std::vector<std::string> names = options.registries;
  if (names.empty()) {
    for (const auto& registry : setup.intent.registries) names.push_back(registry.name);
  }
  std::vector<Chain> chains;
  if (names.empty()) {
    chains = configured_chains(*node.facts, *node.detection);
  } else {
    for (const auto& name : names) {
      if (name != "*") chains.push_back(resolve_chain(node.facts->tree, node.detection->config, name));
    }
  }
  const auto has_image = [&](const Chain& chain) { return chain.registry == image->registry; };
  if (image && std::none_of(chains.begin(), chains.end(), has_image)) {
    chains.push_back(resolve_chain(node.facts->tree, node.detection->config, image->registry));
  }
  return chains;
}

// Who names a registry or an image asks about that one; all others expect what the node was given.
TestRow::Configured configured(const RunNode& node, const Options& options) {
  const bool named = !options.registries.empty() || options.pulled_image;
  return named || node.error || is_configured(node) ? TestRow::Configured::yes : TestRow::Configured::nothing;
}

int print_probes(Context& context, const Run& run, const Probes& probes) {
  std::vector<TestRow> rows;
  for (std::size_t i = 0; i < probes.size(); ++i) {
    const auto& node = run.nodes()[i];
    rows.push_back({.node = node.name,
                    .error = node.error,
                    .probe = probes[i] ? &*probes[i] : nullptr,
                    .configured = configured(node, context.options)});
  }
  if (context.wants_table()) {
    context.out.write(test_text(rows, context.style()));
  } else {
    context.print(test_value(rows));
  }
  if (run.end() == RunEnd::interrupted) return exit_interrupted;
  if (any_failed(run)) return exit_failed;
  return test_findings(rows).empty() ? exit_done : exit_findings;
}

int run_test(Context& context) {
  const auto& options = context.options;
  const auto& image = options.pulled_image;
  if (!options.facts.empty()) {
    context.error(
        {.kind = ErrorKind::usage,
         .message = "test needs live nodes; it cannot use saved facts",
         .hint = "'regfallback explain IMAGE --facts " + options.facts + "' computes what the nodes would do"});
    return exit_usage;
  }
  auto setup = prepare(context, {.intent = IntentNeed::useful, .nodes = Remembered::use});
  if (!setup) return exit_usage;
  auto run = open_nodes(context, *setup);
  if (!run) return context.fail(run.error());
  const auto probes = run->probe(image, [&](const RunNode& node) { return chains_of(node, *setup, options, image); });
  return print_probes(context, *run, probes);
}

}  // namespace

Command test_command(Options& options) {
  return {
      .doc =
          {.name = "test",
           .group = "Look",
           .summary = "test from every node which endpoint answers for each registry, with real pulls through the CRI",
           .text =
               "Asks from each node every endpoint that its containerd would try, in the same order, and shows whether "
               "and how fast it answers, or why not (DNS, refused, timeout, TLS, 401, 404, wrong content). With "
               "--image each endpoint is asked for that image, and the image is pulled through the CRI as the kubelet "
               "does. Redirects are not followed, and credentials never appear in a process list. Nodes need curl, GNU "
               "wget or openssl; nothing is installed and no configuration is changed.",
           .examples = {{"regfallback test", "test the registries of the intent file on its nodes"},
                        {"regfallback test --image anubis:32000/library/alpine", "also pull this image on every node"},
                        {"regfallback test --nodes ra --registry ghcr.io -o json",
                         "one node and one registry, as JSON"}},
           .exit_codes = {"0  everything answers", "1  a node was not reached", "2  wrong usage or intent",
                          "3  findings"}},
      .flags =
          std::vector<Flag>{
              parsed({"-i,--image", "IMAGE", "ask for this image, and pull it through the CRI", "What"},
                     options.pulled_image, parse_image),
              {{"--registry", "NAME", "only this registry; can be repeated", "What"}, &options.registries}} +
          node_flags(options) + intent_flags(options) + output_flags(options),
      .run = run_test};
}

}  // namespace rf::cmd
