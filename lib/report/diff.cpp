#include "report/diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace rf {
namespace {

struct Edit {
  char kind;  // ' ', '-', '+'
  std::string_view line;
};

// Lines, with the missing newline at the end of the text made visible.
struct Side {
  std::vector<std::string_view> lines;
  bool ends_open = false;
};

Side side_of(std::string_view text) {
  Side side;
  side.ends_open = !text.empty() && text.back() != '\n';
  if (text.empty()) return side;
  auto parts = split(text, '\n');
  if (!side.ends_open) parts.pop_back();
  side.lines = std::move(parts);
  return side;
}

using LineList = std::vector<std::string_view>;

// The longest common subsequence of what is left after equal beginnings and ends are taken off. Configuration files are
// small; past `limit` cells the middle is shown as replaced, which is still correct.
std::vector<Edit> edits_between(const LineList& a, const LineList& b) {
  constexpr std::size_t limit = 4'000'000;
  std::size_t head = 0;
  while (head < a.size() && head < b.size() && a[head] == b[head]) ++head;
  std::size_t tail = 0;
  while (tail < a.size() - head && tail < b.size() - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) ++tail;
  const std::size_t n = a.size() - head - tail;
  const std::size_t m = b.size() - head - tail;

  std::vector<Edit> out;
  for (std::size_t i = 0; i < head; ++i) out.push_back({' ', a[i]});
  std::size_t i = 0;
  std::size_t j = 0;
  if (n * m <= limit) {
    std::vector<unsigned> best((n + 1) * (m + 1), 0);
    const auto at = [&](std::size_t x, std::size_t y) -> unsigned& { return best[x * (m + 1) + y]; };
    for (std::size_t x = n; x-- > 0;) {
      for (std::size_t y = m; y-- > 0;) {
        at(x, y) = a[head + x] == b[head + y] ? at(x + 1, y + 1) + 1 : std::max(at(x + 1, y), at(x, y + 1));
      }
    }
    while (i < n && j < m) {
      if (a[head + i] == b[head + j]) {
        out.push_back({' ', a[head + i]});
        ++i, ++j;
      } else if (at(i + 1, j) >= at(i, j + 1)) {
        out.push_back({'-', a[head + i++]});
      } else {
        out.push_back({'+', b[head + j++]});
      }
    }
  }
  while (i < n) out.push_back({'-', a[head + i++]});
  while (j < m) out.push_back({'+', b[head + j++]});
  for (std::size_t t = tail; t > 0; --t) out.push_back({' ', a[a.size() - t]});
  return out;
}

Emphasis tint_of(char kind) {
  if (kind == '-') return Emphasis::bad;
  if (kind == '+') return Emphasis::good;
  return Emphasis::none;
}

std::string range(std::size_t start, std::size_t count) {
  return count == 1 ? fmt::format("{}", start) : fmt::format("{},{}", count == 0 ? start - 1 : start, count);
}

std::string hunks(const std::vector<Edit>& edits, const Side& before, const Side& after, const TextStyle& style) {
  constexpr std::size_t context = 3;
  std::string out;
  std::size_t old_line = 1;
  std::size_t new_line = 1;
  std::size_t i = 0;
  while (i < edits.size()) {
    std::size_t change = i;
    while (change < edits.size() && edits[change].kind == ' ') ++change;
    if (change == edits.size()) break;
    const std::size_t start = change - i > context ? change - context : i;
    old_line += start - i;
    new_line += start - i;
    std::size_t end = change;
    for (std::size_t k = change; k < edits.size() && k <= end + 2 * context; ++k) {
      if (edits[k].kind != ' ') end = k;
    }
    end = std::min(end + context + 1, edits.size());

    std::size_t old_count = 0;
    std::size_t new_count = 0;
    std::string body;
    for (std::size_t k = start; k < end; ++k) {
      const auto& edit = edits[k];
      if (edit.kind != '+') ++old_count;
      if (edit.kind != '-') ++new_count;
      body += style.paint(tint_of(edit.kind), edit.kind + terminal_safe(edit.line)) + "\n";
      const bool last_old = edit.kind != '+' && before.ends_open && old_line + old_count - 1 == before.lines.size();
      const bool last_new = edit.kind != '-' && after.ends_open && new_line + new_count - 1 == after.lines.size();
      if (last_old || last_new) body += "\\ No newline at end of file\n";
    }
    out += style.paint(Emphasis::accent,
                       fmt::format("@@ -{} +{} @@", range(old_line, old_count), range(new_line, new_count))) +
           "\n" + body;
    old_line += old_count;
    new_line += new_count;
    i = end;
  }
  return out;
}

}  // namespace

std::string unified_diff(const DiffSides& sides, const TextStyle& style) {
  if (sides.before == sides.after) return "";
  auto before = side_of(sides.before);
  auto after = side_of(sides.after);
  auto edits = edits_between(before.lines, after.lines);
  if (before.ends_open != after.ends_open && !edits.empty() && edits.back().kind == ' ') {
    // Only the newline at the end differs: git shows the last line as replaced, so do we.
    const auto line = edits.back().line;
    edits.back() = {'-', line};
    edits.push_back({'+', line});
  }
  return style.paint(Emphasis::strong, "--- " + terminal_safe(sides.before_name)) + "\n" +
         style.paint(Emphasis::strong, "+++ " + terminal_safe(sides.after_name)) + "\n" +
         hunks(edits, before, after, style);
}

}  // namespace rf
