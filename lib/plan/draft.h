// A plan in the making: what a style is given and what it returns.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "plan/file_changes.h"
#include "plan/plan.h"

namespace rf {

struct PlanContext {
  const Intent& intent;
  const ResolvedEndpoints& resolved;
  const Facts& facts;
  const Detection& detection;
  const PlanOptions& options;
  const NodeFiles files{facts, detection.profile};
};

struct Draft {
  std::vector<FileChange> files;  // in any order
  std::vector<std::string> warnings;
  std::vector<std::string> notes;
  std::string restart_why;                     // "" when no restart is needed
  std::set<std::string, std::less<>> dropped;  // registries of ours that are removed
  // By registry: URLs it puts first or last in the chain by itself, whatever is declared.
  std::map<std::string, std::vector<std::string>, std::less<>> added;
};

// Whether a file that has our first line is ours on this node too: a receipt names it, or receipts have been pruned and
// one may have.
bool has_receipt(const Facts& facts, std::string_view path);
// Whether `kind registry` wrote it last: that is no part of an intent, and stays until an intent names its registry.
bool is_set_up_by_kind(const Facts& facts, std::string_view path);

}  // namespace rf
