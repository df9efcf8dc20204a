// Secrets live in this program's memory: no signal may leave that memory in a file.
#pragma once

namespace rf {

// From now on neither this process nor those it starts leave a core file.
void forbid_core_files();

}  // namespace rf
