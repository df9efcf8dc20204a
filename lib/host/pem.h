// Checks certificates and keys before a node's containerd does: a bad one there fails every pull.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace rf {

struct PemCheck {
  std::string warning;  // "the certificate of CN=x has ended (2024-05-01)", or ""
};
// At least one certificate, and nothing that does not parse.
Result<PemCheck> check_certificates(std::string_view pem);
// A private key without a passphrase that belongs to the first certificate.
Result<void> check_key(std::string_view certificate_pem, std::string_view key_pem);

}  // namespace rf
