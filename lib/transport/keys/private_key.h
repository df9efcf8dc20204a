// Private keys: OpenSSH's own format and PEM, read once and used for every node.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

struct evp_pkey_st;

namespace rf {

class PrivateKey {
 public:
  explicit PrivateKey(evp_pkey_st* key) : key_(key) {}
  ~PrivateKey();
  PrivateKey(const PrivateKey&) = delete;
  PrivateKey& operator=(const PrivateKey&) = delete;
  // The public key as ssh writes it on the wire.
  Result<std::string> public_blob() const;
  // The signature without its algorithm name. `algorithm`: "ssh-ed25519", "ecdsa-sha2-…", "rsa-sha2-512" or
  // "rsa-sha2-256".
  Result<std::string> sign(std::string_view data, std::string_view algorithm) const;

 private:
  evp_pkey_st* key_;
};

// What can be told of a key file without its passphrase.
struct KeyFile {
  std::string public_blob;  // empty when only the passphrase would tell (old encrypted PEM)
  enum class Encryption { none, passphrase } encryption = Encryption::none;
};
Result<KeyFile> inspect_private_key(std::string_view text);

// A wrong passphrase is an Error of kind auth; a format or type that we do not know, and a passphrase that is stretched
// for longer than a few seconds, is `unsupported`. Costs a tenth of a second where one is stretched as ssh-keygen does.
Result<std::shared_ptr<const PrivateKey>> load_private_key(std::string_view text, const Secret& passphrase);

}  // namespace rf
