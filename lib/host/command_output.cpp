#include "host/command_output.h"

#include "fleet/loop.h"
#include "transport/shell/child.h"

namespace rf {

Result<Output> command_output(const std::vector<std::string>& argv, std::chrono::milliseconds limit) {
  const ChildCommand command{.argv = argv, .terminal = ChildCommand::Terminal::keep};
  return run_loop(capture_child(command, limit));
}

}  // namespace rf
