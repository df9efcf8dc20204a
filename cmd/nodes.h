// The nodes of one command: opened all at once on one event loop, asked for facts, kept open for what follows on the
// same channel.
#pragma once
#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apply/read_facts.h"
#include "apply/unfinished.h"
#include "dialer.h"
#include "fleet/fleet.h"
#include "line/context.h"
#include "line/display.h"
#include "node/facts.h"
#include "plan/plan.h"
#include "setup.h"
#include "transport/shell/shell.h"

namespace rf::cmd {

struct Node {
  NodeSpec spec;
  std::string name;
  std::unique_ptr<Shell> shell = {};  // null with saved facts, and after an error
  std::optional<Error> error = {};    // why it goes no further
  std::optional<Facts> facts = {};
  std::optional<Detection> detection = {};
  std::optional<Plan> plan = {};
  std::optional<Applied> ended_before = {};  // an earlier transaction that had to end first

  // Ends this node's part; the others go on.
  void fail(Error problem);
  bool ready() const { return !error && shell; }
};

class Nodes {
 public:
  Nodes(Context& context, const Setup& setup) : context_(context), setup_(setup), display_(context) {}

  // Opens every node and reads its facts (or takes those of --facts); then detects. An Error is about all of them.
  // Where nodes are to be changed, what an earlier transaction left there comes to its end first, and that is told.
  enum class Purpose { look, change };
  Result<void> gather(Purpose purpose = Purpose::look);
  // Plans every node that has facts.
  void plan(const PlanOptions& options);

  // Runs `step` on the nodes `which` (those with an error or without a shell are left out), as `policy` says; returns
  // when all have ended. An Error of the step becomes the node's. A Ctrl-C begins no further node; those under way are
  // cut off, or may end (and are cut off by a second one).
  using Step = std::function<asio::awaitable<Result<void>>(Node&, NodeRun&)>;
  enum class OnSignal { cut_off, let_end };
  struct Round {
    std::vector<std::size_t> which;
    FleetPolicy policy;
    OnSignal on_signal = OnSignal::cut_off;
  };
  void run(const Round& round, const Step& step);
  // All nodes at once, or as many as --parallel says.
  Round everywhere() const;

  std::vector<Node>& all() { return nodes_; }
  const FactsQuery& query() const { return query_; }
  const Options& options() const { return context_.options; }
  Dialer& dialer() { return *dialer_; }
  bool interrupted() const { return interrupted_; }

 private:
  Result<void> expand_clusters();
  Result<void> take_saved_facts();
  Result<void> connect_all(Purpose purpose);
  asio::awaitable<Result<void>> open_and_ask(Node& node, NodeRun& run, Purpose purpose);
  void detect_all();
  void show(const FleetEvent& event, std::size_t node);

  Context& context_;
  const Setup& setup_;
  asio::io_context loop_{1};
  std::unique_ptr<Dialer> dialer_;  // outlives the shells
  std::vector<Node> nodes_;
  Display display_;
  FactsQuery query_;
  std::string facts_program_;  // of the query
  std::chrono::milliseconds timeout_{30'000};
  bool interrupted_ = false;
};

}  // namespace rf::cmd
