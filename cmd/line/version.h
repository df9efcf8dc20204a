// What this program is made of.
#pragma once
#include <string>

namespace rf::cmd {
std::string version_text();  // our version, then one line a library: the version that is really linked in
}  // namespace rf::cmd
