#include "nodes.h"

#include <fmt/format.h>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include <algorithm>

#include "base/text.h"
#include "fleet/loop.h"
#include "host/facts_dir.h"
#include "host/kind_cluster.h"
#include "host/node_selection.h"

namespace rf::cmd {
namespace {

std::vector<Node> nodes_of(const std::vector<NodeSpec>& specs) {
  std::vector<Node> nodes;
  for (const auto& spec : specs) nodes.push_back({.spec = spec, .name = display_name(spec)});
  return nodes;
}

std::vector<std::string> names_of(const std::vector<Node>& nodes) {
  std::vector<std::string> names;
  for (const auto& node : nodes) names.push_back(node.name);
  return names;
}

// Restarts of one profile go in its order, and alone where it says so; nodes without a restart need neither.
FleetNode fleet_node(const Node& node) {
  const bool restarts = node.plan && node.plan->service.needed();
  return {
      .name = node.name,
      .stage = restarts ? node.plan->service.order : 0,
      .company = restarts && node.plan->service.serial == 1 ? FleetNode::Company::alone : FleetNode::Company::others};
}

}  // namespace

void Node::fail(Error problem) {
  error = std::move(problem);
  shell.reset();
}

Nodes::Round Nodes::everywhere() const {
  Round round;
  for (std::size_t i = 0; i < nodes_.size(); ++i) round.which.push_back(i);
  if (context_.options.parallel > 0) round.policy.parallel = context_.options.parallel;
  return round;
}

void Nodes::show(const FleetEvent& event, std::size_t node) {
  switch (event.kind) {
    case FleetEvent::Kind::started: return;
    case FleetEvent::Kind::progress: return display_.set(node, Mark::busy, event.text);
    case FleetEvent::Kind::succeeded: return display_.set(node, Mark::good, event.text.empty() ? "done" : event.text);
    case FleetEvent::Kind::failed:
    case FleetEvent::Kind::interrupted: return display_.set(node, Mark::bad, event.text);
    case FleetEvent::Kind::skipped: return display_.set(node, Mark::waiting, "not begun: " + event.text);
  }
}

void Nodes::run(const Round& round, const Step& step) {
  display_.begin(names_of(nodes_));
  std::vector<std::size_t> which;
  std::vector<FleetNode> fleet;
  for (const auto index : round.which) {
    which.push_back(index);
    fleet.push_back(fleet_node(nodes_[index]));
  }
  FleetControl control;
  const FleetJob job = [&](NodeRun& run) -> asio::awaitable<Result<void>> {
    return step(nodes_[which[run.index()]], run);
  };
  const OnFleetEvent on_event = [&](const FleetEvent& event) { show(event, which[event.node]); };
  std::vector<NodeEnd> ends;
  loop_.restart();
  asio::co_spawn(
      loop_,
      [&]() -> asio::awaitable<void> {
        const InterruptWatch watch(loop_.get_executor(), control, [&](FleetControl::Stop stop) {
          interrupted_ = true;
          if (round.on_signal == OnSignal::cut_off) return control.stop_now();
          display_.clear();
          if (stop == FleetControl::Stop::orderly)
            context_.note("ending: nodes under way are finished, no further one is begun (Ctrl-C again: leave them)");
        });
        ends = co_await run_fleet(fleet, round.policy, job, on_event, control);
      },
      [&](std::exception_ptr failed) {
        loop_.stop();
        if (failed) std::rethrow_exception(failed);
      });
  loop_.run();
  for (std::size_t i = 0; i < ends.size(); ++i) {
    auto& node = nodes_[which[i]];
    if (ends[i].error && !node.error) node.fail(*std::move(ends[i].error));
  }
  display_.clear();
}

Result<void> Nodes::expand_clusters() {
  std::vector<NodeSpec> specs;
  for (const auto& spec : setup_.selection.nodes) {
    if (spec.kind != NodeSpec::Kind::kind_cluster) {
      specs.push_back(spec);
      continue;
    }
    RF_TRY(const auto cluster, run_loop(find_kind_cluster(spec.name)));
    RF_TRY(const auto members, rf::nodes_of(cluster, spec));
    for (const auto& note : members.notes) context_.note(note);
    specs.insert(specs.end(), members.nodes.begin(), members.nodes.end());
  }
  nodes_ = nodes_of(specs);
  return {};
}

Result<void> Nodes::take_saved_facts() {
  auto saved = read_saved_facts(context_.options.facts);
  if (!saved) {
    saved.error().kind = ErrorKind::usage;
    return std::move(saved).error();
  }
  for (auto& one : *saved) {
    NodeSpec spec;
    spec.text = one.node;
    Node node{.spec = spec, .name = one.node};
    if (one.facts) {
      node.facts = *std::move(one.facts);
    } else {
      node.error = std::move(one.facts).error();
    }
    nodes_.push_back(std::move(node));
  }
  return {};
}

asio::awaitable<Result<void>> Nodes::open_and_ask(Node& node, NodeRun& run, Purpose purpose) {
  run.progress("connecting");
  RF_CO_TRY(node.shell, co_await dialer_->open(node.spec));
  run.progress("reading facts");
  RF_CO_TRY(node.facts, co_await read_facts(*node.shell, facts_program_, timeout_));
  if (purpose == Purpose::look || before_change(*node.facts) == BeforeChange::nothing) co_return Result<void>();
  run.progress("waiting for an earlier transaction to end");
  RF_CO_TRY(node.ended_before, co_await end_unfinished(*node.shell, *node.facts, query_));
  RF_CO_TRY(node.facts, co_await read_facts(*node.shell, facts_program_, timeout_));
  co_return Result<void>();
}

void Nodes::detect_all() {
  for (auto& node : nodes_) {
    if (node.error || !node.facts) continue;
    auto detection = detect(*node.facts, setup_.profiles, {.distribution = context_.options.distribution});
    if (detection) {
      node.detection = *std::move(detection);
    } else {
      node.fail(std::move(detection).error());
    }
  }
}

Result<void> Nodes::connect_all(Purpose purpose) {
  Access access{.privilege = Privilege::root, .sudo_password = {}};
  if (context_.options.ask_sudo_pass) {
    RF_TRY(access.sudo_password, ask_secret("sudo password on the nodes: "));
  }
  RF_CHECK(expand_clusters());
  raise_file_limit(4);
  dialer_ =
      std::make_unique<Dialer>(loop_.get_executor(), context_, std::move(access), ConnectLimits{.connect = timeout_});
  query_ = {.globs = fact_globs(setup_.profiles), .units = service_units(setup_.profiles)};
  RF_TRY(facts_program_, facts_program(query_, Ask::programs));
  run(everywhere(), [this, purpose](Node& node, NodeRun& one) { return open_and_ask(node, one, purpose); });
  for (const auto& node : nodes_) {
    if (node.ended_before)
      context_.note(fmt::format("{}: an earlier transaction ({}) had not ended; it {}", node.name,
                                node.ended_before->id, how_it_ended(*node.ended_before)));
  }
  if (interrupted_)
    return Error{.kind = ErrorKind::interrupted, .message = "interrupted; nothing was changed on any node"};
  return {};
}

Result<void> Nodes::gather(Purpose purpose) {
  RF_TRY(timeout_, parse_time(context_.options.timeout));
  RF_CHECK(context_.options.facts.empty() ? connect_all(purpose) : take_saved_facts());
  detect_all();
  return {};
}

void Nodes::plan(const PlanOptions& options) {
  for (auto& node : nodes_) {
    if (node.error || !node.detection) continue;
    auto plan = make_plan(setup_.intent, setup_.resolved, *node.facts, *node.detection, options);
    if (plan) {
      plan->node = node.name;
      node.plan = *std::move(plan);
    } else {
      node.fail(std::move(plan).error());
    }
  }
}

}  // namespace rf::cmd
