// Why containerd does not start on a configuration file, in its own words.
#pragma once
#include <string>

#include "base/result.h"
#include "base/version.h"

namespace rf {

Error load_failure(const Version& containerd, const std::string& file, std::string message, const Location& where);
// For what toml++ found: containerd's own words as far as they are known; else toml++'s.
Error parse_failure(const Version& containerd, const std::string& file, const Error& error);

}  // namespace rf
