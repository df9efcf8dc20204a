// Configuration text for people's eyes and for saved facts: every secret value in it is replaced by its mask.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace rf {

// A configuration file with the values that are secrets replaced by masks: passwords, tokens and auth of TOML, YAML and
// JSON, Authorization and such headers, private keys, passwords within URLs. Equal values get equal masks; a mask is
// not masked again.
std::string mask_secrets(std::string_view content);
// The same for the arguments of a process.
std::vector<std::string> mask_arguments(const std::vector<std::string>& argv);

}  // namespace rf
