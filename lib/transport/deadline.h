// A wall-clock limit beside a running operation: when it passes, `act` runs once (it closes what the operation waits for).
#pragma once
#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>

namespace rf {

class Deadline {
 public:
  Deadline(const asio::any_io_executor& executor, std::chrono::milliseconds limit, std::function<void()> act)
      : state_(std::make_shared<State>(State{asio::steady_timer(executor, limit), std::move(act)})) {
    state_->timer.async_wait([state = state_](std::error_code failed) {
      if (failed || !state->act) return;
      state->passed = true;
      std::exchange(state->act, nullptr)();
    });
  }
  ~Deadline() { disarm(); }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  // For operations that never let the loop run: passes it now if its time has come.
  bool check() {
    if (state_->act && state_->timer.expiry() <= std::chrono::steady_clock::now()) {
      state_->passed = true;
      std::exchange(state_->act, nullptr)();
    }
    return state_->passed;
  }
  bool passed() const { return state_->passed; }
  void disarm() {
    state_->act = nullptr;  // the handler may already be queued
    state_->timer.cancel();
  }

 private:
  struct State {
    asio::steady_timer timer;
    std::function<void()> act;
    bool passed = false;
  };
  std::shared_ptr<State> state_;
};

}  // namespace rf
