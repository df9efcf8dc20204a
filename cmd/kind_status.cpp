// `kind status`: the checklist of a KIND cluster and its local registry. Looks only.
#include "report/kind.h"

#include <algorithm>
#include <cstdlib>

#include "base/text.h"
#include "command.h"
#include "fleet/loop.h"
#include "host/http_status.h"
#include "kind.h"
#include "nodes.h"
#include "probe/run.h"

namespace rf::cmd {
namespace {

using State = KindCheck::State;

struct Subject {
  KindCluster cluster;
  std::string registry;  // container name
  int port = default_registry_port;
  std::optional<ImageReference> image;
  std::string image_name() const { return "localhost:" + std::to_string(port); }
  std::string set_up() const { return "regfallback kind registry --cluster " + cluster.name; }
};

// What one node told; `error` excludes the others.
struct NodeLook {
  std::optional<NodeProbe> probe;
  std::optional<Output> hosting;  // of kubectl, on the control plane
};

void check_containers(const KindCluster& cluster, KindReport& report) {
  for (const auto& container : cluster.containers) {
    const bool runs = container.state == KindContainer::State::running;
    report.checks.push_back({runs ? State::good : State::bad, container.name + " runs", runs ? "" : "it is stopped",
                             runs ? "" : cluster.engine + " start " + container.name});
  }
}

// DOCKER_HOST may name an engine on another machine, whose ports are not ours.
bool is_engine_here() {
  const char* host = std::getenv("DOCKER_HOST");
  return host == nullptr || *host == '\0' || std::string_view(host).starts_with("unix://");
}

void check_answer(const Subject& look, const ContainerFacts& facts, KindReport& report) {
  const auto what = look.registry + " answers on this machine";
  if (!is_engine_here()) {
    report.checks.push_back({State::skipped, what, "DOCKER_HOST names an engine elsewhere"});
    return;
  }
  const auto address = facts.host_address + ":" + std::to_string(facts.host_port);
  const auto status = run_loop(http_status(facts.host_address, facts.host_port, "/v2/", std::chrono::seconds(5)));
  const bool good = status && (*status == 200 || *status == 401);
  const auto found = status ? "status " + std::to_string(*status) : status.error().message;
  report.checks.push_back({good ? State::good : State::bad, what, address + ": " + found, good ? "" : look.cluster.engine + " logs " + look.registry});
}

void check_registry(Subject& look, KindReport& report) {
  const auto facts = inspect_registry(look.cluster, look.registry);
  const auto what = "the registry " + look.registry + " runs";
  if (!facts) {
    report.checks.push_back({State::bad, what, facts.error().message});
    return;
  }
  if (!*facts) {
    report.checks.push_back({State::bad, what, "there is no such container", look.set_up() + " starts one"});
    return;
  }
  const auto& registry = **facts;
  report.checks.push_back({registry.running ? State::good : State::bad, what, registry.running ? registry.image : "it is stopped",
                           registry.running ? "" : look.cluster.engine + " start " + look.registry});
  if (registry.host_port > 0) {
    look.port = registry.host_port;
    if (registry.running) check_answer(look, registry, report);
  } else {
    report.checks.push_back({State::bad, look.registry + " is published on this machine", "port 5000 is not", look.set_up()});
  }
  const auto network = network_of(look.cluster);
  const bool on = is_on(registry, network);
  report.checks.push_back({on ? State::good : State::bad, look.registry + " is on the network " + network, "",
                           on ? "" : look.cluster.engine + " network connect " + network + " " + look.registry});
}

bool is_registry(const ChainEndpoint& endpoint, const Subject& look) { return endpoint.host == look.registry + ":5000" && endpoint.scheme == "http"; }

void check_config(const Subject& look, const Node& node, const Chain& chain, KindReport& report) {
  const auto what = node.spec.name + " takes images of " + look.image_name() + " from " + look.registry;
  const auto first = chain.endpoints.empty() ? std::nullopt : std::optional(chain.endpoints.front());
  const bool good = first && is_registry(*first, look);
  const auto found = chain.error ? *chain.error : first ? "they come from " + first->url() + "; containerd: " + node.detection->state : "from nowhere";
  report.checks.push_back({good ? State::good : State::bad, what, good ? "" : found, good ? "" : look.set_up()});
}

void check_reach(const Subject& look, const Node& node, const NodeLook& told, KindReport& report) {
  const auto what = look.registry + " answers inside " + node.spec.name;
  const EndpointProbe* found = nullptr;
  if (told.probe) {
    for (const auto& registry : told.probe->registries) {
      for (const auto& endpoint : registry.endpoints) {
        if (is_registry(endpoint.endpoint, look) && found == nullptr) found = &endpoint;
      }
    }
  }
  if (found == nullptr || found->answer == Answer::not_asked) {
    report.checks.push_back({State::skipped, what, found == nullptr ? "nothing there leads to it" : found->detail});
    return;
  }
  const bool good = !is_finding(found->answer, true);
  report.checks.push_back({good ? State::good : State::bad, what, good ? "" : std::string(to_string(found->answer)) + " " + found->detail,
                           good ? "" : "does it run, and is it on the network of the nodes?"});
}

void check_pull(const Subject& look, const Node& node, const NodeLook& told, KindReport& report) {
  if (!look.image) return;
  const auto what = node.spec.name + " pulls " + to_string(*look.image);
  const auto* pull = told.probe && told.probe->pull ? &*told.probe->pull : nullptr;
  if (pull == nullptr || pull->result == PullProbe::Result::not_possible) {
    report.checks.push_back({State::skipped, what, pull == nullptr ? "not tried" : pull->message});
    return;
  }
  const bool good = pull->result == PullProbe::Result::pulled;
  report.checks.push_back({good ? State::good : State::bad, what, good ? std::to_string(pull->milliseconds) + " ms" : pull->message,
                           good ? "" : "was it pushed? docker push " + to_string(*look.image)});
}

void check_hosting(const Subject& look, const std::optional<Output>& told, KindReport& report) {
  const auto what = "the ConfigMap " + std::string(config_map) + " names " + look.image_name();
  if (!told || told->rc == 127) {
    report.checks.push_back({State::skipped, what, told ? "the control-plane node has no kubectl" : "the control-plane node was not asked"});
    return;
  }
  const bool good = told->rc == 0 && told->text.find(look.image_name()) != std::string::npos;
  const auto all = lines(trim(told->text));
  const auto found = told->rc == 0 ? "it names another registry" : all.empty() ? "kubectl failed" : std::string(all.back());
  report.checks.push_back({good ? State::good : State::bad, what, good ? "" : found, good ? "" : look.set_up()});
}

asio::awaitable<Result<void>> ask_node(const Subject& look, Node& node, const Chain& chain, NodeLook& told) {
  static const std::string program = "rf_main() { kubectl --kubeconfig=/etc/kubernetes/admin.conf get configmap " + std::string(config_map) +
                                     " -n kube-public -o yaml 2>&1; }\nrf_main\n";
  const auto& runtime = node.detection->runtime;
  std::vector<Chain> chains{chain};
  if (look.image && look.image->registry != chain.registry) {
    chains.push_back(resolve_chain(node.facts->tree, node.detection->config, look.image->registry));
  }
  const ProbeOptions options{.image = look.image, .runtime_pid = runtime.pid, .runtime_socket = runtime.address, .runtime_unit = runtime.unit};
  RF_CO_TRY(told.probe, co_await probe_node(*node.shell, chains, options));
  const auto* control = control_plane(look.cluster);
  if (control != nullptr && control->name == node.spec.name) {
    RF_CO_TRY(told.hosting, co_await node.shell->run(program, {.time = std::chrono::seconds(30)}));
  }
  co_return Result<void>();
}

Result<void> check_nodes(Context& context, const Subject& look, KindReport& report) {
  RF_TRY(const auto setup, kind_setup(context, look.cluster, look.registry, look.port));
  Nodes nodes(context, setup);
  RF_CHECK(nodes.gather());
  auto& all = nodes.all();
  std::vector<Chain> chains(all.size());
  std::vector<NodeLook> told(all.size());
  auto round = nodes.everywhere();
  std::erase_if(round.which, [&](std::size_t index) { return !all[index].ready() || !all[index].detection; });
  for (const auto index : round.which) chains[index] = resolve_chain(all[index].facts->tree, all[index].detection->config, look.image_name());
  nodes.run(round, [&](Node& node, NodeRun& one) -> asio::awaitable<Result<void>> {
    one.progress(look.image ? "asking the registry, pulling" : "asking the registry");
    const auto index = static_cast<std::size_t>(&node - all.data());
    auto asked = co_await ask_node(look, node, chains[index], told[index]);
    co_return asked;
  });
  std::optional<Output> hosting;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].error) {
      report.checks.push_back({State::bad, all[i].spec.name + " can be asked", all[i].error->message, all[i].error->hint});
      continue;
    }
    check_config(look, all[i], chains[i], report);
    check_reach(look, all[i], told[i], report);
    check_pull(look, all[i], told[i], report);
    if (told[i].hosting) hosting = told[i].hosting;
  }
  check_hosting(look, hosting, report);
  if (nodes.interrupted()) return Error{.kind = ErrorKind::interrupted, .message = "interrupted"};
  return {};
}

