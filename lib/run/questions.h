// Questions to the person at the terminal: one at a time, in the order they come, each asked in a thread of their own,
// so that the loop and every other node go on meanwhile.
#pragma once
#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "base/result.h"
#include "run/run.h"

namespace rf {

class Questions {
 public:
  // `observer` is told, in the loop's thread, when a question is open and when none is any more.
  Questions(const asio::any_io_executor& executor, RunObserver& observer);
  ~Questions();  // waits for the answer to the open question
  Questions(const Questions&) = delete;
  Questions& operator=(const Questions&) = delete;

  // Calls `person` in the thread of the questions, in its turn. After an answer that is an Error of kind interrupted no
  // other question is asked: all get that one's answer.
  template <class T>
  asio::awaitable<Result<T>> ask(std::function<Result<T>()> person) {
    const auto answer = std::make_shared<Result<T>>(not_asked());
    // It owns what it needs: who waits for it may be gone before it ends.
    // A variable: g++ 12 destroys the captures of a lambda twice that is written in the argument of a co_await.
    std::function<Goes()> question = [answer, person = std::move(person)] {
      *answer = person();
      return answer->ok() || answer->error().kind != ErrorKind::interrupted ? Goes::on : Goes::no_further;
    };
    const bool asked = co_await in_turn(std::move(question));
    co_return asked ? std::move(*answer) : Result<T>(not_asked());
  }

 private:
  enum class Goes { on, no_further };
  static Error not_asked() { return {.kind = ErrorKind::interrupted, .message = "interrupted before the question"}; }
  // False: it was not called.
  asio::awaitable<bool> in_turn(std::function<Goes()> question);
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace rf
