#include "host/core_limit.h"

#include <sys/resource.h>

#include <algorithm>

namespace rf {

void forbid_core_files() {
  rlimit limit{};
  if (getrlimit(RLIMIT_CORE, &limit) != 0) return;
  // 1 and not 0: Linux (core(5)) hands a core of any size to a program in core_pattern, but for this limit.
  limit.rlim_cur = limit.rlim_max = std::min<rlim_t>(1, limit.rlim_max);
  setrlimit(RLIMIT_CORE, &limit);
}

}  // namespace rf
