#include "line/display.h"

#include <algorithm>

namespace rf::cmd {
namespace {

constexpr std::chrono::milliseconds least_gap{40};
constexpr std::size_t most_lines = 20;

}  // namespace

void Display::begin(std::vector<std::string> nodes) {
  clear();
  progress_ = Progress(std::move(nodes));
}

void Display::set(std::size_t node, Mark mark, std::string text) {
  if (!progress_.set(node, mark, std::move(text)) || context_.options.quiet) return;
  if (!context_.diagnostics_terminal.live) {
    const bool worth_a_line =
        mark == Mark::bad || mark == Mark::changed || mark == Mark::waiting || context_.options.verbose;
    if (worth_a_line) context_.diagnostics.write(progress_.line(node));
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  if (mark == Mark::busy && now - last_ < least_gap) return;
  last_ = now;
  draw();
}

void Display::draw() {
  const auto picture = progress_.picture(context_.diagnostics_style(), most_lines);
  const auto lines = static_cast<std::size_t>(std::count(picture.begin(), picture.end(), '\n'));
  clear();
  context_.diagnostics.write(picture);
  drawn_ = lines;
}

void Display::clear() {
  if (drawn_ == 0) return;
  context_.diagnostics.write("\x1b[" + std::to_string(drawn_) + "A\x1b[J");
  drawn_ = 0;
}

}  // namespace rf::cmd
