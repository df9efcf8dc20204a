// bcrypt_pbkdf: how OpenSSH stretches the passphrase of a private key. OpenSSL does not have it.
#pragma once
#include <string>
#include <string_view>

namespace rf {

// `size` bytes from the passphrase. Deliberately slow: about 5 ms a round.
std::string bcrypt_pbkdf(std::string_view passphrase, std::string_view salt, unsigned rounds, std::size_t size);

}  // namespace rf
