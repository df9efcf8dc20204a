// Draws progress: a picture redrawn in place on a terminal, a line an event elsewhere, nothing with --quiet.
#pragma once
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "line/context.h"
#include "report/progress.h"
#include "run/run.h"

namespace rf::cmd {

class Display : public RunObserver {
 public:
  explicit Display(Context& context) : context_(context), progress_({}) {}
  Display(const Display&) = delete;
  Display& operator=(const Display&) = delete;
  ~Display() override { clear(); }

  void begins(const std::vector<std::string>& names) override;
  void happened(const FleetEvent& event) override;
  void ended() override { clear(); }
  void accepted(const NewHostKey& key) override;
  void warned(const std::string& text) override;
  void noted(const std::string& text) override;
  void asking() override;
  void answered() override;
  void ending() override;

 private:
  // Takes the picture away, so that something else can be printed or asked; the next event draws it again.
  void clear();
  void set(std::size_t node, Mark mark, std::string text);
  void draw();
  // Now, or once no question is open any more.
  void say(const std::function<void()>& note);
  Context& context_;
  Progress progress_;
  std::size_t drawn_ = 0;  // lines of the picture on the screen
  bool held_ = false;      // a question is open: the terminal is its
  std::vector<std::function<void()>> later_;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace rf::cmd
