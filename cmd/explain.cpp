// explain: the endpoints containerd tries for an image, in order, and why; on nodes, from saved facts, or from files
// alone.
#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "copy.h"
#include "failing_pull.h"
#include "host/files.h"
#include "line/command.h"
#include "node/after_start.h"
#include "node/condition.h"
#include "nodes.h"
#include "report/explain.h"
#include "setup.h"

namespace rf::cmd {
namespace {

constexpr std::string_view command = "explain";

// One node as far as it decides a chain.
struct Site {
  std::string node = {};
  FileTree tree = {};
  EffectiveConfig config = {};
  ChainOptions options = {};
  // Where the distribution renders its configuration at its start, from files that say something else by now: as it is
  // until then.
  std::optional<FileTree> until_start = {};
  std::optional<EffectiveConfig> config_until_start = {};
  std::string distribution = {};  // its title
  ProxyEnvironment proxy = {};    // of its containerd
  std::optional<NodeCondition> condition = {};
};

// Looks at the node as it will be after its distribution's next start. Where that fails, it goes on with what it has
// rendered before.
Result<void> look_after_start(const RegistriesYamlNode& node, const Detection& detection, const ConfigSource& source,
                              Site& site) {
  const bool rendered = site.tree.exists(node.config_file);
  if (!rendered && !site.tree.exists(node.registries_file)) return {};
  auto after = project_registries_yaml(site.tree, node);
  if (!after && rendered && after.error().kind == ErrorKind::parse) {
    site.condition = NodeCondition{.kind = NodeCondition::Kind::next_start_fails, .error = std::move(after).error()};
    site.condition->error.hint = "repair it before the next start";
    site.condition->error.message =
        fmt::format("{} will not start again: {}", detection.profile.title, site.condition->error.message);
    return {};
  }
  if (!after) return std::move(after).error();
  if (rendered) {
    site.until_start = std::move(site.tree);
    site.config_until_start = std::move(site.config);
  }
  site.tree = *std::move(after);
  site.config = effective_config(site.tree, source, detection.containerd);
  site.distribution = detection.profile.title;
  return {};
}

// Files in place of a node: what is not among them is not there.
Result<Site> site_of_files(const Options& options) {
  RF_TRY(auto copy, options.root.empty() ? copy_of_config_path(options, command)
                                         : copy_below_root(options, command, GeneratedFiles::found));
  Site site{.tree = std::move(copy.facts.tree), .config = std::move(copy.config), .options = copy.chain};
  if (copy.detection && copy.detection->era.style == Style::registries_yaml)
    RF_CHECK(look_after_start(registries_yaml_node_of(options, *copy.detection, site.tree), *copy.detection,
                              copy.source, site));
  if (!site.condition) site.condition = condition_of(site.config);
  return site;
}

Result<Site> site_of_facts(const Options& options, const std::string& node, const Facts& facts,
                           const Detection& detection) {
  Site site{
      .node = node, .tree = facts.tree, .config = detection.config, .options = {}, .proxy = detection.runtime.proxy};
  auto containerd = detection.containerd;
  if (options.containerd_version) {
    RF_TRY(containerd, wanted_version(options, command));
  }
  RF_TRY(const auto mode, wanted_pull_mode(options, containerd));
  auto source = config_source(detection);
  source.pull_mode = mode;
  if (options.containerd_version || mode) site.config = effective_config(facts.tree, source, containerd);
  if (detection.era.style == Style::registries_yaml)
    RF_CHECK(look_after_start(registries_yaml_node(facts, detection), detection, source, site));
  if (!site.condition) site.condition = condition_of(detection, site.config);
  return site;
}

// Every node that could be read; what is wrong with the others is said, and `failed` counts them.
struct Sites {
  std::vector<Site> all = {};
  std::size_t failed = 0;
};

// Live nodes, or --facts.
Result<Sites> sites_of_nodes(Context& context, const Setup& setup) {
  const auto& options = context.options;
  RF_TRY(const auto run, open_nodes(context, setup));
  Sites sites;
  for (const auto& node : run.nodes()) {
    auto site =
        node.error ? Result<Site>(*node.error) : site_of_facts(options, node.name, *node.facts, *node.detection);
    if (site) {
      sites.all.push_back(*std::move(site));
    } else {
      context.error(std::move(site).error().doing("reading " + node.name));
      ++sites.failed;
    }
  }
  return sites;
}

Result<void> one_source(const Options& options) {
  const bool given[] = {!options.root.empty(), !options.config_path.empty(), !options.facts.empty(),
                        !options.nodes.empty()};
  if (std::count(std::begin(given), std::end(given), true) <= 1) return {};
  return Error{.kind = ErrorKind::usage,
               .message = "explain: --nodes, --facts, --root and --config-path cannot be combined",
               .hint = "use --root DIR for a copy of a node's files, --facts DIR for facts saved by 'detect --save'"};
}

Result<Sites> all_sites(Context& context, const std::optional<Setup>& setup) {
  if (setup) return sites_of_nodes(context, *setup);
  RF_TRY(auto site, site_of_files(context.options));
  Sites sites;
  sites.all.push_back(std::move(site));
  return sites;
}

Result<std::vector<ImageReference>> all_images(const Options& options) {
  std::vector<std::string> texts = options.images;
  if (!options.images_file.empty()) {
    RF_TRY(const auto file, read_local_file(options.images_file));
    for (const auto line : lines(file.text))
      if (const auto image = trim(line); !image.empty() && image[0] != '#') texts.emplace_back(image);
  }
  if (texts.empty())
    return Error{.kind = ErrorKind::usage,
                 .message = "explain: no image given",
                 .hint = "regfallback explain nginx:1.27 --facts DIR"};
  std::vector<ImageReference> images;
  for (const auto& text : texts) {
    RF_TRY(auto image, parse_image(text));
    images.push_back(std::move(image));
  }
  return images;
}

Result<Assumptions> all_assumptions(const Options& options) {
  Assumptions assumptions;
  for (const auto& text : options.assume) {
    RF_TRY(const auto one, parse_assumption(text));
    assumptions.insert_or_assign(one.first, one.second);
  }
  return assumptions;
}

std::vector<std::string> urls(const Chain& chain) {
  std::vector<std::string> all;
  for (const auto& endpoint : chain.endpoints) all.push_back(endpoint.url());
  return all;
}

// The chain after the distribution's next start, with a note where it is another one until then.
Chain chain_of(const Site& site, const std::string& registry, Context& context) {
  auto chain = resolve_chain(site.tree, site.config, registry, site.options);
  if (!site.until_start) return chain;
  const auto now = resolve_chain(*site.until_start, *site.config_until_start, registry, site.options);
  if (urls(now) != urls(chain))
    context.note(fmt::format("{}{} renders this at its next start; until then the endpoints of {} are {}",
                             site.node.empty() ? "" : site.node + ": ", site.distribution, registry,
                             now.endpoints.empty() ? "unknown" : join(urls(now), ", ")));
  return chain;
}

struct Explanations {
  std::vector<Explanation> all = {};
  int exit = exit_done;
};

// A host that nothing asks is most likely mistyped. Where no chain could be computed nothing is said of it.
Result<void> check_assumed_hosts(const Assumptions& assumptions, const std::vector<Explanation>& explanations) {
  std::set<std::string> asked;
  for (const auto& explanation : explanations)
    for (const auto& endpoint : explanation.chain.endpoints) asked.insert(endpoint.host);
  for (const auto& [name, assumption] : assumptions) {
    const auto host = name.substr(0, name.find('/'));
    if (asked.empty() || host == "*" || asked.count(host) > 0) continue;
    return Error{.kind = ErrorKind::usage,
                 .message = fmt::format("explain: --assume {}: no endpoint has this host", host),
                 .hint = fmt::format("the endpoints are: {}", fmt::join(asked, ", "))};
  }
  return {};
}

// Files are looked at without a setup, nodes with one.
Result<Explanations> explain_all(Context& context, const std::optional<Setup>& setup) {
  const auto& options = context.options;
  RF_TRY(const auto images, all_images(options));
  RF_TRY(const auto assumptions, all_assumptions(options));
  RF_TRY(const auto sites, all_sites(context, setup));
  Explanations out{.exit = sites.failed == 0 ? exit_done : exit_failed};
  auto& all = out.all;
  for (const auto& site : sites.all) {
    std::map<std::string, Chain> chains;  // by registry
    for (const auto& image : images) {
      auto chain = chains.find(image.registry);
      if (chain == chains.end()) chain = chains.emplace(image.registry, chain_of(site, image.registry, context)).first;
      if (chain->second.unread) {
        context.error(Error(*chain->second.unread).doing("reading " + site.node));
        out.exit = exit_failed;
        break;
      }
      all.push_back({.node = site.node,
                     .condition = site.condition,
                     .image = image,
                     .config = site.config,
                     .chain = chain->second,
                     .proxy = site.proxy,
                     .prediction = predict_pull(chain->second, image, assumptions, site.config),
                     .assumed = assumptions.empty() ? Explanation::Assumed::nothing : Explanation::Assumed::something});
    }
  }
  RF_CHECK(check_assumed_hosts(assumptions, all));
  return out;
}

int run_explain(Context& context) {
  const auto& options = context.options;
  if (options.error_text) return run_failing_pull(context, FailingPullDetail::chain);
  if (const auto one = one_source(options); !one) {
    context.error(one.error());
    return exit_usage;
  }
  std::optional<Setup> setup;
  if (options.root.empty() && options.config_path.empty()) {
    const bool named = !options.nodes.empty() || !options.facts.empty();
    setup = prepare(context, {.intent = named ? IntentNeed::none : IntentNeed::useful, .nodes = Remembered::use});
    if (!setup) return exit_usage;
  }
  const auto explanations = explain_all(context, setup);
  if (!explanations) return context.fail(explanations.error());
  const auto& all = explanations->all;
  if (context.wants_table()) {
    for (std::size_t i = 0; i < all.size(); ++i)
      context.out.write((i == 0 ? "" : "\n") + explain_text(all[i], context.style()));
  } else if (all.size() == 1) {
    context.print(explain_value(all.front()));
  } else {
    auto list = Value::array();
    for (const auto& explanation : all) list.push(explain_value(explanation));
    context.print(Value::object({{"schema", "regfallback.explain-list/v1"}, {"explanations", std::move(list)}}));
  }
  return explanations->exit;
}

std::vector<Flag> explain_files_flags(Options& options) {
  auto flags = copy_flags(options);
  flags.insert(flags.begin() + 1, {{"--config-path",
                                    "VALUE",
                                    "use only this value of config_path, with directories on this machine",
                                    flags.front().doc.group,
                                    {},
                                    FlagDoc::Completes::directory},
                                   &options.config_path});
  return flags;
}

}  // namespace

Command explain_command(Options& options) {
  return {
      .doc =
          {.name = "explain",
           .group = "Look",
           .summary = "show the URLs containerd tries for an image, in order, and the lines that set them",
           .text =
               "Computes from a node's files what its version of containerd does for an image: the directory it finds, "
               "the file and line of each endpoint, what is ignored and why, and which credentials each endpoint is "
               "offered.\n\n--assume sets the answers of endpoints; then the requests are listed with the retries and "
               "aborts of this version, and the error the user would see. Without it, every endpoint is assumed to "
               "serve the image. With --error the image, and the answer of the endpoint that failed, are read from the "
               "text of a failed pull, whose cause, line and fix are shown first. Without --nodes and without nodes in the intent, the nodes of the last apply are "
               "used. Nothing is changed.",
           .examples =
               {{"regfallback explain nginx:1.27 --nodes anubis,babel", "on two nodes"},
                {"regfallback explain nginx:1.27 --config-path /etc/containerd/certs.d --containerd-version 1.7.24",
                 "with the certs.d of this machine"},
                {"regfallback explain nginx --root /mnt/node --containerd-version 2.1.4 --assume '*=404'",
                 "the disk of a node, if every endpoint answered 404"},
                {"regfallback explain ghcr.io/org/app:1 --facts facts/ -o json", "saved facts of many nodes, as JSON"},
                {"regfallback explain --error 'failed to do request: Head \"https://m:5000/v2/\": EOF' --nodes ra",
                 "the chain behind an error message"}},
           .exit_codes = {"0  done", "1  a node was not reached, or something could not be read", "2  wrong usage",
                          "3  with --error: the cause of a failed pull"}},
      .arguments = {{{"IMAGE", "", "image references, as in a pod", "", {}, FlagDoc::Completes::nothing},
                     &options.images}},
      .flags =
          std::vector<Flag>{
              {{"--assume", "HOST=ANSWER",
                "assumed answer of HOST: an HTTP status, refused, dns, tls, http (no TLS), timeout or eof; can be "
                "repeated; * means every other host, HOST/manifests and HOST/blobs one kind of request",
                "Assumptions"},
               &options.assume},
              {{"--images-file",
                "FILE",
                "file with one image reference per line (- is standard input)",
                "Images",
                {},
                FlagDoc::Completes::file},
               &options.images_file}} +
          failing_pull_flags(options) + node_flags(options) + explain_files_flags(options) + intent_flags(options) +
          output_flags(options),
      .run = run_explain};
}

}  // namespace rf::cmd
