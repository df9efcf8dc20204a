#include "run/questions.h"

#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

namespace rf {

struct Questions::State {
  struct Entry {
    std::function<Goes()> question;
    asio::steady_timer answered;  // the loop's
    bool asked = false;
  };
  State(const asio::any_io_executor& on, RunObserver& who) : executor(on), observer(who) {}

  void work();
  std::shared_ptr<Entry> next();

  const asio::any_io_executor executor;
  RunObserver& observer;
  int open = 0;  // questions that wait or are asked; the loop's
  std::mutex mutex;
  std::condition_variable news;
  std::deque<std::shared_ptr<Entry>> line;
  bool ends = false;
  Goes goes = Goes::on;  // the thread's
  std::optional<std::thread> thread;
};

std::shared_ptr<Questions::State::Entry> Questions::State::next() {
  std::unique_lock lock(mutex);
  news.wait(lock, [this] { return ends || !line.empty(); });
  if (ends) return nullptr;
  auto entry = std::move(line.front());
  line.pop_front();
  return entry;
}

void Questions::State::work() {
  while (auto entry = next()) {
    const bool asked = goes == Goes::on;
    if (asked) goes = entry->question();
    asio::post(executor, [entry, asked] {
      entry->asked = asked;
      entry->answered.cancel();
    });
  }
}

Questions::Questions(const asio::any_io_executor& executor, RunObserver& observer)
    : state_(std::make_shared<State>(executor, observer)) {}

Questions::~Questions() {
  if (!state_->thread) return;
  {
    const std::lock_guard lock(state_->mutex);
    state_->ends = true;
  }
  state_->news.notify_one();
  state_->thread->join();
  state_->line.clear();
}

asio::awaitable<bool> Questions::in_turn(std::function<Goes()> question) {
  const auto state = state_;
  const auto entry = std::make_shared<State::Entry>(
      State::Entry{std::move(question), asio::steady_timer(state->executor, asio::steady_timer::time_point::max())});
  struct Open {
    explicit Open(State& of) : all(of) {
      if (all.open++ == 0) all.observer.asking();
    }
    ~Open() {
      if (--all.open == 0) all.observer.answered();
    }
    Open(const Open&) = delete;
    Open& operator=(const Open&) = delete;
    State& all;
  };
  const Open open(*state);
  {
    const std::lock_guard lock(state->mutex);
    if (!state->thread) state->thread.emplace([raw = state.get()] { raw->work(); });
    state->line.push_back(entry);
  }
  state->news.notify_one();
  std::error_code woken;
  co_await entry->answered.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  co_return entry->asked;
}

}  // namespace rf
