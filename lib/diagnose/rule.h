// A rule: how bad a finding is, what is needed to look for it, and the look. One row in the table of its family.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "diagnose/diagnose.h"
#include "diagnose/page.h"

namespace rf {

class View;
struct Rule;

// Collects what the rules find; each different finding once.
class Findings {
 public:
  void begin(const Rule& rule) { rule_ = &rule; }
  // With the severity of the rule, or with another one where the case is a milder one.
  void add(Finding finding);
  void add(Severity severity, Finding finding);
  std::vector<Finding> take() { return std::move(all_); }

 private:
  const Rule* rule_ = nullptr;
  std::vector<Finding> all_;
};

// What there is to say about it is on its page, packaging/doc/doctor/ID.md.
struct Rule {
  std::string_view id;
  Severity severity = Severity::error;  // the worst it can be
  enum class Needs { detection, facts } needs = Needs::detection;
  // Why none of its fixes can be carried out by a program; absent where tests carry one out.
  std::optional<ByHand> by_hand = {};
  // Whether it is the cause of all that is found on the lines it names.
  enum class Covers { nothing, its_lines } covers = Covers::nothing;
  void (*look)(const View& view, Findings& found);
};

// All rules, family by family; ids are unique.
const std::vector<Rule>& rules();
// nullptr when there is none of that id.
const Rule* find_rule(std::string_view id);
// The nearest id for a word that is none, "" when none is near.
std::string_view nearest_rule(std::string_view word);

// A rule without a page is a bug and ends the program.
const RulePage& page_of(const Rule& rule);

// The families; each has a file of its own.
std::span<const Rule> runtime_rules();
std::span<const Rule> placeholder_rules();
std::span<const Rule> config_load_rules();
std::span<const Rule> config_path_rules();
std::span<const Rule> config_name_rules();
std::span<const Rule> config_setting_rules();
std::span<const Rule> directory_rules();
std::span<const Rule> hosts_toml_rules();
std::span<const Rule> endpoint_url_rules();
std::span<const Rule> endpoint_scheme_rules();
std::span<const Rule> endpoint_order_rules();
std::span<const Rule> certificate_rules();
std::span<const Rule> credential_rules();
std::span<const Rule> registries_yaml_rules();
std::span<const Rule> distribution_rules();
std::span<const Rule> leftover_rules();
std::span<const Rule> declared_rules();
std::span<const Rule> answer_rules();

}  // namespace rf
