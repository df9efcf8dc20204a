// Facts from a node: one program through its shell.
#pragma once
#include <asio/awaitable.hpp>
#include <chrono>
#include <string>
#include <string_view>

#include "apply/facts_query.h"
#include "base/result.h"
#include "node/facts.h"
#include "transport/shell/shell.h"

namespace rf {

// The script that reads them; Error when a glob cannot stand in a script.
Result<std::string> facts_program(const FactsQuery& query, Ask ask);

// Runs a facts_program(), which must live until it ends. A file that changes while it is read makes one more attempt.
asio::awaitable<Result<Facts>> read_facts(Shell& shell, std::string_view program,
                                          std::chrono::milliseconds limit = std::chrono::seconds(30));

}  // namespace rf
