#include "host/state.h"

#include "host/files.h"

namespace rf {
namespace {
std::string last_apply_file() { return state_directory() + "/last-apply"; }
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

}  // namespace rf
