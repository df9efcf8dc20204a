#include "report/table.h"

#include <algorithm>
#include <numeric>

#include "base/text.h"

namespace rf {
namespace {

constexpr int gap = 2;

// A wrapped column is never narrower than this or than its head.
constexpr int narrowest = 12;

std::vector<int> fit(std::vector<int> widths, const std::vector<int>& least, int limit) {
  if (limit <= 0) return widths;
  const auto total = [&] {
    return std::accumulate(widths.begin(), widths.end(), 0) + gap * (static_cast<int>(widths.size()) - 1);
  };
  while (total() > limit) {
    std::size_t widest = widths.size();
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (widths[i] > least[i] && (widest == widths.size() || widths[i] > widths[widest])) widest = i;
    }
    if (widest == widths.size()) break;
    --widths[widest];
  }
  return widths;
}

// One line of a row: the n-th line of every cell. Blanks at the end are not written.
std::string line_of(const std::vector<std::vector<std::string>>& cells, std::size_t n, const std::vector<int>& widths,
                    const std::vector<Emphasis>& tints, const TextStyle& style) {
  std::string out;
  int blanks = 0;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string text = n < cells[i].size() ? cells[i][n] : "";
    if (!text.empty()) {
      out.append(static_cast<std::size_t>(blanks), ' ');
      blanks = 0;
      out += style.paint(tints[i], text);
    }
    blanks += widths[i] - display_width(text) + gap;
    if (blanks < 0) blanks = gap;
  }
  return out + "\n";
}

}  // namespace

std::string Table::text(const TextStyle& style) const {
  std::vector<int> widths;
  std::vector<int> least;
  for (const auto& title : head_) {
    widths.push_back(display_width(title));
    least.push_back(std::max(display_width(title), narrowest));
  }
  std::vector<std::vector<std::string>> safe;
  for (const auto& row : rows_) {
    auto& cells = safe.emplace_back();
    for (std::size_t i = 0; i < row.size() && i < head_.size(); ++i) {
      cells.push_back(terminal_safe(row[i].text));
      widths[i] = std::max(widths[i], display_width(cells.back()));
    }
    cells.resize(head_.size());
  }
  widths = fit(std::move(widths), least, style.width);

  std::string out;
  std::vector<std::vector<std::string>> titles;
  for (const auto& title : head_) titles.push_back({title});
  out += line_of(titles, 0, widths, std::vector<Emphasis>(head_.size(), Emphasis::dim), style);
  for (std::size_t r = 0; r < safe.size(); ++r) {
    std::vector<std::vector<std::string>> cells;
    std::vector<Emphasis> tints;
    std::size_t height = 1;
    for (std::size_t i = 0; i < head_.size(); ++i) {
      auto& wrapped = cells.emplace_back();
      const auto text = wrap(safe[r][i], widths[i], 0);
      for (const auto part : lines(text)) wrapped.emplace_back(part);
      height = std::max(height, wrapped.size());
      tints.push_back(i < rows_[r].size() ? rows_[r][i].tint : Emphasis::none);
    }
    for (std::size_t n = 0; n < height; ++n) out += line_of(cells, n, widths, tints, style);
  }
  return out;
}

}  // namespace rf
