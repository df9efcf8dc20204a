// A page of packaging/doc/doctor: what there is to say about a finding on any node. The pages are compiled into the
// binary; tests hold them against the rules.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "diagnose/diagnose.h"

namespace rf {

// Markdown with each paragraph on one line.
struct RulePage {
  std::string title = {};
  std::string id = {};
  Severity severity = Severity::error;  // the worst it can be
  std::string happens = {};             // what containerd does
  std::string why = {};
  std::string see = {};  // how to see it by hand on the node: lines of sh
  std::string fix = {};
  std::string versions = {};   // of containerd or of the distribution
  std::string reports = {};    // public reports by number; "" when none is known
  std::string_view text = {};  // the page as it is written
  bool operator==(const RulePage&) const = default;
};

// "# TITLE", "`ID`, at worst a note", then the sections in the order above, "## Public reports" only where there are
// some. An Error of kind parse says which part is missing, or which line is not expected.
Result<RulePage> parse_rule_page(std::string_view text);

}  // namespace rf
