// What `test` says: a matrix of endpoints and nodes, what keeps an endpoint from answering, and how the pulls went.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "probe/probe.h"
#include "report/look.h"
#include "report/value.h"

namespace rf {

struct TestRow {
  std::string node;
  std::optional<Error> error = {};
  const NodeProbe* probe = nullptr;  // null with an error
};

Value test_value(std::span<const TestRow> rows);  // regfallback.test/v1
std::string test_text(std::span<const TestRow> rows, const Look& look);
// One line each, the worst first: "anubis: docker.io: no endpoint answers". Empty when all is well.
std::vector<std::string> test_findings(std::span<const TestRow> rows);

}  // namespace rf
