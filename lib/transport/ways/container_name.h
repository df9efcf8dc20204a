// Names of containers, as docker and podman take them.
#pragma once
#include <string_view>

namespace rf {

// What an engine takes for a container's name, and no option of its command line.
bool is_container_name(std::string_view name);

}  // namespace rf
