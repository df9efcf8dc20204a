#include "host/core_limit.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <filesystem>

using namespace rf;

namespace {

// Whether a process that Ctrl-\ ends leaves a core, with every limit raised before.
bool leaves_core(const std::filesystem::path& directory, void (*prepare)()) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const rlimit all{RLIM_INFINITY, RLIM_INFINITY};
    if (chdir(directory.c_str()) != 0 || setrlimit(RLIMIT_CORE, &all) != 0) _exit(3);
    if (prepare != nullptr) prepare();
    std::signal(SIGQUIT, SIG_DFL);
    raise(SIGQUIT);
    _exit(4);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 3) SKIP("this user may not raise the limit of core files");
  REQUIRE(WIFSIGNALED(status));
  return WCOREDUMP(status);
}

}  // namespace

TEST_CASE("a program that holds secrets leaves no core file") {
  const auto directory = std::filesystem::temp_directory_path() / ("rf-core-" + std::to_string(getpid()));
  std::filesystem::create_directory(directory);
  const bool control = leaves_core(directory, nullptr);
  const bool ours = leaves_core(directory, forbid_core_files);
  std::filesystem::remove_all(directory);
  if (!control) SKIP("no core is made here in any case");
  CHECK_FALSE(ours);
}
