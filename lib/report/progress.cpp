#include "report/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace rf {
namespace {

struct Sign {
  std::string_view text;
  Emphasis tint;
};

Sign sign_of(Mark mark) {
  switch (mark) {
    case Mark::waiting: return {" ", Emphasis::dim};
    case Mark::busy: return {">", Emphasis::accent};
    case Mark::good: return {"=", Emphasis::good};
    case Mark::changed: return {"+", Emphasis::good};
    case Mark::bad: return {"!", Emphasis::bad};
  }
  return {" ", Emphasis::none};
}

// Cut to `columns`, with a mark where something is missing. `text` holds no paint.
std::string cut(const std::string& text, int columns) {
  if (columns <= 0 || display_width(text) <= columns) return text;
  std::string out;
  std::size_t i = 0;
  while (i < text.size()) {
    std::size_t next = i + 1;
    while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xc0) == 0x80) ++next;
    const auto more = text.substr(i, next - i);
    if (display_width(out) + display_width(more) > columns - 1) break;
    out += more;
    i = next;
  }
  return out + "~";
}

}  // namespace

Progress::Progress(std::vector<std::string> nodes) {
  for (const auto& name : nodes) {
    nodes_.push_back({.name = terminal_safe(name), .mark = Mark::waiting, .text = ""});
    name_width_ = std::max(name_width_, display_width(nodes_.back().name));
  }
  name_width_ = std::min(name_width_, 30);
}

bool Progress::set(std::size_t node, Mark mark, std::string text) {
  auto& one = nodes_.at(node);
  auto safe = terminal_safe(text);
  if (one.mark == mark && one.text == safe) return false;
  one.mark = mark;
  one.text = std::move(safe);
  return true;
}

std::string Progress::picture_of(const Node& node, const TextStyle& style) const {
  const auto sign = sign_of(node.mark);
  const auto name = cut(node.name, name_width_);
  const auto gap = std::string(static_cast<std::size_t>(std::max(0, name_width_ - display_width(name))) + 2, ' ');
  const auto room = style.width > 0 ? style.width - name_width_ - 5 : 0;
  return style.paint(sign.tint, sign.text) + " " + name + gap +
         style.paint(node.mark == Mark::bad ? Emphasis::bad : Emphasis::none, cut(node.text, room)) + "\n";
}

std::string Progress::picture(const TextStyle& style, std::size_t lines) const {
  std::string out;
  if (nodes_.size() <= lines) {
    for (const auto& node : nodes_) out += picture_of(node, style);
    return out;
  }
  std::size_t shown = 0;
  std::array<std::size_t, 5> count{};
  for (const auto& node : nodes_) ++count[static_cast<std::size_t>(node.mark)];
  for (const auto mark : {Mark::busy, Mark::bad}) {
    for (const auto& node : nodes_) {
      if (node.mark != mark || shown + 1 >= lines) continue;
      out += picture_of(node, style);
      ++shown;
    }
  }
  return out + fmt::format("  {} nodes: {} waiting, {} busy, {} done, {} failed\n", nodes_.size(), count[0], count[1],
                           count[2] + count[3], count[4]);
}

std::string Progress::line(std::size_t node) const { return nodes_.at(node).name + ": " + nodes_.at(node).text + "\n"; }

}  // namespace rf
