#include "diagnose/page.h"

#include <array>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"

namespace rf {
namespace {

struct Section {
  std::string_view heading;
  std::string RulePage::*text;
};
constexpr std::array sections{
    Section{"What happens", &RulePage::happens}, Section{"Why", &RulePage::why},
    Section{"How to see it", &RulePage::see},    Section{"What to do", &RulePage::fix},
    Section{"Versions", &RulePage::versions},    Section{"Public reports", &RulePage::reports}};

Error fault(std::string message, int line) {
  return {.kind = ErrorKind::parse, .message = std::move(message), .where = Location{{}, line, 0}};
}

bool is_row(std::string_view line) { return line.starts_with('|'); }

// Paragraphs without their line breaks; the rows of a table keep theirs.
std::string paragraphs(const std::vector<std::string_view>& body) {
  std::vector<std::string> out;
  for (const auto line : body) {
    const bool goes_on = !out.empty() && !out.back().empty() && !line.empty() && !is_row(line) && !is_row(out.back());
    if (goes_on)
      out.back() += fmt::format(" {}", line);
    else
      out.emplace_back(line);
  }
  return std::string(trim(join(out, "\n")));
}

// The lines between ```sh and ```; "" where the body is not one such block.
std::string code_block(const std::vector<std::string_view>& body) {
  std::vector<std::string> inside;
  for (const auto line : body)
    if (!line.empty()) inside.emplace_back(line);
  if (inside.size() < 3 || inside.front() != "```sh" || inside.back() != "```") return "";
  return join({inside.begin() + 1, inside.end() - 1}, "\n");
}

Result<void> read_head(const std::vector<std::string_view>& all, RulePage& page) {
  if (all.size() < 3 || !all[0].starts_with("# ") || !all[1].empty())
    return fault("a page must begin with its title and an empty line", 1);
  page.title = all[0].substr(2);
  page.id = all[2].substr(0, all[2].rfind('`'));
  if (page.id.starts_with('`')) page.id.erase(0, 1);
  for (const auto severity : {Severity::error, Severity::warning, Severity::note}) {
    page.severity = severity;
    const auto article = severity == Severity::error ? "an" : "a";
    if (all[2] == fmt::format("`{}`, at worst {} {}", page.id, article, to_string(severity))) return {};
  }
  return fault("the third line is `ID`, at worst an error, a warning or a note", 3);
}

}  // namespace

Result<RulePage> parse_rule_page(std::string_view text) {
  RulePage page{.text = text};
  const auto all = lines(text);
  RF_CHECK(read_head(all, page));
  std::size_t at = 4;
  for (const auto& section : sections) {
    const auto heading = fmt::format("## {}", section.heading);
    if (at >= all.size() || all[at] != heading) {
      if (section.text == &RulePage::reports && at >= all.size()) break;
      return fault(fmt::format("\"{}\" is expected here", heading), static_cast<int>(at) + 1);
    }
    std::vector<std::string_view> body;
    for (++at; at < all.size() && !all[at].starts_with("## "); ++at) body.push_back(all[at]);
    page.*section.text = section.text == &RulePage::see ? code_block(body) : paragraphs(body);
    if ((page.*section.text).empty())
      return fault(fmt::format("the section {} is empty or malformed", section.heading), static_cast<int>(at));
  }
  return at < all.size() ? fault("an unknown section", static_cast<int>(at) + 1) : Result<RulePage>(page);
}

}  // namespace rf
