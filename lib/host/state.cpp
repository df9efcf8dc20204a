#include "host/state.h"

#include "host/files.h"

namespace rf {
namespace {
constexpr std::size_t most_run_bytes = 4U << 20;
std::string last_apply_file() { return state_directory() + "/last-apply"; }
std::string runs_file() { return state_directory() + "/runs"; }

std::vector<RememberedRun> remembered_runs() {
  const auto file = read_local_file(runs_file(), most_run_bytes);
  return file ? parse_runs(file->text) : std::vector<RememberedRun>{};
}
}  // namespace

std::string state_directory() {
  return environment("XDG_STATE_HOME").value_or(home_directory() + "/.local/state") + "/regfallback";
}

LastApply remembered_apply() {
  const auto file = read_local_file(last_apply_file(), 1U << 20);
  return file ? parse_last_apply(file->text) : LastApply{};
}

Result<void> remember_apply(const LastApply& apply) {
  return write_local_file(last_apply_file(), print_last_apply(apply), 0600)
      .doing("remembering the nodes of this apply");
}

std::vector<std::string> remembered_run(const std::string& id) {
  for (auto& run : remembered_runs())
    if (run.id == id) return std::move(run.nodes);
  return {};
}

Result<void> remember_run(RememberedRun run) {
  auto runs = remembered_runs();
  runs.insert(runs.begin(), std::move(run));
  return write_local_file(runs_file(), print_runs(runs), 0600).doing("saving the nodes of this run");
}

}  // namespace rf
