#include "report/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "containerd/chain/hosts_dir.h"
#include "plan/diff.h"
#include "report/diff.h"
#include "report/model.h"
#include "report/table.h"

namespace rf {
namespace {

std::string_view to_string(FileChange::Op op) {
  switch (op) {
    case FileChange::Op::create: return "create";
    case FileChange::Op::replace: return "replace";
    case FileChange::Op::remove: return "remove";
    case FileChange::Op::make_directory: return "make-directory";
    case FileChange::Op::remove_directory: return "remove-directory";
  }
  return "";
}

std::string_view to_string(RestartBy by) {
  switch (by) {
    case RestartBy::none: return "none";
    case RestartBy::systemd: return "systemd";
    case RestartBy::snap: return "snap";
    case RestartBy::itself: return "itself";
  }
  return "";
}

bool is_directory(const FileChange& change) {
  return change.op == FileChange::Op::make_directory || change.op == FileChange::Op::remove_directory;
}

std::string diff_of(const FileChange& change, const TextStyle& style) {
  if (is_directory(change)) return "";
  const auto sides = diff_sides(change);
  return unified_diff(
      {.before = sides.before, .after = sides.after, .before_name = sides.before_name, .after_name = sides.after_name},
      style);
}

Value change_value(const FileChange& change) {
  const bool holds_text = change.op == FileChange::Op::create || change.op == FileChange::Op::replace;
  const auto after_sha256 = change.after_sha256.empty() ? sha256_hex(change.after.expose()) : change.after_sha256;
  return Value::object({{"op", to_string(change.op)},
                        {"path", change.path},
                        {"why", change.why},
                        {"mode", fmt::format("{:04o}", change.mode)},
                        {"uid", change.uid},
                        {"gid", change.gid},
                        {"before_sha256", change.before_sha256 == "-" ? Value() : Value::or_null(change.before_sha256)},
                        {"after_sha256", holds_text ? Value(after_sha256) : Value()},
                        {"holds_secrets", change.holds_secrets},
                        {"diff", Value::or_null(diff_of(change, {.width = 0}))}});
}

std::string_view to_string(ChainChange::Standing standing) {
  switch (standing) {
    case ChainChange::Standing::declared: return "declared";
    case ChainChange::Standing::dropped: return "dropped";
    case ChainChange::Standing::others: return "undeclared";
  }
  return "";
}

Value chain_change_value(const ChainChange& change) {
  return Value::object({{"registry", change.registry},
                        {"standing", to_string(change.standing)},
                        {"before", chain_value(change.before)},
                        {"after", chain_value(change.after)},
                        {"settings", Value::or_null(setting_difference(change.before, change.after))}});
}

}  // namespace

Value plan_row_value(const PlanRow& row) {
  const auto* plan = row.plan;
  Value changes = Value::array();
  Value chains = Value::array();
  Value chain_changes = Value::array();
  Value restart;
  if (plan) {
    for (const auto& change : plan->files) changes.push(change_value(change));
    for (const auto& chain : plan->chains) chains.push(chain_value(chain));
    for (const auto& change : plan->chain_changes) chain_changes.push(chain_change_value(change));
    if (plan->service.needed()) {
      restart = Value::object(
          {{"by", to_string(plan->service.by)}, {"name", plan->service.name}, {"why", plan->service.why}});
    }
  }
  return Value::object({{"node", row.node},
                        {"error", error_value(row.error)},
                        {"up_to_date", plan ? Value(plan->empty()) : Value()},
                        {"changes", changes},
                        {"restart", restart},
                        {"chains", chains},
                        {"chain_changes", chain_changes},
                        {"dropped", plan ? Value::strings(plan->dropped) : Value::array()},
                        {"warnings", plan ? Value::strings(plan->warnings) : Value::array()},
                        {"notes", plan ? Value::strings(plan->notes) : Value::array()}});
}

namespace {

// Nodes whose plans read the same. Chains differ in their source lines only, so they are compared by what is shown of
// them; reasons for the restart name the node's version, so each different one is shown.
struct PlanGroup {
  std::vector<std::string> nodes;
  const Plan* plan;
  std::vector<std::string> about;
  std::vector<std::string> restart_reasons;
};

bool same(const Plan& a, const Plan& b) {
  const auto texts = [](const Plan& plan) {
    std::vector<std::string> all;
    for (const auto& chain : plan.chains) all.push_back(chain.registry + " " + chain_text(chain));
    for (const auto& change : plan.chain_changes)
      all.push_back(fmt::format("{} {} > {} ({})", change.registry, chain_text(change.before), chain_text(change.after),
                                setting_difference(change.before, change.after)));
    return all;
  };
  return a.files == b.files && a.service.by == b.service.by && a.service.name == b.service.name &&
         a.warnings == b.warnings && a.notes == b.notes && texts(a) == texts(b);
}

std::vector<PlanGroup> grouped_plans(std::span<const PlanRow> rows) {
  std::vector<PlanGroup> groups;
  for (const auto& row : rows) {
    if (!row.plan) continue;
    PlanGroup* home = nullptr;
    for (auto& group : groups) {
      if (group.about == row.about && same(*group.plan, *row.plan)) home = &group;
    }
    if (!home)
      home = &groups.emplace_back(PlanGroup{.nodes = {}, .plan = row.plan, .about = row.about, .restart_reasons = {}});
    home->nodes.push_back(row.node);
    auto& reasons = home->restart_reasons;
    const auto& why = row.plan->service.why;
    if (row.plan->service.needed() && std::find(reasons.begin(), reasons.end(), why) == reasons.end())
      reasons.push_back(why);
  }
  return groups;
}

// Whether another change of the plan stands below this directory, and so tells of it.
bool goes_without_saying(const Plan& plan, const FileChange& directory) {
  const auto inside = [&](const FileChange& change) {
    return is_directory(directory) && change.path.starts_with(directory.path + "/");
  };
  return std::any_of(plan.files.begin(), plan.files.end(), inside);
}

bool concerns_runtime(const Plan& plan) {
  return std::any_of(plan.files.begin(), plan.files.end(),
                     [](const auto& change) { return change.kind != FileChange::Class::own; });
}

std::string list_text(const PlanGroup& group, const TextStyle& style) {
  const auto& plan = *group.plan;
  std::string out;
  for (const auto& change : plan.files) {
    if (goes_without_saying(plan, change)) continue;
    const bool adds = change.op == FileChange::Op::create || change.op == FileChange::Op::make_directory;
    const bool removes = change.op == FileChange::Op::remove || change.op == FileChange::Op::remove_directory;
    const char* sign = adds ? "+" : removes ? "-" : "~";
    const auto tint = adds ? Emphasis::good : removes ? Emphasis::bad : Emphasis::warn;
    const auto slash = is_directory(change) ? "/" : "";
    const auto mode =
        removes || change.mode == 0644 || change.mode == 0755 ? "" : fmt::format(" ({:04o})", change.mode);
    out += "  " + style.paint(tint, sign) + " " + terminal_safe(change.path) + slash + mode + "\n";
    if (!change.why.empty())
      out += "      " + style.paint(Emphasis::dim, wrap(terminal_safe(change.why), style.width, 6)) + "\n";
  }
  if (plan.service.needed()) {
    out += "  " + style.paint(Emphasis::warn, "!") + " restart " + terminal_safe(plan.service.name) + "\n";
    for (const auto& why : group.restart_reasons)
      out += "      " + style.paint(Emphasis::dim, wrap(terminal_safe(why), style.width, 6)) + "\n";
  } else if (plan.elsewhere) {
    out += "    for another node: nothing is changed here\n";
  } else if (concerns_runtime(plan)) {
    out += "    no restart: takes effect with the next pull\n";
  }
  return out;
}

std::string name_of_change(const ChainChange& change) {
  const auto name = change.registry == "*" ? std::string("* (every other one)") : change.registry;
  switch (change.standing) {
    case ChainChange::Standing::declared: return name;
    case ChainChange::Standing::dropped: return name + ", no longer declared";
    case ChainChange::Standing::others: return name + ", not declared";
  }
  return name;
}

// Every declared registry, and every other one whose chain changes.
std::string chains_table(const Plan& plan, const TextStyle& style) {
  if (plan.chains.empty() && plan.chain_changes.empty()) return "";
  if (plan.chain_changes.empty()) {
    Table table({"REGISTRY", "TRIED IN ORDER"});
    for (const auto& chain : plan.chains) table.row({{shown_registry(chain.registry)}, {chain_text(chain)}});
    return "\n" + table.text(style);
  }
  Table table({"REGISTRY", "WHEN", "TRIED IN ORDER"});
  const auto changed = [&](const Chain& chain) {
    return std::any_of(plan.chain_changes.begin(), plan.chain_changes.end(),
                       [&](const ChainChange& change) { return change.registry == chain.registry; });
  };
  for (const auto& change : plan.chain_changes) {
    const auto tint = change.standing == ChainChange::Standing::declared ? Emphasis::none : Emphasis::warn;
    table.row({{name_of_change(change), tint}, {"now"}, {chain_text(change.before)}});
    table.row({{""}, {"afterwards"}, {chain_text(change.after)}});
    if (const auto settings = setting_difference(change.before, change.after); !settings.empty())
      table.row({{""}, {"differs"}, {settings}});
  }
  for (const auto& chain : plan.chains)
    if (!changed(chain)) table.row({{shown_registry(chain.registry)}, {"as now"}, {chain_text(chain)}});
  return "\n" + table.text(style);
}

std::string plan_group_text(const PlanGroup& group, const TextStyle& style) {
  const auto& plan = *group.plan;
  std::string names;
  for (const auto& node : group.nodes) names += (names.empty() ? "" : ", ") + terminal_safe(node);
  std::string out = style.paint(Emphasis::strong, wrap(names, style.width, 0)) + "\n";
  for (const auto& line : group.about) out += "    " + wrap(terminal_safe(line), style.width, 6) + "\n";
  if (!plan.empty()) out += list_text(group, style);
  if (plan.empty() && group.about.empty()) out += "    up to date\n";
  for (const auto& warning : plan.warnings) {
    out += "  " + style.paint(Emphasis::warn, "warning: ") + wrap(terminal_safe(warning), style.width, 6) + "\n";
  }
  for (const auto& note : plan.notes) out += "  note: " + wrap(terminal_safe(note), style.width, 6) + "\n";
  std::string diffs;
  for (const auto& change : plan.files) diffs += diff_of(change, style);
  if (!diffs.empty()) out += "\n" + diffs;
  if (!plan.empty()) out += chains_table(plan, style);
  return out;
}

}  // namespace

Value plan_value(std::span<const PlanRow> rows) {
  Value nodes = Value::array();
  for (const auto& row : rows) nodes.push(plan_row_value(row));
  return Value::object({{"schema", "regfallback.plan/v1"}, {"nodes", nodes}});
}

std::string plan_text(std::span<const PlanRow> rows, const TextStyle& style) {
  std::string out;
  for (const auto& group : grouped_plans(rows)) out += plan_group_text(group, style) + "\n";
  for (const auto& row : rows) {
    if (row.error)
      out += style.paint(Emphasis::bad, terminal_safe(row.node)) + "\n  " +
             terminal_safe(rf::to_string(*row.error), Lines::keep) + "\n\n";
  }
  return out;
}

std::string counts_text(const PlanCounts& counts) {
  std::vector<std::string> parts;
  if (counts.written > 0) parts.push_back("write " + counted(counts.written, "file"));
  if (counts.removed > 0) parts.push_back("remove " + counted(counts.removed, "file"));
  if (counts.dropped > 0)
    parts.push_back(fmt::format("drop {} {}", counts.dropped, counts.dropped == 1 ? "registry" : "registries"));
  parts.push_back(counts.restarts == 0 ? "no restart" : counted(counts.restarts, "restart"));
  const auto text = join(parts, ", ");
  if (counts.undeclared == 0) return text;
  return fmt::format("{}; {} not declared change{} too", text,
                     counts.undeclared == 1 ? "1 registry" : fmt::format("{} registries", counts.undeclared),
                     counts.undeclared == 1 ? "s" : "");
}

std::string plan_question(std::string_view action, std::span<const PlanRow> rows) {
  std::vector<const Plan*> plans;
  for (const auto& row : rows)
    if (row.plan && !row.plan->empty()) plans.push_back(row.plan);
  return fmt::format("{} {}: {}? [y/N] ", action, counted(plans.size(), "node"), counts_text(counts_of(plans)));
}

std::string plan_summary(std::span<const PlanRow> rows) {
  std::vector<const Plan*> changes;
  std::size_t elsewhere = 0;
  std::size_t same_as_before = 0;
  std::size_t failed = 0;
  for (const auto& row : rows) {
    if (!row.plan) {
      ++failed;
    } else if (row.plan->empty()) {
      ++same_as_before;
    } else if (row.plan->elsewhere) {
      ++elsewhere;
    } else {
      changes.push_back(row.plan);
    }
  }
  std::vector<std::string> parts;
  if (!changes.empty())
    parts.push_back(fmt::format("{} to change ({})", changes.size(), counts_text(counts_of(changes))));
  if (elsewhere > 0) parts.push_back(fmt::format("{} with files for another node", elsewhere));
  if (same_as_before > 0) parts.push_back(fmt::format("{} up to date", same_as_before));
  if (failed > 0) parts.push_back(fmt::format("{} failed", failed));
  return counted(rows.size(), "node") + ": " + join(parts, ", ");
}

}  // namespace rf
