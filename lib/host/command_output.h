// Runs a program on this machine for what it prints.
#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"
#include "transport/shell/output.h"

namespace rf {

// Its standard input is /dev/null; it may ask on the terminal. Text and exit status as in capture_child; an Error when
// it did not run.
Result<Output> command_output(const std::vector<std::string>& argv, std::chrono::milliseconds limit);

}  // namespace rf
