#include "transport/keys/pem_key.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include <cstdint>
#include <string>
#include <utility>

#include "base/owned.h"

namespace rf {
namespace {

// About a second of one core. What openssl and ssh-keygen write by themselves is far below.
constexpr std::int64_t most_iterations = 2'000'000;
constexpr std::int64_t most_scrypt_blocks = 1 << 21;  // N * r * p; openssl writes 2^14 * 8

Error fault(ErrorKind kind, std::string message) {
  ERR_clear_error();
  return {.kind = kind,
          .message = std::move(message),
          .hint = kind == ErrorKind::auth ? "" : "use ed25519, ecdsa or rsa keys, an agent, or --transport openssh"};
}
Error wrong_pem_passphrase() { return fault(ErrorKind::auth, "the passphrase of the key is wrong"); }
Error damaged() { return fault(ErrorKind::unsupported, "the key file is damaged or of an unknown format"); }

struct Block {
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  Block() = default;
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block() { clear(); }
  void clear() {
    OPENSSL_free(std::exchange(name, nullptr));
    OPENSSL_free(std::exchange(header, nullptr));
    if (data != nullptr) OPENSSL_clear_free(std::exchange(data, nullptr), static_cast<std::size_t>(size));
  }
};

int give_passphrase(char* buffer, int size, int, void* secret) {
  const auto text = static_cast<const Secret*>(secret)->expose();
  if (text.size() > static_cast<std::size_t>(size)) return -1;
  text.copy(buffer, text.size());
  return static_cast<int>(text.size());
}

std::int64_t value_of(const ASN1_INTEGER* number) {
  std::int64_t value = 0;
  return number != nullptr && ASN1_INTEGER_get_int64(&value, number) == 1 && value > 0 ? value : -1;
}

// Whether stretching the passphrase ends in time.
bool is_affordable(const X509_ALGOR* algorithm) {
  const ASN1_OBJECT* kind = nullptr;
  X509_ALGOR_get0(&kind, nullptr, nullptr, algorithm);
  if (OBJ_obj2nid(kind) != NID_pbes2) {
    const Owned<PBEPARAM, PBEPARAM_free> old(
        static_cast<PBEPARAM*>(ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM), algorithm->parameter)));
    const auto rounds = old ? value_of(old->iter) : -1;
    return rounds > 0 && rounds <= most_iterations;
  }
  const Owned<PBE2PARAM, PBE2PARAM_free> both(
      static_cast<PBE2PARAM*>(ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), algorithm->parameter)));
  if (!both) return false;
  const ASN1_OBJECT* function = nullptr;
  X509_ALGOR_get0(&function, nullptr, nullptr, both->keyfunc);
  if (OBJ_obj2nid(function) == NID_id_pbkdf2) {
    const Owned<PBKDF2PARAM, PBKDF2PARAM_free> given(
        static_cast<PBKDF2PARAM*>(ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), both->keyfunc->parameter)));
    const auto rounds = given ? value_of(given->iter) : -1;
    return rounds > 0 && rounds <= most_iterations;
  }
  const Owned<SCRYPT_PARAMS, SCRYPT_PARAMS_free> given(
      static_cast<SCRYPT_PARAMS*>(ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(SCRYPT_PARAMS), both->keyfunc->parameter)));
  if (OBJ_obj2nid(function) != NID_id_scrypt || !given) return false;
  const auto n = value_of(given->costParameter), r = value_of(given->blockSize),
             p = value_of(given->parallelizationParameter);
  return n > 0 && r > 0 && p > 0 && n <= most_scrypt_blocks && r <= most_scrypt_blocks / n &&
         p <= most_scrypt_blocks / (n * r);
}

Result<EVP_PKEY*> read_encrypted(const Block& block, const Secret& passphrase) {
  const unsigned char* at = block.data;
  const Owned<X509_SIG, X509_SIG_free> sealed(d2i_X509_SIG(nullptr, &at, block.size));
  if (!sealed) return damaged();
  const X509_ALGOR* algorithm = nullptr;
  X509_SIG_get0(sealed.get(), &algorithm, nullptr);
  if (!is_affordable(algorithm))
    return fault(ErrorKind::unsupported,
                 "the key derivation of this key's passphrase is not supported here, or has too many rounds");
  const auto text = passphrase.expose();
  const Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free> plain(
      PKCS8_decrypt(sealed.get(), text.data(), static_cast<int>(text.size())));
  if (!plain) return wrong_pem_passphrase();
  EVP_PKEY* key = EVP_PKCS82PKEY(plain.get());
  if (key == nullptr) return damaged();
  return key;
}

Result<EVP_PKEY*> read_block(Block& block, const Secret& passphrase) {
  const std::string_view name = block.name;
  if (name == "ENCRYPTED PRIVATE KEY") return read_encrypted(block, passphrase);
  EVP_CIPHER_INFO cipher{};
  Secret copy = passphrase;
  if (PEM_get_EVP_CIPHER_INFO(block.header, &cipher) != 1) return damaged();
  if (cipher.cipher != nullptr && PEM_do_header(&cipher, block.data, &block.size, give_passphrase, &copy) != 1)
    return wrong_pem_passphrase();
  const unsigned char* at = block.data;
  EVP_PKEY* key = nullptr;
  if (name == "PRIVATE KEY") {
    const Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free> plain(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, block.size));
    if (plain) key = EVP_PKCS82PKEY(plain.get());
  } else {
    key = d2i_PrivateKey(name == "EC PRIVATE KEY" ? EVP_PKEY_EC : EVP_PKEY_RSA, nullptr, &at, block.size);
  }
  if (key == nullptr) return cipher.cipher != nullptr ? wrong_pem_passphrase() : damaged();
  return key;
}

}  // namespace

Result<EVP_PKEY*> read_pem_key(std::string_view text, const Secret& passphrase) {
  const Owned<BIO, BIO_free> file(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  Block block;
  while (PEM_read_bio(file.get(), &block.name, &block.header, &block.data, &block.size) == 1) {
    for (const std::string_view name : {"PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"})
      if (name == block.name) return read_block(block, passphrase);
    block.clear();
  }
  return damaged();
}

}  // namespace rf
