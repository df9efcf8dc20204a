// Nodes as the rows of status and of rollback --list.
#pragma once
#include <vector>

#include "nodes.h"
#include "report/status.h"

namespace rf::cmd {

inline std::vector<StatusRow> status_rows(const std::vector<Node>& nodes) {
  std::vector<StatusRow> rows;
  for (const auto& node : nodes) {
    rows.push_back({.node = node.name,
                    .error = node.error,
                    .facts = node.facts ? &*node.facts : nullptr,
                    .plan = node.plan ? &*node.plan : nullptr});
  }
  return rows;
}

}  // namespace rf::cmd
