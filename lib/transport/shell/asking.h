// Whether a person is asked for a stream that is being opened: while a question is open, no time runs for it.
#pragma once
#include <memory>
#include <optional>
#include <utility>

#include "transport/shell/deadline.h"

namespace rf {

class Asking {
 public:
  // The time of a part of the opening. One at a time; it must end before the deadline does.
  class Watch {
   public:
    Watch(std::shared_ptr<Asking> asking, Deadline& deadline) : asking_(std::move(asking)) {
      if (asking_) asking_->watch(&deadline);
    }
    ~Watch() {
      if (asking_) asking_->watch(nullptr);
    }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    std::shared_ptr<Asking> asking_;
  };
  // Open for as long as it lives.
  class Question {
   public:
    explicit Question(std::shared_ptr<Asking> asking) : asking_(std::move(asking)) {
      ++asking_->open_;
      asking_->hold();
    }
    ~Question() {
      if (--asking_->open_ == 0) asking_->pause_.reset();
    }
    Question(const Question&) = delete;
    Question& operator=(const Question&) = delete;

   private:
    std::shared_ptr<Asking> asking_;
  };

 private:
  void watch(Deadline* deadline) {
    pause_.reset();
    deadline_ = deadline;
    hold();
  }
  void hold() {
    if (open_ > 0 && deadline_ != nullptr && !pause_) pause_.emplace(*deadline_);
  }
  int open_ = 0;
  Deadline* deadline_ = nullptr;
  std::optional<Deadline::Pause> pause_;
};

}  // namespace rf
