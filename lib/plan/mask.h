// Configuration text for people's eyes: every secret value in it is replaced by its mask, which changes when the value does.
#pragma once
#include <string>
#include <string_view>

namespace rf {

// Lines `key = "value"` and `key: value` whose key names a secret (a password, a token, an Authorization header), private keys.
std::string mask_secrets(std::string_view text);

}  // namespace rf
