// What `kind status` says: a checklist of a KIND cluster and its local registry.
#pragma once
#include <string>
#include <vector>

#include "report/text_style.h"
#include "report/value.h"

namespace rf {

struct KindCheck {
  enum class State { good, bad, skipped } state = State::good;
  std::string what;         // a statement that holds when it is good: "kind-registry is on the network kind"
  std::string detail = {};  // what was found; may come from outside
  std::string hint = {};    // the next thing to do
};

struct KindReport {
  std::string cluster;
  std::string engine = {};    // "" when the cluster was not found
  std::string registry = {};  // as images name it: "localhost:5001"
  std::vector<KindCheck> checks = {};
};

Value kind_value(const KindReport& report);  // regfallback.kind-status/v1
std::string kind_text(const KindReport& report, const TextStyle& style);
bool has_findings(const KindReport& report);

}  // namespace rf
