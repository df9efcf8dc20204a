// `kind status`: the checklist of a KIND cluster and its local registry. Looks only.
#include "report/kind.h"

#include <algorithm>
#include <cstdlib>

#include "base/text.h"
#include "host/http_status.h"
#include "kind.h"
#include "line/command.h"
#include "nodes.h"

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

void check_answer(const Subject& subject, const ContainerFacts& facts, KindReport& report) {
  const auto what = subject.registry + " answers on this machine";
  if (!is_engine_here()) {
    report.checks.push_back({State::skipped, what, "DOCKER_HOST names an engine on another machine"});
    return;
  }
  const auto address = facts.host_address + ":" + std::to_string(facts.host_port);
  const auto status = http_status(facts.host_address, facts.host_port, "/v2/", std::chrono::seconds(5));
  const bool good = status && (*status == 200 || *status == 401);
  const auto found = status ? "status " + std::to_string(*status) : status.error().message;
  report.checks.push_back({good ? State::good : State::bad, what, address + ": " + found,
                           good ? "" : subject.cluster.engine + " logs " + subject.registry});
}

void check_registry(Subject& subject, KindReport& report) {
  const auto facts = inspect_registry(subject.cluster, subject.registry);
  const auto what = "the registry " + subject.registry + " runs";
  if (!facts) {
    report.checks.push_back({State::bad, what, facts.error().message});
    return;
  }
  if (!*facts) {
    report.checks.push_back({State::bad, what, "the container does not exist", subject.set_up() + " creates it"});
    return;
  }
  const auto& registry = **facts;
  report.checks.push_back({registry.running ? State::good : State::bad, what,
                           registry.running ? registry.image : "it is stopped",
                           registry.running ? "" : subject.cluster.engine + " start " + subject.registry});
  if (registry.host_port > 0) {
    subject.port = registry.host_port;
    if (registry.running) check_answer(subject, registry, report);
  } else {
    report.checks.push_back(
        {State::bad, subject.registry + " is published on this machine", "port 5000 is not", subject.set_up()});
  }
  const auto network = network_of(subject.cluster);
  const bool on = is_on(registry, network);
  report.checks.push_back({on ? State::good : State::bad, subject.registry + " is on the network " + network, "",
                           on ? "" : subject.cluster.engine + " network connect " + network + " " + subject.registry});
}

bool is_registry(const ChainEndpoint& endpoint, const Subject& subject) {
  return endpoint.host == subject.registry + ":5000" && endpoint.scheme == "http";
}

void check_config(const Subject& subject, const RunNode& node, const Chain& chain, KindReport& report) {
  const auto what = node.spec.name + " takes images of " + subject.image_name() + " from " + subject.registry;
  const auto first = chain.endpoints.empty() ? std::nullopt : std::optional(chain.endpoints.front());
  const bool good = first && is_registry(*first, subject);
  const auto found =
      chain.error ? *chain.error
      : first     ? "they come from " + first->url() + "; containerd: " + std::string(to_string(node.detection->state))
                  : "no endpoint is configured";
  report.checks.push_back({good ? State::good : State::bad, what, good ? "" : found, good ? "" : subject.set_up()});
}

void check_reach(const Subject& subject, const RunNode& node, const std::optional<NodeProbe>& probe,
                 KindReport& report) {
  const auto what = subject.registry + " answers inside " + node.spec.name;
  const EndpointProbe* found = nullptr;
  if (probe) {
    for (const auto& registry : probe->registries) {
      for (const auto& endpoint : registry.endpoints) {
        if (is_registry(endpoint.endpoint, subject) && found == nullptr) found = &endpoint;
      }
    }
  }
  if (found == nullptr || found->answer == Answer::not_asked) {
    report.checks.push_back(
        {State::skipped, what, found == nullptr ? "no endpoint there points to it" : found->detail});
    return;
  }
  const bool good = !is_finding(found->answer, true);
  report.checks.push_back({good ? State::good : State::bad, what,
                           good ? ""
                                : answer_words({.registry = {},
                                                .url = {},
                                                .answer = found->answer,
                                                .status = found->status,
                                                .detail = found->detail}),
                           good ? "" : "check that it runs and is on the network of the nodes"});
}

void check_pull(const Subject& subject, const RunNode& node, const std::optional<NodeProbe>& probe,
                KindReport& report) {
  if (!subject.image) return;
  const auto what = node.spec.name + " pulls " + to_string(*subject.image);
  const auto* pull = probe && probe->pull ? &*probe->pull : nullptr;
  if (pull == nullptr || pull->result == PullProbe::Result::not_possible) {
    report.checks.push_back({State::skipped, what, pull == nullptr ? "not tried" : pull->message});
    return;
  }
  const bool good = pull->result == PullProbe::Result::pulled;
  report.checks.push_back({good ? State::good : State::bad, what,
                           good ? std::to_string(pull->milliseconds) + " ms" : pull->message,
                           good ? "" : "push it first: docker push " + to_string(*subject.image)});
}