Result<KindReport> look_at_all(Context& context) {
  const auto& options = context.options;
  Subject look{.cluster = {}, .registry = options.registry_name, .port = options.registry_port > 0 ? options.registry_port : default_registry_port, .image = {}};
  if (!options.image.empty()) {
    RF_TRY(look.image, parse_image(options.image));
  }
  KindReport report{.cluster = cluster_name(options)};
  auto cluster = run_loop(find_kind_cluster(report.cluster));
  if (!cluster) {
    report.checks.push_back({State::bad, "the cluster " + report.cluster + " is there", cluster.error().message, cluster.error().hint});
    return report;
  }
  look.cluster = *std::move(cluster);
  report.engine = look.cluster.engine;
  report.checks.push_back({State::good, "the cluster " + report.cluster + " is there", look.cluster.engine + ", " +
                           std::to_string(look.cluster.containers.size()) + " containers"});
  check_containers(look.cluster, report);
  check_registry(look, report);
  report.registry = look.image_name();
  const auto checked = check_nodes(context, look, report);
  if (checked) return report;
  if (checked.error().kind == ErrorKind::interrupted || checked.error().kind == ErrorKind::usage) return checked.error();
  report.checks.push_back({State::bad, "the nodes can be asked", checked.error().message, checked.error().hint});
  return report;
}

}  // namespace

int kind_status(Context& context) {
  const auto report = look_at_all(context);
  if (!report) return context.fail(report.error());
  if (context.wants_table()) {
    context.out.write(kind_text(*report, context.look()));
  } else {
    context.print(kind_value(*report));
  }
  return has_findings(*report) ? exit_findings : exit_done;
}

}  // namespace rf::cmd
