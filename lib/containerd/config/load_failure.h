// Why containerd does not start on a configuration file, in its own words.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/version.h"
#include "containerd/toml/toml_statements.h"

namespace rf {

Error load_failure(const Version& containerd, const std::string& file, std::string message, const Location& where);
// What a line of a configuration file defines a second time, as this containerd reads the text.
std::optional<TomlRepeat> config_repeat(const Version& containerd, std::string_view text, int line);
// For what toml++ found in the text of a file: containerd's own words as far as they are known; else toml++'s.
Error parse_failure(const Version& containerd, const std::string& file, std::string_view text, const Error& error);

}  // namespace rf
