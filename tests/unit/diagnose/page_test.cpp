// A page of the doctor, read back into its parts.
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "base/text.h"
#include "diagnose/page.h"

using namespace rf;

namespace {

const std::string whole =
    "# A fault\n"
    "\n"
    "`some-fault`, at worst a warning\n"
    "\n"
    "## What happens\n"
    "\n"
    "One sentence\n"
    "on two lines.\n"
    "\n"
    "| a | b |\n"
    "|---|---|\n"
    "| 1 | 2 |\n"
    "\n"
    "Another one.\n"
    "\n"
    "## Why\n"
    "\n"
    "Because.\n"
    "\n"
    "## How to see it\n"
    "\n"
    "```sh\n"
    "ls\n"
    "grep a b     # c\n"
    "```\n"
    "\n"
    "## What to do\n"
    "\n"
    "Mend it.\n"
    "\n"
    "## Versions\n"
    "\n"
    "All.\n";

std::string fault_of(const std::string& text) {
  const auto page = parse_rule_page(text);
  return page ? "none" : to_string(page.error());
}

}  // namespace

TEST_CASE("a page is read into its sections, each paragraph on one line") {
  RulePage expected{.title = "A fault",
                    .id = "some-fault",
                    .severity = Severity::warning,
                    .happens = "One sentence on two lines.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nAnother one.",
                    .why = "Because.",
                    .see = "ls\ngrep a b     # c",
                    .fix = "Mend it.",
                    .versions = "All.",
                    .text = whole};
  const auto page = parse_rule_page(whole);
  REQUIRE(page);
  CHECK(*page == expected);

  const auto with_reports = whole + "\n## Public reports\n\na/b#1\n";
  expected.reports = "a/b#1";
  expected.text = with_reports;
  CHECK(*parse_rule_page(with_reports) == expected);
}

TEST_CASE("a page without a section, or with another one, is refused at its line") {
  const auto without = [](std::string_view part) { return replace_all(whole, part, ""); };
  CHECK(fault_of(without("# A fault\n")) == ":1: a page must begin with its title and an empty line");
  CHECK(fault_of(replace_all(whole, "a warning", "a fault")) ==
        ":3: the third line is `ID`, at worst an error, a warning or a note");
  CHECK(fault_of(without("## Why\n\nBecause.\n\n")) == ":16: \"## Why\" is expected here");
  CHECK(fault_of(without("\n## Versions\n\nAll.\n")) == ":30: \"## Versions\" is expected here");
  CHECK(fault_of(without("Because.\n")) == ":18: the section Why is empty or malformed");
  CHECK(fault_of(without("```sh\n")) == ":25: the section How to see it is empty or malformed");
  CHECK(fault_of(whole + "\n## More\n\nText.\n") == ":35: \"## Public reports\" is expected here");
  CHECK(fault_of(whole + "\n## Public reports\n\na/b#1\n\n## More\n\nText.\n") == ":39: an unknown section");
}
