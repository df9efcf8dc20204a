// `kind registry`: the registry container, the network, the nodes, the ConfigMap; in that order, each only where it is
// not so already.
#include <algorithm>

#include "apply.h"
#include "base/embedded.h"
#include "base/text.h"
#include "kind.h"
#include "line/command.h"
#include "line/consent.h"
#include "node/managed.h"

namespace rf::cmd {
namespace {

constexpr std::chrono::minutes image_pull_limit{10};

struct Registry {
  std::string name;
  std::string network;
  int port = default_registry_port;
};

// Says what is done, or would be; `arguments` are the engine's.
Result<void> step(Context& context, const KindCluster& cluster, std::string what, std::vector<std::string> arguments,
                  std::chrono::milliseconds limit) {
  context.note(context.options.dry_run ? "would be done: " + what : what);
  if (context.options.dry_run) return {};
  RF_TRY(const auto output, run_engine(cluster.engine, std::move(arguments), limit));
  return {};
}

Result<Registry> create(Context& context, const KindCluster& cluster, Registry registry) {
  const auto& options = context.options;
  if (options.registry_port > 0) registry.port = options.registry_port;
  const auto published = "127.0.0.1:" + std::to_string(registry.port);
  auto started =
      step(context, cluster, "starting " + registry.name + " (" + options.registry_image + ") on " + published,
           {"run", "-d", "--restart=always", "-p", published + ":5000", "--network", registry.network, "--name",
            registry.name, options.registry_image},
           image_pull_limit);
  if (started) return registry;
  auto error = std::move(started).error();
  error.hint =
      "check that the port is free and the image can be pulled; --registry-port and --registry-image set others; "
      "before the next try: " +
      cluster.engine + " rm " + registry.name;
  return error;
}

Result<Registry> reuse(Context& context, const KindCluster& cluster, Registry registry, const ContainerFacts& facts) {
  const int wanted = context.options.registry_port;
  if (facts.host_port == 0) {
    return Error{.kind = ErrorKind::conflict,
                 .message = "the container " + registry.name + " does not publish port 5000 on this machine",
                 .hint = "check that it is a registry; --registry-name names another container; " + cluster.engine +
                         " rm -f " + registry.name + " removes it"};
  }
  if (wanted > 0 && wanted != facts.host_port) {
    return Error{
        .kind = ErrorKind::conflict,
        .message = registry.name + " is published on port " + std::to_string(facts.host_port) + ", not on " +
                   std::to_string(wanted),
        .hint = "leave out --registry-port to use it as it is, or name another container with --registry-name"};
  }
  registry.port = facts.host_port;
  if (!facts.running)
    RF_CHECK(step(context, cluster, "starting " + registry.name, {"start", registry.name}, engine_limit));
  if (!is_on(facts, registry.network)) {
    RF_CHECK(step(context, cluster, "connecting " + registry.name + " to the network " + registry.network,
                  {"network", "connect", registry.network, registry.name}, engine_limit));
  }
  return registry;
}

Result<Registry> bring_up(Context& context, const KindCluster& cluster) {
  Registry registry{.name = context.options.registry_name, .network = network_of(cluster)};
  RF_TRY(const auto facts, inspect_registry(cluster, registry.name));
  return facts ? reuse(context, cluster, std::move(registry), *facts) : create(context, cluster, std::move(registry));
}

std::string config_map_text(const Registry& registry) {
  const auto from_cluster = yaml_quote(registry.name + ":5000");
  auto text = replace_all(embedded::template_file("kind/local-registry-hosting.yaml"), "@HOST@",
                          yaml_quote("localhost:" + std::to_string(registry.port)));
  return replace_all(replace_all(text, "@FROM_RUNTIME@", from_cluster), "@FROM_CLUSTER@", from_cluster);
}

Result<void> write_config_map(Context& context, const KindCluster& cluster, const Registry& registry) {
  const auto* node = control_plane(cluster);
  if (node == nullptr) {
    context.warning("no control-plane node runs: the ConfigMap " + std::string(config_map) + " was not written");
    return {};
  }
  if (context.options.dry_run) {
    context.note("would be done: applying the ConfigMap kube-public/" + std::string(config_map));
    return {};
  }
  const auto program = "rf_main() { printf %s " + shell_quote(config_map_text(registry)) +
                       " | kubectl --kubeconfig=/etc/kubernetes/admin.conf apply -f - 2>&1; }\nrf_main\n";
  RF_TRY(const auto output, run_in_container(cluster.engine, node->name, program, std::chrono::seconds(60)));
  if (output.rc != 0) {
    return Error{.kind = ErrorKind::runtime,
                 .message = "kubectl on " + node->name + ": " + std::string(trim(output.text)),
                 .hint = "everything else is done; run the command again when the API server answers"};
  }
  context.note(std::string(trim(output.text)));
  return {};
}

Result<int> carry_out_all(Context& context) {
  if (!context.options.dry_run) RF_CHECK(check_consent(context.options, "kind registry"));
  RF_TRY(const auto cluster, find_kind_cluster(cluster_name(context.options)));
  if (const auto nodes = nodes_of(cluster, NodeSpec()); !nodes) return nodes.error();  // before anything is started
  RF_TRY(const auto registry, bring_up(context, cluster));
  RF_TRY(auto setup, kind_setup(context, cluster, registry.name, registry.port));
  const auto code = apply_intent(context, setup, {.command = std::string(kind_registry_reason), .remembered = false});
  if (code != exit_done) return code;
  RF_CHECK(write_config_map(context, cluster, registry));
  if (context.options.dry_run) return exit_done;
  context.note("images of localhost:" + std::to_string(registry.port) + " come from " + registry.name +
               " on every node");
  return exit_done;
}

}  // namespace

int kind_registry(Context& context) {
  const auto code = carry_out_all(context);
  if (code) return *code;
  return context.fail(code.error());
}

}  // namespace rf::cmd
