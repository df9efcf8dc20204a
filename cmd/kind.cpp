#include "kind.h"

#include <algorithm>
#include <cstdlib>

#include "base/text.h"
#include "containerd/chain/image_reference.h"
#include "host/profiles.h"
#include "line/command.h"
#include "transport/ways/container_name.h"

namespace rf::cmd {
namespace {

int run_kind(Context& context) {
  const auto action = context.options.kind_action;
  if (action == KindAction::none) {
    context.error(
        {.kind = ErrorKind::usage, .message = "kind: no action given", .hint = "regfallback kind registry|status"});
    return exit_usage;
  }
  if (const auto checked = check_kind_flags(context.options); !checked) {
    context.error(checked.error());
    return exit_usage;
  }
  return action == KindAction::registry ? kind_registry(context) : kind_status(context);
}

std::vector<Flag> kind_flags(Options& options) {
  const std::string group = "KIND";
  return {
      {{"--cluster", "NAME", "the KIND cluster (default: $KIND_CLUSTER_NAME, else kind)", group}, &options.cluster},
      {{"--registry-name", "NAME", "name of the registry container (default kind-registry)", group},
       &options.registry_name},
      {{"--registry-port", "PORT", "port of this machine to publish it on (default: its current one, else 5001)",
        group},
       &options.registry_port},
      {{"--registry-image", "IMAGE", "image of a new registry container (default registry:2)", group},
       &options.registry_image},
      parsed({"-i,--image", "IMAGE", "status: pull this image on every node", group}, options.pulled_image,
             parse_image),
      parsed({"--timeout", "TIME", "limit for each answer of a node (default 30s)", group}, options.timeout,
             parse_duration),
      {{"--dry-run", "", "registry: only show what would be done, and the plan", group}, &options.dry_run},
      {{"-y,--yes", "", "registry: do not ask for confirmation", group}, &options.yes},
  };
}

}  // namespace

std::string cluster_name(const Options& options) {
  if (!options.cluster.empty()) return options.cluster;
  const char* name = std::getenv("KIND_CLUSTER_NAME");
  return name != nullptr && *name != '\0' ? name : "kind";
}

Result<void> check_kind_flags(const Options& options) {
  const auto wrong = [](const std::string& flag, const std::string& value, std::string hint) {
    return Error{.kind = ErrorKind::usage, .message = flag + ": '" + value + "' is not valid", .hint = std::move(hint)};
  };
  const auto cluster = cluster_name(options);
  if (!is_container_name(cluster)) return wrong("--cluster", cluster, "`kind get clusters` lists the names");
  if (!is_container_name(options.registry_name))
    return wrong("--registry-name", options.registry_name, "letters, digits, '_', '.' and '-'");
  if (options.registry_port > 65535)
    return wrong("--registry-port", std::to_string(options.registry_port), "1 to 65535");
  const bool option = options.registry_image.starts_with('-');
  if (option || !parse_image(options.registry_image))
    return wrong("--registry-image", options.registry_image,
                 "registry:2, or an image of yours that serves on port 5000");
  return {};
}

Result<std::optional<ContainerFacts>> inspect_registry(const KindCluster& cluster, const std::string& name) {
  const auto found = run_engine(cluster.engine, {"ps", "-a", "--format", "{{.Names}}"}, engine_limit);
  if (!found) return found.error();
  const auto names = lines(found->text);
  if (std::find(names.begin(), names.end(), name) == names.end()) return std::optional<ContainerFacts>();
  RF_TRY(const auto shown, run_engine(cluster.engine, {"container", "inspect", name}, engine_limit));
  RF_TRY(auto facts, parse_container(shown.text));
  return std::optional(std::move(facts));
}

std::string network_of(const KindCluster& cluster) {
  for (const auto& container : cluster.containers) {
    if (container.state != KindContainer::State::running) continue;
    const auto shown = run_engine(cluster.engine, {"container", "inspect", container.name}, engine_limit);
    const auto facts = shown ? parse_container(shown->text) : Result<ContainerFacts>(shown.error());
    if (facts && !facts->networks.empty() && !is_on(*facts, "kind")) return facts->networks.front();
    break;
  }
  return "kind";
}

bool is_on(const ContainerFacts& container, const std::string& network) {
  return std::find(container.networks.begin(), container.networks.end(), network) != container.networks.end();
}

Result<Setup> kind_setup(Context& context, const KindCluster& cluster, const std::string& registry, int port) {
  RF_TRY(auto nodes, nodes_of(cluster, NodeSpec()));
  for (const auto& note : nodes.notes) context.note(note);
  auto intent =
      intent_from_flags({.mirrors = {"localhost:" + std::to_string(port) + "=http://" + registry + ":5000,none"}});
  if (!intent.ok()) return intent.problems.front();
  Setup setup{.has_intent = true,
              .intent_file = "",
              .intent = std::move(intent.intent),
              .resolved = {},
              .undeclared = PlanOptions::Undeclared::keep,
              .profiles = {},
              .selection = {}};
  RF_TRY(setup.profiles, read_profiles(context.options.profiles_dir));
  setup.selection.nodes = std::move(nodes.nodes);
  return setup;
}

const KindContainer* control_plane(const KindCluster& cluster) {
  for (const auto& container : cluster.containers) {
    if (container.role == "control-plane" && container.state == KindContainer::State::running) return &container;
  }
  return nullptr;
}

Command kind_command(Options& options) {
  return {
      .doc =
          {.name = "kind",
           .group = "Change",
           .summary = "set up or check the local registry of a KIND cluster",
           .text =
               "registry: starts or reuses the registry container, connects it to the cluster's network, makes every "
               "node pull images of localhost:5001 from it (without recreating the cluster, even if the node's "
               "containerd does not read certs.d yet), and writes the ConfigMap local-registry-hosting of KEP-1755, "
               "which tells other tools where the registry is. What is already in place is not changed.\n\nstatus: "
               "checks one by one whether the registry runs, is reachable from here and from inside every node, is on "
               "the network, whether each node's configuration is live, and whether a pull works (with --image). "
               "Nothing is changed.\n\nDocker is tried first, then podman; DOCKER_HOST, KIND_EXPERIMENTAL_PROVIDER and "
               "KIND_CLUSTER_NAME are honoured. Other mirrors of a KIND cluster are set as on any node: regfallback "
               "apply --nodes kind:NAME.",
           .examples =
               {{"regfallback kind registry", "after that: docker push localhost:5001/app, and pods can use the image"},
                {"regfallback kind registry --cluster dev --registry-port 5005", "another cluster, another port"},
                {"regfallback kind status --image localhost:5001/app", "the checklist, with a pull on every node"}},
           .exit_codes = {"0  done; status: everything is in order", "1  a step or a node failed, or the answer was no",
                          "2  wrong usage", "3  status: findings",
                          "4  at least one node is stuck and needs manual repair",
                          "5  at least one node was changed but is not as declared afterwards",
                          "130  interrupted; the summary shows the state of every node"}},
      .arguments = {choice({"ACTION", "", "registry or status", ""}, options.kind_action,
                           {{"registry", KindAction::registry}, {"status", KindAction::status}})},
      .flags = kind_flags(options) + output_flags(options),
      .run = run_kind};
}

}  // namespace rf::cmd
