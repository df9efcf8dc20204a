// The question before nodes are changed: asked in one way by every command that changes them.
#pragma once
#include <optional>
#include <string_view>

#include "line/context.h"
#include "run/run.h"

namespace rf::cmd {

// Before a node is touched: an Error of kind usage where --yes is not given and nobody can be asked.
Result<void> check_consent(const Options& options, std::string_view command);
// Asks, unless --yes was given. Nothing back: the user agrees. Else the exit code; what there is to say has been said.
// The connections of `run` are kept alive until the answer.
std::optional<int> ask_consent(Context& context, Run& run, std::string_view command, std::string_view question);

}  // namespace rf::cmd
