#include "diagnose/rule.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <utility>

#include "base/embedded.h"
#include "base/text.h"
#include "diagnose/view.h"

namespace rf {
namespace {

// A URL may carry a password, and texts quote URLs as they are written.
std::string without_passwords(std::string text) {
  for (auto at = text.find("://"); at != text.npos; at = text.find("://", at + 3)) {
    const auto begin = at + 3;
    const auto end = text.find_first_of("/@ \t\"'", begin);
    if (end != text.npos && text[end] == '@') text.replace(begin, end - begin, "...");
  }
  return text;
}

}  // namespace

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::error: return "error";
    case Severity::warning: return "warning";
    case Severity::note: return "note";
  }
  return "";
}

void Findings::add(Finding finding) { add(rule_->severity, std::move(finding)); }

void Findings::add(Severity severity, Finding finding) {
  finding.rule = rule_->id;
  finding.severity = severity;
  for (auto* text : {&finding.cause, &finding.effect, &finding.fix.text}) *text = without_passwords(std::move(*text));
  if (finding.fix.steps.empty() && !finding.fix.by_hand) finding.fix.by_hand = rule_->by_hand;
  if (finding.where) finding.where->column = 0;
  for (auto& also : finding.also) also.column = 0;
  if (std::find(all_.begin(), all_.end(), finding) == all_.end()) all_.push_back(std::move(finding));
}

const std::vector<Rule>& rules() {
  static const std::vector<Rule> all = [] {
    std::vector<Rule> out;
    for (const auto family : {runtime_rules, placeholder_rules, config_load_rules, config_path_rules, config_name_rules,
                              config_setting_rules, directory_rules, hosts_toml_rules, endpoint_url_rules,
                              endpoint_scheme_rules, endpoint_order_rules, certificate_rules, credential_rules,
                              registries_yaml_rules, distribution_rules, leftover_rules, declared_rules, answer_rules})
      for (const auto& rule : family()) out.push_back(rule);
    return out;
  }();
  return all;
}

const Rule* find_rule(std::string_view id) {
  const auto found = std::find_if(rules().begin(), rules().end(), [&](const Rule& rule) { return rule.id == id; });
  return found == rules().end() ? nullptr : &*found;
}

std::string_view nearest_rule(std::string_view word) {
  std::vector<std::string_view> ids;
  for (const auto& rule : rules()) ids.push_back(rule.id);
  return nearest(word, ids);
}

const RulePage& page_of(const Rule& rule) {
  static const std::vector<RulePage> pages = [] {
    std::vector<RulePage> out;
    for (const auto& file : embedded::doctor_pages())
      if (auto page = parse_rule_page(file.content)) out.push_back(*std::move(page));
    return out;
  }();
  const auto found = std::find_if(pages.begin(), pages.end(), [&](const RulePage& page) { return page.id == rule.id; });
  if (found == pages.end()) std::abort();
  return *found;
}

namespace {

using Place = std::pair<std::string, int>;

// One cause is said once.
void drop_covered(std::vector<Finding>& findings) {
  std::set<Place> covered;
  const auto covers = [](const Finding& finding) { return find_rule(finding.rule)->covers == Rule::Covers::its_lines; };
  for (const auto& finding : findings) {
    if (!covers(finding)) continue;
    covered.emplace(finding.where->file, finding.where->line);
    for (const auto& also : finding.also) covered.emplace(also.file, also.line);
  }
  std::erase_if(findings, [&](const Finding& finding) {
    return !covered.empty() && finding.where && !covers(finding) &&
           covered.contains({finding.where->file, finding.where->line});
  });
}

}  // namespace

std::vector<Finding> diagnose(const Subject& subject) {
  const View view(subject);
  const bool detected = subject.detection != nullptr && subject.detection->containerd.major != 0;
  Findings found;
  for (const auto& rule : rules()) {
    if (rule.needs == Rule::Needs::detection && !detected) continue;
    found.begin(rule);
    rule.look(view, found);
  }
  auto all = found.take();
  drop_covered(all);
  std::stable_sort(all.begin(), all.end(), [](const Finding& a, const Finding& b) { return a.severity < b.severity; });
  return all;
}

}  // namespace rf
