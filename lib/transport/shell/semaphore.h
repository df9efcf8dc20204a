// Lets a number of coroutines of one loop in at a time; the others wait in line. For what nodes share: the agent, a
// jump host.
#pragma once
#include <asio/awaitable.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <deque>
#include <memory>
#include <utility>

namespace rf {

class Semaphore {
  struct State {
    int free = 1;
    std::deque<std::shared_ptr<asio::steady_timer>> line;
  };

 public:
  explicit Semaphore(int places) : state_(std::make_shared<State>()) { state_->free = places; }

  // A place inside; it is given back when this ends.
  class Place {
   public:
    explicit Place(std::shared_ptr<State> state) : state_(std::move(state)) { --state_->free; }
    Place(Place&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(state_, other.state_);
      return *this;
    }
    ~Place() {
      if (!state_) return;
      ++state_->free;
      if (!state_->line.empty()) state_->line.front()->cancel();
    }

   private:
    std::shared_ptr<State> state_;
  };

  asio::awaitable<Place> enter() {
    const auto state = state_;
    if (state->free <= 0 || !state->line.empty()) {
      const auto turn = std::make_shared<asio::steady_timer>(co_await asio::this_coro::executor,
                                                             asio::steady_timer::time_point::max());
      state->line.push_back(turn);
      const Leave leave{state, turn};
      while (state->free <= 0 || state->line.front() != turn) {
        std::error_code woken;
        co_await turn->async_wait(asio::redirect_error(asio::use_awaitable, woken));
      }
    }
    co_return Place(state);
  }

 private:
  // Takes a waiter out of the line also when it is cancelled, and lets the next one look.
  struct Leave {
    std::shared_ptr<State> state;
    std::shared_ptr<asio::steady_timer> turn;
    ~Leave() {
      std::erase(state->line, turn);
      if (!state->line.empty() && state->free > 0) state->line.front()->cancel();
    }
  };
  std::shared_ptr<State> state_;
};

}  // namespace rf
