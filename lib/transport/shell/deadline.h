// A wall-clock limit beside a running operation: when it passes, `act` runs once (it closes what the operation waits
// for).
#pragma once
#include <algorithm>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace rf {

class Deadline {
 public:
  Deadline(const asio::any_io_executor& executor, std::chrono::milliseconds limit, std::function<void()> act)
      : limit_(limit), state_(std::make_shared<State>(State{asio::steady_timer(executor), std::move(act)})) {
    resume();
  }
  ~Deadline() { disarm(); }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  // For operations that never let the loop run: passes it now if its time has come.
  bool check() {
    if (state_->act && state_->timer.expiry() <= std::chrono::steady_clock::now()) state_->pass();
    return state_->passed;
  }
  bool passed() const { return state_->passed; }
  // Stands still while one of these lives, as while a person is asked; afterwards there is the whole time again.
  class Pause {
   public:
    explicit Pause(Deadline& deadline) : deadline_(deadline) { deadline_.pause(); }
    ~Pause() { deadline_.resume(); }
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

   private:
    Deadline& deadline_;
  };
  // Until it passes; at least 1 ms.
  std::chrono::milliseconds left() const {
    const auto left = state_->timer.expiry() - std::chrono::steady_clock::now();
    return std::max(std::chrono::duration_cast<std::chrono::milliseconds>(left), std::chrono::milliseconds(1));
  }
  void disarm() {
    state_->act = nullptr;  // the handler may already be queued
    state_->timer.cancel();
  }

 private:
  void pause() {
    if (pauses_++ == 0) state_->timer.expires_at(std::chrono::steady_clock::time_point::max());
  }
  void resume() {
    if (--pauses_ > 0) return;
    state_->timer.expires_after(limit_);
    state_->timer.async_wait([state = state_](std::error_code failed) {
      if (!failed && state->act && state->timer.expiry() <= std::chrono::steady_clock::now()) state->pass();
    });
  }
  struct State {
    asio::steady_timer timer;
    std::function<void()> act;
    bool passed = false;
    void pass() {
      passed = true;
      std::exchange(act, nullptr)();
    }
  };
  const std::chrono::milliseconds limit_;
  int pauses_ = 1;
  std::shared_ptr<State> state_;
};

}  // namespace rf