void check_hosting(const Subject& subject, const std::optional<Output>& answers, KindReport& report) {
  const auto what = "the ConfigMap " + std::string(config_map) + " names " + subject.image_name();
  if (!answers || answers->rc == 127) {
    report.checks.push_back(
        {State::skipped, what,
         answers ? "the control-plane node has no kubectl" : "the control-plane node was not asked"});
    return;
  }
  const bool good = answers->rc == 0 && answers->text.find(subject.image_name()) != std::string::npos;
  const auto all = lines(trim(answers->text));
  const auto found = answers->rc == 0 ? "it names another registry"
                     : all.empty()    ? "kubectl failed"
                                      : std::string(all.back());
  report.checks.push_back({good ? State::good : State::bad, what, good ? "" : found, good ? "" : subject.set_up()});
}

std::vector<Chain> chains_of(const Subject& subject, const RunNode& node) {
  std::vector<Chain> chains{resolve_chain(node.facts->tree, node.detection->config, subject.image_name())};
  if (subject.image && subject.image->registry != chains.front().registry)
    chains.push_back(resolve_chain(node.facts->tree, node.detection->config, subject.image->registry));
  return chains;
}

// What kubectl says on the control plane; nothing where it cannot be asked.
std::optional<Output> ask_hosting(const Subject& subject, Run& run) {
  static const std::string program = "rf_main() { kubectl --kubeconfig=/etc/kubernetes/admin.conf get configmap " +
                                     std::string(config_map) + " -n kube-public -o yaml 2>&1; }\nrf_main\n";
  const auto* control = control_plane(subject.cluster);
  for (std::size_t i = 0; control != nullptr && i < run.nodes().size(); ++i) {
    if (run.nodes()[i].spec.name != control->name || !run.nodes()[i].ready()) continue;
    if (auto said = run.ask(i, program, std::chrono::seconds(30))) return *std::move(said);
  }
  return std::nullopt;
}

Result<void> check_nodes(Context& context, const Subject& subject, KindReport& report) {
  RF_TRY(const auto setup, kind_setup(context, subject.cluster, subject.registry, subject.port));
  RF_TRY(auto run, open_nodes(context, setup));
  const auto probes = run.probe(subject.image, [&](const RunNode& node) { return chains_of(subject, node); });
  const auto hosting = ask_hosting(subject, run);
  for (std::size_t i = 0; i < probes.size(); ++i) {
    const auto& node = run.nodes()[i];
    if (node.error) {
      report.checks.push_back({State::bad, node.spec.name + " answers", node.error->message, node.error->hint});
      continue;
    }
    check_config(subject, node, chains_of(subject, node).front(), report);
    check_reach(subject, node, probes[i], report);
    check_pull(subject, node, probes[i], report);
  }
  check_hosting(subject, hosting, report);
  if (run.end() == RunEnd::interrupted) return Error{.kind = ErrorKind::interrupted, .message = "interrupted"};
  return {};
}

Result<KindReport> look_at_all(Context& context) {
  const auto& options = context.options;
  Subject subject{.cluster = {},
                  .registry = options.registry_name,
                  .port = options.registry_port > 0 ? options.registry_port : default_registry_port,
                  .image = options.pulled_image};
  KindReport report{.cluster = cluster_name(options)};
  auto cluster = find_kind_cluster(report.cluster);
  if (!cluster) {
    report.checks.push_back(
        {State::bad, "the cluster " + report.cluster + " exists", cluster.error().message, cluster.error().hint});
    return report;
  }
  subject.cluster = *std::move(cluster);
  report.engine = subject.cluster.engine;
  report.checks.push_back(
      {State::good, "the cluster " + report.cluster + " exists",
       subject.cluster.engine + ", " + std::to_string(subject.cluster.containers.size()) + " containers"});
  check_containers(subject.cluster, report);
  check_registry(subject, report);
  report.registry = subject.image_name();
  const auto checked = check_nodes(context, subject, report);
  if (checked) return report;
  if (checked.error().kind == ErrorKind::interrupted || checked.error().kind == ErrorKind::usage)
    return checked.error();
  report.checks.push_back({State::bad, "the nodes answer", checked.error().message, checked.error().hint});
  return report;
}

}  // namespace

int kind_status(Context& context) {
  const auto report = look_at_all(context);
  if (!report) return context.fail(report.error());
  if (context.wants_table()) {
    context.out.write(kind_text(*report, context.style()));
  } else {
    context.print(kind_value(*report));
  }
  return has_findings(*report) ? exit_findings : exit_done;
}

}  // namespace rf::cmd
