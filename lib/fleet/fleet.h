// Many nodes at once: one coroutine a node, in batches, with a window, until done or interrupted. What is done on a
// node is the caller's.
#pragma once
#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "fleet/batches.h"
#include "fleet/event.h"

namespace rf {

// How a node's part of the run ended. What became of the node itself is the job's to store.
struct NodeEnd {
  enum class State { succeeded, failed, skipped, interrupted } state = State::skipped;
  std::optional<Error> error = {};
};

// Stops a run. First orderly: no further node starts, and jobs that ask see it. Then at once: what a job waits for is
// cancelled.
class FleetControl {
 public:
  enum class Stop { no, orderly, now };
  void stop();  // orderly; the second call means now
  void stop_now();
  Stop stopping() const { return stop_; }

 private:
  friend class FleetRun;
  Stop stop_ = Stop::no;
  std::function<void()> on_now_;
};

// What a job knows of its run.
class NodeRun {
 public:
  NodeRun(std::size_t index, const OnFleetEvent& on_event, const FleetControl& control)
      : index_(index), on_event_(on_event), control_(control) {}
  std::size_t index() const { return index_; }  // of the node, in input order
  void progress(std::string text) const {
    if (on_event_) on_event_({index_, FleetEvent::Kind::progress, std::move(text)});
  }
  // The user wants to end: begin nothing that need not be begun.
  bool stopping() const { return control_.stopping() != FleetControl::Stop::no; }

 private:
  const std::size_t index_;
  const OnFleetEvent& on_event_;
  const FleetControl& control_;
};
// An Error is a failed node. The job object must live as long as the run: a coroutine does not keep the captures of its
// lambda.
using FleetJob = std::function<asio::awaitable<Result<void>>(NodeRun& run)>;

// One end for each node, in input order. One node's failure never stops others of its batch, unless there are more than
// max_failures; a further batch begins only when no more than max_failures (none, if not given) have failed so far, and
// every canary succeeded.
asio::awaitable<std::vector<NodeEnd>> run_fleet(const std::vector<FleetNode>& nodes, const FleetPolicy& policy,
                                                const FleetJob& job, const OnFleetEvent& on_event,
                                                FleetControl& control);

// First SIGINT or SIGTERM: stop(). Second: stop_now(). Ends when it is destroyed.
class InterruptWatch {
 public:
  // `on_signal` hears which stop it is, for a message to the user.
  InterruptWatch(const asio::any_io_executor& executor, FleetControl& control,
                 std::function<void(FleetControl::Stop)> on_signal);
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Raises the soft limit of open files to the hard one, and tells how many nodes fit when each needs `files_per_node`.
int raise_file_limit(int files_per_node);

}  // namespace rf
