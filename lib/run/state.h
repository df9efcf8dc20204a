// A run's inside: the event loop, the connections, and how a step is done on many nodes. Internal to the room.
#pragma once
#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "apply/read_facts.h"
#include "fleet/fleet.h"
#include "run/dialer.h"
#include "run/questions.h"
#include "run/run.h"

namespace rf {

struct Run::State {
  State(std::vector<RunNode> all, RunSettings how, std::unique_ptr<RunObserver> who);

  // Runs `step` on the nodes `which` (those with an error or without a connection belong to no step but the first). An
  // Error of the step becomes the node's.
  using Step = std::function<asio::awaitable<Result<void>>(std::size_t node, NodeRun&)>;
  enum class OnSignal { cut_off, let_end };
  struct Round {
    std::vector<std::size_t> which = {};
    FleetPolicy policy = {};
    OnSignal on_signal = OnSignal::cut_off;
  };
  void run(const Round& round, const Step& step);
  std::vector<std::size_t> ready() const;
  FleetPolicy everywhere() const { return {.parallel = settings.parallel}; }

  asio::awaitable<Result<void>> open(std::size_t node);
  Result<Detection> detect(const Facts& facts) const { return rf::detect(facts, settings.profiles, settings.detect); }
  void detect_all(Detecting detecting);

  RunSettings settings;
  std::unique_ptr<RunObserver> observer;
  asio::io_context loop{1};
  Questions questions{loop.get_executor(), *observer};
  std::unique_ptr<Dialer> dialer;  // outlives the shells
  std::vector<RunNode> nodes;
  std::vector<std::unique_ptr<Shell>> shells;  // by node; null where it is not connected
  FactsQuery query;
  RunEnd end = RunEnd::complete;
};

}  // namespace rf
