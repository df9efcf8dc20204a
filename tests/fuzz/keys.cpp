// Any bytes as a private key or a certificate: refused in words, or a key that says who it is and signs; in time and
// within memory, whatever sizes and numbers of rounds stand in the file.
#include "containerd/chain/certificates.h"
#include "host/pem.h"
#include "input.h"
#include "transport/keys/private_key.h"
#include "transport/known_hosts/known_hosts.h"

using namespace rf;
using fuzz::require;

namespace {

void check_key(std::string_view text) {
  const auto about = inspect_private_key(text);
  if (!about) return require(!about.error().message.empty());
  require(about->public_blob.size() <= text.size() + 64);
  const bool locked = about->encryption == KeyFile::Encryption::passphrase;
  const auto key = load_private_key(text, locked ? Secret("passphrase") : Secret());
  if (!key) return require(key.error().kind == ErrorKind::auth || key.error().kind == ErrorKind::unsupported);
  const auto blob = (*key)->public_blob();
  if (!blob) return;
  const auto type = key_type(*blob);
  require(!type.empty());
  (void)(*key)->sign("data", type == "ssh-rsa" ? "rsa-sha2-512" : type);
}

// Bytes in the armour of each kind of file: what is random in base64 is mostly refused there.
std::string armoured(std::string_view label, std::string_view bytes) {
  return "-----BEGIN " + std::string(label) + "-----\n" + base64_encode(bytes) + "\n-----END " + std::string(label) +
         "-----\n";
}

void check_certificate(std::string_view text) {
  const auto checked = check_certificates(text);
  if (checked.ok()) require(pem_holds_certificate(text));
  const auto pair = rf::check_key(text, text);
  if (pair.ok()) require(!key_pair_error(text, text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const auto bytes = fuzz::text_of(data, size);
  check_key(bytes);
  check_certificate(bytes);
  for (const auto label :
       {"OPENSSH PRIVATE KEY", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"})
    check_key(armoured(label, bytes));
  check_certificate(armoured("CERTIFICATE", bytes) + armoured("PRIVATE KEY", bytes));
  return 0;
}
