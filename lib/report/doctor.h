// What `doctor` says: the findings of each node, those that several nodes share said once; and the rules themselves.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "diagnose/rule.h"
#include "report/text_style.h"
#include "report/value.h"

namespace rf {

struct DoctorRow {
  std::string node;  // "" for a copy of a node's files
  std::optional<Error> error = {};
  std::vector<Finding> findings = {};  // none with an error
  std::vector<Finding> hidden = {};    // less bad than what was asked for
};

Value doctor_value(std::span<const DoctorRow> rows);  // regfallback.doctor/v1
std::string doctor_text(std::span<const DoctorRow> rows, const TextStyle& style);
// "3 nodes: 1 error (2 notes with --severity note)", each shared finding counted once.
std::string doctor_summary(std::span<const DoctorRow> rows);

Value rules_value(std::span<const Rule> rules);  // regfallback.doctor-rules/v1
std::string rules_text(std::span<const Rule> rules, const TextStyle& style);

}  // namespace rf
