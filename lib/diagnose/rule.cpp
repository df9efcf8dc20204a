#include "diagnose/rule.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/view.h"

namespace rf {
namespace {

constexpr std::size_t widest = 120;

// Words broken into lines; the rows of a table stay as they are.
std::string wrapped(std::string_view text) {
  std::string out;
  for (const auto line : lines(text)) {
    std::size_t column = 0;
    for (const auto word : split(line, ' ')) {
      const bool breaks = column > 0 && column + 1 + word.size() > widest && !line.starts_with('|');
      if (column > 0) out += breaks ? '\n' : ' ';
      column = (breaks || column == 0 ? 0 : column + 1) + word.size();
      out += word;
    }
    out += '\n';
  }
  return out;
}

std::string section(std::string_view heading, const std::string& body) {
  return fmt::format("\n## {}\n\n{}", heading, body);
}

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

void Findings::add(Severity severity, Finding finding) {
  finding.rule = rule_;
  finding.severity = severity;
  for (auto* text : {&finding.cause, &finding.effect, &finding.fix}) *text = without_passwords(std::move(*text));
  if (finding.where) finding.where->column = 0;
  for (auto& also : finding.also) also.column = 0;
  if (std::find(all_.begin(), all_.end(), finding) == all_.end()) all_.push_back(std::move(finding));
}

const std::vector<Rule>& rules() {
  static const std::vector<Rule> all = [] {
    std::vector<Rule> out;
    for (const auto family :
         {runtime_rules, config_load_rules, config_path_rules, config_name_rules, config_setting_rules, directory_rules,
          hosts_toml_rules, endpoint_url_rules, endpoint_scheme_rules, endpoint_order_rules, certificate_rules,
          credential_rules, registries_yaml_rules, distribution_rules, leftover_rules, declared_rules, answer_rules})
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

std::string rule_page(const Rule& rule) {
  auto out = fmt::format("# {}\n\n`{}`, at worst {} {}\n", rule.title, rule.id,
                         rule.severity == Severity::error ? "an" : "a", to_string(rule.severity));
  out += section("What happens", wrapped(rule.happens)) + section("Why", wrapped(rule.why));
  out += section("How to see it", fmt::format("```sh\n{}\n```\n", rule.see)) + section("What to do", wrapped(rule.fix));
  out += section("Versions", wrapped(rule.versions));
  return out + (rule.reports.empty() ? "" : section("Public reports", wrapped(rule.reports)));
}

std::string rule_index() {
  std::string out = "| finding | at worst | |\n|---|---|---|\n";
  for (const auto& rule : rules())
    out += fmt::format("| [`{0}`](doctor/{0}.md) | {1} | {2} |\n", rule.id, to_string(rule.severity), rule.title);
  return out;
}

std::vector<Finding> diagnose(const Subject& subject) {
  const View view(subject);
  const bool detected = subject.detection != nullptr && subject.detection->containerd.major != 0;
  Findings found;
  for (const auto& rule : rules()) {
    if (rule.needs == Rule::Needs::detection && !detected) continue;
    found.begin(rule.id, rule.severity);
    rule.look(view, found);
  }
  auto all = found.take();
  std::stable_sort(all.begin(), all.end(), [](const Finding& a, const Finding& b) { return a.severity < b.severity; });
  return all;
}

}  // namespace rf
