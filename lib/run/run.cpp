#include "run/run.h"

#include <asio/co_spawn.hpp>
#include <tuple>

#include "apply/unfinished.h"
#include "base/calendar.h"
#include "node/history.h"
#include "probe/run.h"
#include "run/state.h"

namespace rf {
namespace {

std::vector<RunNode> nodes_of(std::vector<NodeSpec> specs) {
  std::vector<RunNode> nodes;
  for (auto& spec : specs) {
    RunNode node{.spec = std::move(spec)};
    node.name = node.spec.text;
    nodes.push_back(std::move(node));
  }
  return nodes;
}

// Whose transaction has not ended.
std::string other_run(const Facts& facts) {
  return facts.under_way ? describe(*facts.under_way) : "an earlier transaction";
}

// Restarts of one profile go in its order, and alone where it says so; nodes without a restart need neither.
FleetNode fleet_node(const RunNode& node) {
  const bool restarts = node.plan && node.plan->service.needed();
  return {
      .name = node.name,
      .stage = restarts ? node.plan->service.order : 0,
      .company = restarts && node.plan->service.serial == 1 ? FleetNode::Company::alone : FleetNode::Company::others};
}

}  // namespace

Run::State::State(std::vector<RunNode> all, RunSettings how, std::unique_ptr<RunObserver> who)
    : settings(std::move(how)), observer(std::move(who)), nodes(std::move(all)), shells(nodes.size()) {
  query = {.globs = fact_globs(settings.profiles), .units = service_units(settings.profiles)};
}

std::vector<std::size_t> Run::State::ready() const {
  std::vector<std::size_t> which;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (nodes[i].ready()) which.push_back(i);
  return which;
}

asio::awaitable<Result<void>> Run::State::open(std::size_t node) {
  shells[node].reset();
  RF_CO_TRY(shells[node], co_await dialer->open(nodes[node].spec));
  nodes[node].connected = true;
  co_return Result<void>();
}

void Run::State::run(const Round& round, const Step& step) {
  std::vector<std::string> names;
  for (const auto& node : nodes) names.push_back(node.name);
  observer->begins(names);
  std::vector<FleetNode> fleet;
  for (const auto index : round.which) fleet.push_back(fleet_node(nodes[index]));
  FleetControl control;
  const FleetJob job = [&](NodeRun& one) -> asio::awaitable<Result<void>> {
    return step(round.which[one.index()], one);
  };
  const OnFleetEvent on_event = [&](FleetEvent event) {
    event.node = round.which[event.node];
    observer->happened(event);
  };
  std::vector<NodeEnd> ends;
  loop.restart();
  asio::co_spawn(
      loop,
      [&]() -> asio::awaitable<void> {
        const InterruptWatch watch(loop.get_executor(), control, [&](FleetControl::Stop stop) {
          end = RunEnd::interrupted;
          if (round.on_signal == OnSignal::cut_off) return control.stop_now();
          if (stop == FleetControl::Stop::orderly) observer->ending();
        });
        ends = co_await run_fleet(fleet, round.policy, job, on_event, control);
      },
      [&](std::exception_ptr failed) {
        loop.stop();
        if (failed) std::rethrow_exception(failed);
      });
  loop.run();
  for (std::size_t i = 0; i < ends.size(); ++i) {
    auto& node = nodes[round.which[i]];
    // Who was asked may have ended the run by a signal of which nothing is known here yet.
    if (ends[i].error && ends[i].error->kind == ErrorKind::interrupted && ends[i].state != NodeEnd::State::skipped)
      end = RunEnd::interrupted;
    if (ends[i].error && !node.error) node.fail(*std::move(ends[i].error));
    if (node.error) shells[round.which[i]].reset();
  }
  observer->ended();
}

void Run::State::detect_all(Detecting detecting) {
  for (auto& node : nodes) {
    if (node.error || !node.facts) continue;
    auto detection = detect(*node.facts);
    if (detection) {
      node.detection = *std::move(detection);
    } else if (detecting == Detecting::needed) {
      node.fail(std::move(detection).error());
    }
  }
}

Run::Run(std::vector<NodeSpec> nodes, RunSettings settings, std::unique_ptr<RunObserver> observer)
    : state_(std::make_unique<State>(nodes_of(std::move(nodes)), std::move(settings), std::move(observer))) {
  state_->dialer =
      make_dialer(state_->loop.get_executor(), state_->settings.reach, *state_->observer, state_->questions);
}

Run::Run(std::vector<NodeSpec> nodes, RunSettings settings, std::unique_ptr<RunObserver> observer,
         const DialerFactory& dialer)
    : state_(std::make_unique<State>(nodes_of(std::move(nodes)), std::move(settings), std::move(observer))) {
  state_->dialer = dialer.make(state_->loop.get_executor());
}

Run::Run(std::vector<RunNode> nodes, RunSettings settings, std::unique_ptr<RunObserver> observer)
    : state_(std::make_unique<State>(std::move(nodes), std::move(settings), std::move(observer))) {
  state_->detect_all(Detecting::needed);
}

Run::~Run() = default;
Run::Run(Run&&) noexcept = default;
Run& Run::operator=(Run&&) noexcept = default;

std::vector<RunNode>& Run::nodes() { return state_->nodes; }
const std::vector<RunNode>& Run::nodes() const { return state_->nodes; }
RunEnd Run::end() const { return state_->end; }

Result<void> Run::read(Purpose purpose, Detecting detecting) {
  auto& state = *state_;
  raise_file_limit(4);
  RF_TRY(const auto program, facts_program(state.query, Ask::programs));
  State::Round round{.policy = state.everywhere()};
  for (std::size_t i = 0; i < state.nodes.size(); ++i) round.which.push_back(i);
  state.run(round, [&](std::size_t node, NodeRun& one) -> asio::awaitable<Result<void>> {
    one.progress("connecting");
    RF_CO_CHECK(co_await state.open(node));
    one.progress("reading facts");
    auto& facts = state.nodes[node].facts;
    RF_CO_TRY(facts, co_await read_facts(*state.shells[node], program, state.settings.reach.timeout));
    if (purpose == Purpose::look || before_change(*facts) == BeforeChange::nothing) co_return Result<void>();
    state.nodes[node].ended_run = other_run(*facts);
    one.progress("waiting for " + state.nodes[node].ended_run + " to end");
    RF_CO_TRY(state.nodes[node].ended_before, co_await end_unfinished(*state.shells[node], *facts, state.query));
    RF_CO_TRY(facts, co_await read_facts(*state.shells[node], program, state.settings.reach.timeout));
    co_return Result<void>();
  });
  if (state.end == RunEnd::interrupted)
    return Error{.kind = ErrorKind::interrupted, .message = "interrupted; nothing was changed on any node"};
  state.detect_all(detecting);
  return {};
}

void Run::while_open(const std::function<void()>& question) {
  auto& state = *state_;
  state.loop.restart();
  asio::co_spawn(
      state.loop,
      [&]() -> asio::awaitable<void> {
        std::function<Result<bool>()> asked = [&]() -> Result<bool> {
          question();
          return true;
        };
        std::ignore = co_await state.questions.ask<bool>(std::move(asked));
      },
      [&](std::exception_ptr) { state.loop.stop(); });
  state.loop.run();
}

void Run::plan(const Planner& planner) {
  for (auto& node : state_->nodes) {
    if (node.error || !node.detection) continue;
    auto plan = planner(*node.facts, *node.detection);
    if (plan) {
      plan->node = node.name;
      node.plan = *std::move(plan);
    } else {
      node.fail(std::move(plan).error());
    }
  }
}

Probes Run::probe(const std::optional<ImageReference>& image, const ChainsOf& chains_of) {
  auto& state = *state_;
  Probes probes(state.nodes.size());
  const State::Round round{.which = state.ready(), .policy = state.everywhere()};
  state.run(round, [&](std::size_t index, NodeRun& one) -> asio::awaitable<Result<void>> {
    const auto& node = state.nodes[index];
    const auto chains = chains_of(node);
    if (chains.empty()) co_return Result<void>();
    const auto& runtime = node.detection->runtime;
    const ProbeOptions options{
        .image = image, .runtime_pid = runtime.pid, .runtime_socket = runtime.address, .runtime_unit = runtime.unit};
    one.progress(image ? "asking endpoints, pulling " + to_string(*image) : "asking endpoints");
    RF_CO_TRY(probes[index], co_await probe_node(*state.shells[index], chains, options));
    co_return Result<void>();
  });
  return probes;
}

Result<Output> Run::ask(std::size_t node, std::string_view program, std::chrono::milliseconds limit) {
  auto& state = *state_;
  if (!state.nodes[node].ready())
    return state.nodes[node].error.value_or(Error{
        .kind = ErrorKind::usage, .message = "endpoints can only be asked from a live node, not from saved facts"});
  Output output;
  state.run({.which = {node}}, [&](std::size_t index, NodeRun&) -> asio::awaitable<Result<void>> {
    RF_CO_TRY(output, co_await state.shells[index]->run(program, {.time = limit}));
    co_return Result<void>();
  });
  if (state.nodes[node].error) return *state.nodes[node].error;
  return output;
}

Result<std::string> new_run_id() {
  RF_TRY(const auto id, new_transaction_id());
  return id.substr(0, 8);
}

std::string utc_now() {
  return utc_timestamp(std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
}

}  // namespace rf
