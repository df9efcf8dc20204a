#include "report/failing_pull.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "report/model.h"

namespace rf {
namespace {

using Fit = PullDiagnosis::Fit;

std::string pull_line(std::string_view label, std::string_view text, const TextStyle& style) {
  constexpr int margin_of_pull = 10;
  std::string head = "  " + std::string(label);
  head.resize(margin_of_pull, ' ');
  return style.paint(Emphasis::dim, head) + wrap(terminal_safe(text), style.width, margin_of_pull) + "\n";
}

std::string place_text(const Location& where) { return to_string(Location{where.file, where.line, 0}); }

std::string chains_text(const std::vector<Chain>& chains) {
  std::vector<std::string> all;
  for (const auto& chain : chains) all.push_back(chain.registry + ": " + chain_text(chain));
  return join(all, "; ");
}

bool same_diagnosis(const PullDiagnosis& a, const PullDiagnosis& b) {
  return a.fit == b.fit && a.endpoint == b.endpoint && a.where == b.where && a.cause == b.cause && a.fix == b.fix &&
         a.findings == b.findings && a.now == b.now && chains_text(a.chains) == chains_text(b.chains);
}

// Nodes of which the same is to be said.
struct DiagnosisGroup {
  const PullDiagnosis* diagnosis = nullptr;
  std::vector<std::string> nodes = {};
};

std::vector<DiagnosisGroup> grouped_diagnoses(const FailingPull& pull) {
  std::vector<DiagnosisGroup> groups;
  for (const auto& node : pull.nodes) {
    auto home = std::find_if(groups.begin(), groups.end(),
                             [&](const auto& group) { return same_diagnosis(*group.diagnosis, node.diagnosis); });
    if (home == groups.end()) home = groups.insert(groups.end(), {.diagnosis = &node.diagnosis});
    home->nodes.push_back(node.node);
  }
  std::stable_sort(groups.begin(), groups.end(),
                   [](const auto& a, const auto& b) { return a.diagnosis->fit < b.diagnosis->fit; });
  return groups;
}

std::string group_text(const DiagnosisGroup& group, const TextStyle& style) {
  const auto& diagnosis = *group.diagnosis;
  const auto names = join(group.nodes, ", ");
  if (diagnosis.fit == Fit::other) return pull_line("not on", names + ": " + diagnosis.cause, style);
  std::string out = names.empty() ? "" : pull_line("on", names, style);
  if (diagnosis.where) out += pull_line("at", place_text(*diagnosis.where), style);
  if (!diagnosis.cause.empty()) out += pull_line("cause", diagnosis.cause, style);
  if (!diagnosis.chains.empty()) out += pull_line("chain", chains_text(diagnosis.chains), style);
  for (const auto& answer : diagnosis.now) out += pull_line("now", answer, style);
  if (!diagnosis.fix.empty()) out += pull_line("fix", diagnosis.fix, style);
  if (!diagnosis.rule.empty()) out += pull_line("more", "regfallback doctor --explain " + diagnosis.rule, style);
  for (const auto& finding : diagnosis.findings)
    out += pull_line("finding",
                     fmt::format("{}{}: {}", finding.rule, finding.where ? " at " + place_text(*finding.where) : "",
                                 finding.cause),
                     style) +
           pull_line("", "fix: " + finding.fix.text, style);
  return out;
}

std::string failure_head(const PullFailure& failure, const TextStyle& style) {
  const bool known = failure.cause != PullCause::unknown;
  auto out = style.paint(known ? Emphasis::bad : Emphasis::warn, to_string(failure.cause));
  if (failure.image) out += "  " + style.paint(Emphasis::strong, terminal_safe(to_string(*failure.image)));
  if (!failure.node.empty()) out += "  " + terminal_safe(failure.node);
  out += "\n";
  if (!failure.said.empty()) out += pull_line("text", failure.said, style);
  return out;
}

Value location_or_null(const std::optional<Location>& where) {
  if (!where) return {};
  return Value::object({{"file", where->file}, {"line", where->line > 0 ? Value(where->line) : Value()}});
}

std::string_view fit_word(Fit fit) {
  switch (fit) {
    case Fit::endpoint: return "endpoint";
    case Fit::registry: return "registry";
    case Fit::other: return "other";
    case Fit::unknown: return "unknown";
  }
  return "";
}

Value diagnosis_value(const FailingPullNode& node) {
  const auto& diagnosis = node.diagnosis;
  Value chains = Value::array();
  for (const auto& chain : diagnosis.chains) chains.push(chain_value(chain));
  Value findings = Value::array();
  for (const auto& finding : diagnosis.findings)
    findings.push(Value::object({{"id", finding.rule},
                                 {"severity", to_string(finding.severity)},
                                 {"cause", finding.cause},
                                 {"where", location_or_null(finding.where)},
                                 {"fix", Value::or_null(finding.fix.text)}}));
  return Value::object({{"node", Value::or_null(node.node)},
                        {"fit", fit_word(diagnosis.fit)},
                        {"endpoint", Value::or_null(diagnosis.endpoint)},
                        {"where", location_or_null(diagnosis.where)},
                        {"cause", Value::or_null(diagnosis.cause)},
                        {"fix", Value::or_null(diagnosis.fix)},
                        {"more", Value::or_null(diagnosis.rule)},
                        {"chains", chains},
                        {"now", Value::strings(diagnosis.now)},
                        {"findings", findings}});
}

}  // namespace

bool has_cause(const FailingPull& pull) {
  return pull.failure.cause != PullCause::unknown &&
         std::any_of(pull.nodes.begin(), pull.nodes.end(),
                     [](const auto& node) { return node.diagnosis.fit != Fit::other; });
}

Value failing_pulls_value(std::span<const FailingPull> pulls, std::span<const UnreadNode> unread) {
  Value failures = Value::array();
  for (const auto& pull : pulls) {
    Value nodes = Value::array();
    for (const auto& node : pull.nodes) nodes.push(diagnosis_value(node));
    const auto& failure = pull.failure;
    failures.push(Value::object({{"cause", to_string(failure.cause)},
                                 {"sentence", pull_cause_text(failure)},
                                 {"image", failure.image ? Value(to_string(*failure.image)) : Value()},
                                 {"registry", failure.image ? Value(failure.image->registry) : Value()},
                                 {"url", Value::or_null(failure.url)},
                                 {"host", Value::or_null(failure.host)},
                                 {"status", failure.status != 0 ? Value(failure.status) : Value()},
                                 {"token_service", failure.asked == PullFailure::Asked::token_service},
                                 {"named_node", Value::or_null(failure.node)},
                                 {"text", failure.said},
                                 {"nodes", nodes}}));
  }
  Value errors = Value::array();
  for (const auto& node : unread) errors.push(Value::object({{"node", node.node}, {"error", error_value(node.error)}}));
  return Value::object({{"schema", "regfallback.pull-failures/v1"}, {"failures", failures}, {"unread", errors}});
}

std::string failing_pulls_text(std::span<const FailingPull> pulls, std::span<const UnreadNode> unread,
                               const TextStyle& style) {
  std::string out;
  for (const auto& pull : pulls) {
    out += failure_head(pull.failure, style);
    if (pull.failure.cause == PullCause::unknown) out += pull_line("cause", pull_cause_text(pull.failure), style);
    if (pull.named_node_missing)
      out += pull_line("note",
                       fmt::format("the text names the node {}, which is not among those looked at", pull.failure.node),
                       style);
    for (const auto& group : grouped_diagnoses(pull)) out += group_text(group, style);
    out += "\n";
  }
  for (const auto& node : unread)
    out += style.paint(Emphasis::bad,
                       terminal_safe(node.node) + ": " + terminal_safe(to_string(node.error), Lines::keep)) +
           "\n\n";
  return out;
}

std::string failing_pulls_summary(std::span<const FailingPull> pulls) {
  const auto found = static_cast<std::size_t>(std::count_if(pulls.begin(), pulls.end(), has_cause));
  const auto unknown = static_cast<std::size_t>(std::count_if(
      pulls.begin(), pulls.end(), [](const auto& pull) { return pull.failure.cause == PullCause::unknown; }));
  auto out = fmt::format("{}: {} found", counted(pulls.size(), "failure"), counted(found, "cause"));
  if (unknown > 0) out += fmt::format(", {} unknown", unknown);
  if (found + unknown < pulls.size()) out += fmt::format(", {} on none of these nodes", pulls.size() - found - unknown);
  return out;
}

}  // namespace rf
