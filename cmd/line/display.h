// Draws progress: a picture redrawn in place on a terminal, a line an event elsewhere, nothing with --quiet.
#pragma once
#include <chrono>
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
  void ending() override;
  // Takes the picture away, so that something else can be printed or asked; the next event draws it again.
  void clear();

 private:
  void set(std::size_t node, Mark mark, std::string text);
  void draw();
  Context& context_;
  Progress progress_;
  std::size_t drawn_ = 0;  // lines of the picture on the screen
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace rf::cmd
