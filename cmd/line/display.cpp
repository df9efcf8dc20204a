#include "line/display.h"

#include <algorithm>
#include <utility>

namespace rf::cmd {
namespace {

constexpr std::chrono::milliseconds least_gap{40};
constexpr std::size_t most_lines = 20;

}  // namespace

void Display::begins(const std::vector<std::string>& names) {
  clear();
  progress_ = Progress(names);
}

void Display::happened(const FleetEvent& event) {
  switch (event.kind) {
    case FleetEvent::Kind::started: return;
    case FleetEvent::Kind::progress: return set(event.node, Mark::busy, event.text);
    case FleetEvent::Kind::succeeded: return set(event.node, Mark::good, event.text.empty() ? "done" : event.text);
    case FleetEvent::Kind::failed:
    case FleetEvent::Kind::interrupted: return set(event.node, Mark::bad, event.text);
    case FleetEvent::Kind::skipped: return set(event.node, Mark::waiting, "not started: " + event.text);
  }
}

void Display::accepted(const NewHostKey& key) {
  say([this, key] { context_.note(key.node + ": saved the host key " + key.fingerprint + " of " + key.host); });
}

void Display::warned(const std::string& text) {
  say([this, text] { context_.warning(text); });
}

void Display::noted(const std::string& text) {
  say([this, text] { context_.note(text); });
}

void Display::ending() {
  say([this] {
    context_.note("stopping: running nodes will finish, no further ones are started (Ctrl-C again to leave them)");
  });
}

void Display::asking() {
  clear();
  held_ = true;
}

void Display::answered() {
  held_ = false;
  for (const auto& note : std::exchange(later_, {})) note();
}

void Display::say(const std::function<void()>& note) {
  if (held_) return later_.push_back(note);
  clear();
  note();
}

void Display::set(std::size_t node, Mark mark, std::string text) {
  if (!progress_.set(node, mark, std::move(text)) || context_.options.quiet) return;
  if (!context_.diagnostics_terminal.live) {
    const bool worth_a_line =
        mark == Mark::bad || mark == Mark::changed || mark == Mark::waiting || context_.options.verbose;
    if (worth_a_line) say([this, line = progress_.line(node)] { context_.diagnostics.write(line); });
    return;
  }
  if (held_) return;
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
