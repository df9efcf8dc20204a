// What a connection may have to ask a person. Which question comes first, and that only one is open at a time, is for
// whoever answers; nothing else waits for it, and no time-out runs for the connection that asks.
#pragma once
#include <asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/secret.h"
#include "transport/shell/secret_question.h"
#include "transport/shell/semaphore.h"

namespace rf {

// An Error when there is no answer; of kind interrupted when there will be none to other questions either.
using AskSecret = std::function<asio::awaitable<Result<Secret>>(SecretQuestion question)>;
using AskConfirmation = std::function<asio::awaitable<Result<bool>>(ConfirmQuestion question)>;

// The password that sudo wants, one for all nodes: asked for when the first of them wants it.
class SudoPassword {
 public:
  explicit SudoPassword(AskSecret ask) : ask_(std::move(ask)) {}
  explicit SudoPassword(Secret known) : answer_(std::move(known)) {}
  bool known() const { return answer_ && answer_->ok(); }
  // `node` wants it; the others wait for the same answer.
  asio::awaitable<Result<Secret>> get(std::string node) {
    const auto place = co_await one_at_a_time_.enter();
    if (!answer_) {
      SecretQuestion question{.what = SecretQuestion::What::sudo_password, .node = std::move(node), .of = {}};
      answer_ = co_await ask_(std::move(question));
    }
    co_return *answer_;
  }

 private:
  AskSecret ask_;
  std::optional<Result<Secret>> answer_;
  Semaphore one_at_a_time_{1};
};

}  // namespace rf
