// The making of one connection, from the name to the log-in: the time it may take, and what a person was asked on the
// way.
#pragma once
#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "base/secret.h"
#include "transport/shell/deadline.h"

namespace rf {

class SetUp {
 public:
  SetUp(const asio::any_io_executor& executor, std::chrono::milliseconds limit)
      : limit_(limit), pause_(executor), deadline_(executor, limit, [this] {
          pause_.cancel();
          if (end_) end_();
        }) {}
  SetUp(const SetUp&) = delete;
  SetUp& operator=(const SetUp&) = delete;

  // What is ended when the time is over; the last one given counts, until the next.
  void ends(std::function<void()> end) { end_ = std::move(end); }
  bool out_of_time() const { return deadline_.passed(); }
  std::chrono::milliseconds left() const { return deadline_.left(); }
  std::chrono::milliseconds limit() const { return limit_; }

  // No time runs while a Pause of it lives: a person is asked, or another connection is made first.
  Deadline& deadline() { return deadline_; }

  // At most until the time is over.
  asio::awaitable<void> sleep(std::chrono::milliseconds time) {
    pause_.expires_after(time);
    std::error_code woken;
    co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }

  std::optional<Secret> password = {};  // that was typed for this host; it is asked for once
  // The server did not wait for a person's answer: the connection is to be made again, with the answer.
  bool hung_up_meanwhile = false;

 private:
  const std::chrono::milliseconds limit_;
  std::function<void()> end_;
  asio::steady_timer pause_;
  Deadline deadline_;
};

}  // namespace rf
