#include "fleet/fleet.h"

#include <sys/resource.h>

#include <algorithm>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/redirect_error.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <asio/system_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <csignal>
#include <map>

namespace rf {

void FleetControl::stop() {
  if (stop_ == Stop::no) {
    stop_ = Stop::orderly;
  } else {
    stop_now();
  }
}

void FleetControl::stop_now() {
  stop_ = Stop::now;
  if (on_now_) on_now_();
}

class FleetRun {
 public:
  FleetRun(const asio::any_io_executor& executor, const FleetPolicy& policy, const FleetJob& job,
           const OnFleetEvent& on_event, FleetControl& control)
      : executor_(executor), policy_(policy), job_(job), on_event_(on_event), control_(control), news_(executor) {
    control_.on_now_ = [this] { cancel_running(); };
  }
  ~FleetRun() { control_.on_now_ = nullptr; }
  FleetRun(const FleetRun&) = delete;
  FleetRun& operator=(const FleetRun&) = delete;

  asio::awaitable<std::vector<NodeEnd>> run(const std::vector<FleetNode>& nodes) {
    ends_.resize(nodes.size());
    bool canary_failed = false;
    for (const Batch& batch : make_batches(nodes, policy_)) {
      const int before = failures_;
      if (canary_failed) {
        skip(batch, 0, "a canary failed");
      } else if (failures_ > policy_.max_failures.value_or(0)) {
        skip(batch, 0, "too many nodes failed before");
      } else {
        co_await run_batch(batch);
      }
      canary_failed = canary_failed || (batch.kind == Batch::Kind::canary && failures_ > before);
    }
    co_return std::move(ends_);
  }

 private:
  const char* why_not_start() const {
    if (control_.stopping() != FleetControl::Stop::no) return "interrupted";
    if (policy_.max_failures && failures_ > *policy_.max_failures) return "too many nodes failed";
    return nullptr;
  }

  void tell(std::size_t node, FleetEvent::Kind kind, std::string text = {}) const {
    if (on_event_) on_event_({node, kind, std::move(text)});
  }

  void skip(const Batch& batch, std::size_t from, const char* why) {
    for (std::size_t i = from; i < batch.nodes.size(); ++i) {
      ends_[batch.nodes[i]].error =
          Error{.kind = ErrorKind::interrupted, .message = std::string("not started: ") + why};
      tell(batch.nodes[i], FleetEvent::Kind::skipped, why);
    }
  }

  asio::awaitable<void> run_batch(const Batch& batch) {
    const auto window = static_cast<std::size_t>(std::max(policy_.parallel, 1));
    std::size_t next = 0;
    while (true) {
      const char* why = nullptr;
      while (next < batch.nodes.size() && running_.size() < window && (why = why_not_start()) == nullptr)
        start(batch.nodes[next++]);
      if (running_.empty()) {
        if (next < batch.nodes.size()) skip(batch, next, why);
        co_return;
      }
      std::error_code woken;
      news_.expires_after(std::chrono::hours(24));
      co_await news_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }
  }

  void start(std::size_t node) {
    auto& cancel = running_[node];
    cancel = std::make_unique<asio::cancellation_signal>();
    tell(node, FleetEvent::Kind::started);
    asio::co_spawn(executor_, run_node(node),
                   asio::bind_cancellation_slot(cancel->slot(), [this, node](std::exception_ptr failed) {
                     if (failed) ends_[node] = end_of(failed);
                     running_.erase(node);
                     finish(node);
                   }));
  }

  asio::awaitable<void> run_node(std::size_t node) {
    NodeRun run(node, on_event_, control_);
    auto result = co_await job_(run);
    ends_[node].state = result ? NodeEnd::State::succeeded : NodeEnd::State::failed;
    if (!result) ends_[node].error = std::move(result).error();
    if (!result && control_.stopping() != FleetControl::Stop::no && ends_[node].error->kind == ErrorKind::interrupted) {
      ends_[node].state = NodeEnd::State::interrupted;
    }
  }

  // A cancelled wait leaves the job as an exception of Asio's.
  static NodeEnd end_of(const std::exception_ptr& failed) {
    try {
      std::rethrow_exception(failed);
    } catch (const asio::system_error& error) {
      if (error.code() == asio::error::operation_aborted) {
        return {NodeEnd::State::interrupted, Error{.kind = ErrorKind::interrupted,
                                                   .message = "interrupted; the state of the node is unknown",
                                                   .hint = "regfallback status"}};
      }
      return {NodeEnd::State::failed, Error{.kind = ErrorKind::internal, .message = error.what()}};
    } catch (const std::exception& error) {
      return {NodeEnd::State::failed, Error{.kind = ErrorKind::internal, .message = error.what()}};
    }
  }

  void finish(std::size_t node) {
    const NodeEnd& end = ends_[node];
    const std::string text = end.error ? end.error->message : "";
    failures_ += end.state != NodeEnd::State::succeeded;
    tell(node,
         end.state == NodeEnd::State::succeeded ? FleetEvent::Kind::succeeded
         : end.state == NodeEnd::State::failed  ? FleetEvent::Kind::failed
                                                : FleetEvent::Kind::interrupted,
         text);
    news_.cancel();
  }

  void cancel_running() {
    for (const auto& [node, cancel] : running_) cancel->emit(asio::cancellation_type::terminal);
  }

  const asio::any_io_executor executor_;
  const FleetPolicy& policy_;
  const FleetJob& job_;
  const OnFleetEvent& on_event_;
  FleetControl& control_;
  asio::steady_timer news_;
  std::map<std::size_t, std::unique_ptr<asio::cancellation_signal>> running_;
  std::vector<NodeEnd> ends_;
  int failures_ = 0;
};

asio::awaitable<std::vector<NodeEnd>> run_fleet(const std::vector<FleetNode>& nodes, const FleetPolicy& policy,
                                                const FleetJob& job, const OnFleetEvent& on_event,
                                                FleetControl& control) {
  FleetRun run(co_await asio::this_coro::executor, policy, job, on_event, control);
  co_return co_await run.run(nodes);
}

struct InterruptWatch::State {
  State(const asio::any_io_executor& executor, FleetControl& which, std::function<void(FleetControl::Stop)> tell)
      : signals(executor, SIGINT, SIGTERM), control(&which), on_signal(std::move(tell)) {}
  asio::signal_set signals;
  FleetControl* control;
  std::function<void(FleetControl::Stop)> on_signal;

  static void wait(const std::shared_ptr<State>& state) {
    state->signals.async_wait([state](std::error_code failed, int) {
      if (failed || state->control == nullptr) return;
      state->control->stop();
      if (state->on_signal) state->on_signal(state->control->stopping());
      wait(state);
    });
  }
};

InterruptWatch::InterruptWatch(const asio::any_io_executor& executor, FleetControl& control,
                               std::function<void(FleetControl::Stop)> on_signal)
    : state_(std::make_shared<State>(executor, control, std::move(on_signal))) {
  State::wait(state_);
}

InterruptWatch::~InterruptWatch() {
  state_->control = nullptr;
  std::error_code ignored;
  state_->signals.cancel(ignored);
}

int raise_file_limit(int files_per_node) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 64;
  if (limit.rlim_cur < limit.rlim_max) {
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 1u << 20);
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = before;
  }
  const auto usable = static_cast<long>(std::min<rlim_t>(limit.rlim_cur, 1u << 20)) - 64;
  return static_cast<int>(std::max(usable / std::max(files_per_node, 1), 1L));
}

}  // namespace rf
