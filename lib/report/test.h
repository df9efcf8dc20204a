// What `test` says: a matrix of endpoints and nodes, what keeps an endpoint from answering, and how the pulls went.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "probe/probe.h"
#include "report/text_style.h"
#include "report/value.h"

namespace rf {

struct TestRow {
  std::string node;
  std::optional<Error> error = {};
  const NodeProbe* probe = nullptr;  // null with an error, and where there was nothing to ask
  // The node has no registry configuration at all, and the user named none to ask about.
  enum class Configured { yes, nothing } configured = Configured::yes;
};

Value test_value(std::span<const TestRow> rows);  // regfallback.test/v1
std::string test_text(std::span<const TestRow> rows, const TextStyle& style);
// The worst first. Empty when all is well.
struct TestFinding {
  std::string node;
  std::string text;  // "docker.io: no endpoint answers"
};
std::vector<TestFinding> test_findings(std::span<const TestRow> rows);

}  // namespace rf
