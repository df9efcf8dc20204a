#include "report/doctor.h"

#include <algorithm>

#include "base/text.h"
#include "report/model.h"
#include "report/table.h"

namespace rf {
namespace {

constexpr int margin = 10;  // of the text behind its label

// A finding that reads the same on several nodes; what follows from it may differ with their versions.
struct FindingGroup {
  const Finding* finding = nullptr;
  std::vector<std::string> nodes = {};
  std::vector<std::string> effects = {};
};

bool same(const Finding& a, const Finding& b) {
  return a.rule == b.rule && a.severity == b.severity && a.cause == b.cause && a.where == b.where && a.also == b.also &&
         a.fix == b.fix;
}

void add_once(std::vector<std::string>& list, const std::string& item) {
  if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(item);
}

using RowFindings = std::vector<Finding> DoctorRow::*;

std::vector<FindingGroup> grouped_findings(std::span<const DoctorRow> rows, RowFindings which) {
  std::vector<FindingGroup> groups;
  for (const auto& row : rows)
    for (const auto& finding : row.*which) {
      auto home = std::find_if(groups.begin(), groups.end(),
                               [&](const FindingGroup& group) { return same(*group.finding, finding); });
      if (home == groups.end()) home = groups.insert(groups.end(), {.finding = &finding});
      add_once(home->nodes, row.node);
      add_once(home->effects, finding.effect);
    }
  std::stable_sort(groups.begin(), groups.end(), [](const FindingGroup& a, const FindingGroup& b) {
    return a.finding->severity < b.finding->severity;
  });
  return groups;
}

Emphasis tint_of(Severity severity) {
  switch (severity) {
    case Severity::error: return Emphasis::bad;
    case Severity::warning: return Emphasis::warn;
    case Severity::note: return Emphasis::dim;
  }
  return Emphasis::none;
}

std::string labelled(std::string_view label, std::string_view text, const TextStyle& style) {
  std::string head = "  " + std::string(label);
  head.resize(margin, ' ');
  // wrap() begins each further line at the margin; the first one is as narrow.
  return style.paint(Emphasis::dim, head) + wrap(terminal_safe(text), style.width == 0 ? 0 : style.width, margin) +
         "\n";
}

std::string place(const Location& where) { return to_string(Location{where.file, where.line, 0}); }

std::string finding_group_text(const FindingGroup& group, const TextStyle& style) {
  const auto& finding = *group.finding;
  std::string names = join(group.nodes, ", ");
  std::string out = style.paint(tint_of(finding.severity), to_string(finding.severity)) + "  " +
                    style.paint(Emphasis::strong, terminal_safe(finding.rule));
  if (!names.empty()) out += "  " + terminal_safe(names);
  out += "\n";
  if (finding.where) {
    std::vector<std::string> places{place(*finding.where)};
    for (const auto& also : finding.also) places.push_back(place(also));
    out += labelled("at", join(places, ", "), style);
  }
  out += labelled("cause", finding.cause, style);
  for (const auto& effect : group.effects) out += labelled("effect", effect, style);
  return out + labelled("fix", finding.fix.text, style);
}

Value place_value(const Location& where) {
  return Value::object({{"file", where.file}, {"line", where.line > 0 ? Value(where.line) : Value()}});
}

Value finding_value(const Finding& finding) {
  Value also = Value::array();
  for (const auto& where : finding.also) also.push(place_value(where));
  return Value::object({{"id", finding.rule},
                        {"severity", to_string(finding.severity)},
                        {"cause", finding.cause},
                        {"where", finding.where ? place_value(*finding.where) : Value()},
                        {"also", also},
                        {"effect", Value::or_null(finding.effect)},
                        {"fix", Value::or_null(finding.fix.text)}});
}

// "1 error, 2 notes"; "" for none.
std::string counts_text(std::span<const DoctorRow> rows, RowFindings which) {
  std::size_t counts[3] = {0, 0, 0};
  for (const auto& group : grouped_findings(rows, which)) ++counts[static_cast<std::size_t>(group.finding->severity)];
  std::vector<std::string> parts;
  for (const auto severity : {Severity::error, Severity::warning, Severity::note})
    if (const auto count = counts[static_cast<std::size_t>(severity)]; count > 0)
      parts.push_back(counted(count, to_string(severity)));
  return join(parts, ", ");
}

}  // namespace

Value doctor_value(std::span<const DoctorRow> rows) {
  Value nodes = Value::array();
  int counts[3] = {0, 0, 0};
  int hidden = 0;
  for (const auto& row : rows) {
    hidden += static_cast<int>(row.hidden.size());
    Value findings = Value::array();
    for (const auto& finding : row.findings) {
      findings.push(finding_value(finding));
      ++counts[static_cast<std::size_t>(finding.severity)];
    }
    nodes.push(
        Value::object({{"node", Value::or_null(row.node)}, {"error", error_value(row.error)}, {"findings", findings}}));
  }
  return Value::object({{"schema", "regfallback.doctor/v1"},
                        {"nodes", nodes},
                        {"errors", counts[0]},
                        {"warnings", counts[1]},
                        {"notes", counts[2]},
                        {"hidden", hidden}});
}

std::string doctor_text(std::span<const DoctorRow> rows, const TextStyle& style) {
  std::string out;
  for (const auto& group : grouped_findings(rows, &DoctorRow::findings)) out += finding_group_text(group, style) + "\n";
  for (const auto& row : rows)
    if (row.error)
      out += style.paint(Emphasis::bad,
                         terminal_safe(row.node) + ": " + terminal_safe(to_string(*row.error), Lines::keep)) +
             "\n\n";
  return out;
}

std::string doctor_summary(std::span<const DoctorRow> rows) {
  const auto shown = counts_text(rows, &DoctorRow::findings), hidden = counts_text(rows, &DoctorRow::hidden);
  const auto failed = static_cast<std::size_t>(
      std::count_if(rows.begin(), rows.end(), [](const DoctorRow& row) { return row.error.has_value(); }));
  return counted(rows.size(), "node") + ": " + (shown.empty() ? "nothing found" : shown) +
         (hidden.empty() ? "" : " (" + hidden + " with --severity note)") +
         (failed == 0 ? "" : ", " + std::to_string(failed) + " not checked");
}

Value rules_value(std::span<const Rule> rules) {
  Value all = Value::array();
  for (const auto& rule : rules) {
    const auto& page = page_of(rule);
    all.push(Value::object({{"id", rule.id},
                            {"severity", to_string(rule.severity)},
                            {"by_hand", rule.by_hand ? Value(to_string(*rule.by_hand)) : Value()},
                            {"title", page.title},
                            {"happens", page.happens},
                            {"why", page.why},
                            {"see", page.see},
                            {"fix", page.fix},
                            {"versions", page.versions},
                            {"reports", Value::or_null(page.reports)}}));
  }
  return Value::object({{"schema", "regfallback.doctor-rules/v1"}, {"rules", all}});
}

std::string rules_text(std::span<const Rule> rules, const TextStyle& style) {
  Table table({"ID", "AT WORST", "FINDING"});
  for (const auto& rule : rules)
    table.row({{std::string(rule.id)},
               {std::string(to_string(rule.severity)), tint_of(rule.severity)},
               {page_of(rule).title}});
  return table.text(style);
}

}  // namespace rf
