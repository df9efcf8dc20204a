// Facts from a node: one program through its shell.
#pragma once
#include <asio/awaitable.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "node/facts.h"
#include "transport/shell/shell.h"

namespace rf {

// What to look at beside what is always read (running runtimes with their configuration, the kubelet's, receipts).
struct FactsQuery {
  std::vector<std::string> globs = {};  // of files, "/etc/containerd/certs.d/*/*"
  std::vector<std::string> units = {};  // systemd units
  bool operator==(const FactsQuery&) const = default;
};

// Whether programs are asked too, for versions, services and the state of plugins: that takes longer than all the rest.
enum class Ask { programs, files_only };
// The script that reads them; Error when a glob cannot stand in a script.
Result<std::string> facts_program(const FactsQuery& query, Ask ask);

// Runs a facts_program(), which must live until it ends. A file that changes while it is read makes one more attempt.
asio::awaitable<Result<Facts>> read_facts(Shell& shell, std::string_view program,
                                          std::chrono::milliseconds limit = std::chrono::seconds(30));

}  // namespace rf
