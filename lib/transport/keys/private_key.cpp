#include "transport/keys/private_key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/owned.h"
#include "base/text.h"
#include "transport/keys/bcrypt.h"
#include "transport/keys/pem_key.h"
#include "transport/keys/wire.h"

namespace rf {
namespace {

using Number = Owned<BIGNUM, BN_clear_free>;
using Key = Owned<EVP_PKEY, EVP_PKEY_free>;

constexpr std::string_view magic("openssh-key-v1\0", 15);

Error unsupported(std::string what) {
  ERR_clear_error();
  return {.kind = ErrorKind::unsupported,
          .message = std::move(what),
          .hint = "use ed25519, ecdsa or rsa keys, an agent, or --transport openssh"};
}
Error wrong_openssh_passphrase() {
  ERR_clear_error();
  return {.kind = ErrorKind::auth, .message = "the passphrase of the key is wrong"};
}

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

// The outer layer of an openssh-key-v1 file: everything that is not encrypted.
struct Envelope {
  std::string cipher, kdf, salt, public_blob;
  Secret secret_part;  // encrypted or not
  std::uint32_t rounds = 0;
};
// About three seconds of one core; ssh-keygen writes 16 to 24 unless told otherwise.
constexpr std::uint32_t most_rounds = 1024;
constexpr std::size_t longest_number = 2048 + 1;  // bytes: RSA keys of 16384 bits are the largest that ssh makes

std::optional<Secret> openssh_body(std::string_view text) {
  constexpr std::string_view begin = "-----BEGIN OPENSSH PRIVATE KEY-----", end = "-----END OPENSSH PRIVATE KEY-----";
  const auto from = text.find(begin);
  const auto to = text.find(end);
  if (from == std::string_view::npos || to == std::string_view::npos || to < from) return std::nullopt;
  std::string base64, body;
  base64.reserve(to - from);
  for (const char c : text.substr(from + begin.size(), to - from - begin.size())) {
    if (c != '\n' && c != '\r' && c != ' ' && c != '\t') base64 += c;
  }
  const bool decoded = base64_decode(base64, body);
  OPENSSL_cleanse(base64.data(), base64.size());
  return decoded ? Secret(std::move(body)) : Secret();
}

Result<Envelope> open_envelope(std::string_view body) {
  if (body.substr(0, magic.size()) != magic) return unsupported("the key file is damaged");
  WireReader reader(body.substr(magic.size()));
  Envelope envelope;
  envelope.cipher = reader.string();
  envelope.kdf = reader.string();
  WireReader options(reader.string());
  if (envelope.kdf == "bcrypt") {
    envelope.salt = options.string();
    envelope.rounds = options.number();
  }
  const auto keys = reader.number();
  envelope.public_blob = reader.string();
  envelope.secret_part = Secret(std::string(reader.string()));
  if (!reader.ok() || !options.ok() || keys != 1) return unsupported("the key file is damaged");
  return envelope;
}

Result<Secret> decrypt(const Envelope& envelope, const Secret& passphrase) {
  if (envelope.cipher == "none") return envelope.secret_part;
  const std::string name = replace_all(
      replace_all(replace_all(envelope.cipher, "aes128", "aes-128"), "aes192", "aes-192"), "aes256", "aes-256");
  const EVP_CIPHER* cipher = EVP_get_cipherbyname(name.c_str());
  const bool stream = name.ends_with("-ctr") || name.ends_with("-cbc");
  if (envelope.kdf == "bcrypt" && envelope.rounds > most_rounds) {
    return unsupported("the key derivation of this key's passphrase has " + std::to_string(envelope.rounds) +
                       " rounds, which would take too long here");
  }
  if (cipher == nullptr || !stream || envelope.kdf != "bcrypt" || envelope.rounds == 0) {
    return unsupported("the key is encrypted with " + terminal_safe(envelope.cipher) + ", which is not supported here");
  }
  const auto key_size = static_cast<std::size_t>(EVP_CIPHER_get_key_length(cipher));
  const auto iv_size = static_cast<std::size_t>(EVP_CIPHER_get_iv_length(cipher));
  const Secret derived(bcrypt_pbkdf(passphrase.expose(), envelope.salt, envelope.rounds, key_size + iv_size));
  const Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free> context(EVP_CIPHER_CTX_new());
  const auto sealed = envelope.secret_part.expose();
  std::string plain(sealed.size() + 32, '\0');
  int written = 0;
  const bool fine = EVP_DecryptInit_ex(context.get(), cipher, nullptr, bytes(derived.expose()),
                                       bytes(derived.expose().substr(key_size))) == 1 &&
                    EVP_CIPHER_CTX_set_padding(context.get(), 0) == 1 &&
                    EVP_DecryptUpdate(context.get(), reinterpret_cast<unsigned char*>(plain.data()), &written,
                                      bytes(sealed), static_cast<int>(sealed.size())) == 1;
  plain.resize(fine ? static_cast<std::size_t>(written) : 0);
  Secret read(std::move(plain));
  if (!fine) return wrong_openssh_passphrase();
  return read;
}

// Zero for one that is too long to be part of a key. "Secure" numbers, and what is made of them, are wiped.
Number number(std::string_view big_endian) {
  if (big_endian.size() > longest_number) big_endian = {};
  return Number(BN_bin2bn(bytes(big_endian), static_cast<int>(big_endian.size()), BN_secure_new()));
}

Result<Key> from_parameters(const char* type, OSSL_PARAM_BLD* builder) {
  const Owned<OSSL_PARAM, OSSL_PARAM_free> parameters(OSSL_PARAM_BLD_to_param(builder));
  const Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, parameters.get()) != 1) {
    return unsupported("the key file is damaged");
  }
  return Key(key);
}

Result<Key> rsa_key(WireReader& reader) {
  const auto n = number(reader.string()), e = number(reader.string()), d = number(reader.string());
  const auto iqmp = number(reader.string()), p = number(reader.string()), q = number(reader.string());
  const Owned<BN_CTX, BN_CTX_free> scratch(BN_CTX_secure_new());
  const Number dmp1(BN_dup(d.get())), dmq1(BN_dup(d.get())), one(BN_new()), less(BN_new());
  if (!reader.ok() || BN_is_zero(p.get()) || BN_is_zero(q.get())) return unsupported("the key file is damaged");
  BN_one(one.get());
  BN_sub(less.get(), p.get(), one.get());
  BN_mod(dmp1.get(), d.get(), less.get(), scratch.get());
  BN_sub(less.get(), q.get(), one.get());
  BN_mod(dmq1.get(), d.get(), less.get(), scratch.get());
  const Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> builder(OSSL_PARAM_BLD_new());
  const std::array<std::pair<const char*, const BIGNUM*>, 8> parts{{{OSSL_PKEY_PARAM_RSA_N, n.get()},
                                                                    {OSSL_PKEY_PARAM_RSA_E, e.get()},
                                                                    {OSSL_PKEY_PARAM_RSA_D, d.get()},
                                                                    {OSSL_PKEY_PARAM_RSA_FACTOR1, p.get()},
                                                                    {OSSL_PKEY_PARAM_RSA_FACTOR2, q.get()},
                                                                    {OSSL_PKEY_PARAM_RSA_EXPONENT1, dmp1.get()},
                                                                    {OSSL_PKEY_PARAM_RSA_EXPONENT2, dmq1.get()},
                                                                    {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, iqmp.get()}}};
  for (const auto& [name, value] : parts) OSSL_PARAM_BLD_push_BN(builder.get(), name, value);
  return from_parameters("RSA", builder.get());
}

Result<Key> ecdsa_key(WireReader& reader) {
  const std::string curve(reader.string());
  const auto point = reader.string();
  const auto secret = number(reader.string());
  const std::string group = replace_all(curve, "nistp", "P-");
  if (!reader.ok() || group == curve) return unsupported("the key file is damaged");
  const Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, group.c_str(), 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, secret.get());
  return from_parameters("EC", builder.get());
}

Result<Key> read_secret_part(std::string_view plain) {
  WireReader reader(plain);
  const auto check = reader.number();
  if (check != reader.number() || !reader.ok()) return wrong_openssh_passphrase();
  const auto type = reader.string();
  if (type == "ssh-ed25519") {
    reader.string();
    const auto pair = reader.string();
    if (pair.size() != 64) return unsupported("the key file is damaged");
    return Key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes(pair), 32));
  }
  if (type == "ssh-rsa") return rsa_key(reader);
  if (type.substr(0, 11) == "ecdsa-sha2-") return ecdsa_key(reader);
  return unsupported("the key is of type " + terminal_safe(type) + ", which is not supported here");
}

// What public_blob() and sign() can deal with, in time.
Result<std::shared_ptr<const PrivateKey>> checked(Key key) {
  if (!key) return unsupported("the key file is damaged");
  const int type = EVP_PKEY_get_base_id(key.get()), bits = EVP_PKEY_get_bits(key.get());
  const bool curve = type == EVP_PKEY_EC && (bits == 256 || bits == 384 || bits == 521);
  bool rsa = type == EVP_PKEY_RSA && bits >= 1024;
  for (const char* name : {OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_D,
                           OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2, OSSL_PKEY_PARAM_RSA_EXPONENT1,
                           OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1}) {
    BIGNUM* part = nullptr;
    if (rsa && EVP_PKEY_get_bn_param(key.get(), name, &part) == 1)
      rsa = static_cast<std::size_t>(BN_num_bytes(part)) <= longest_number;
    BN_clear_free(part);
  }
  ERR_clear_error();
  if (type != EVP_PKEY_ED25519 && !curve && !rsa)
    return unsupported("the key is of a type or size that is not supported here");
  return std::make_shared<const PrivateKey>(key.release());
}

std::string big_number(const EVP_PKEY* key, const char* name) {
  BIGNUM* value = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &value) != 1) return "";
  const Number owned(value);
  std::string out(static_cast<std::size_t>(BN_num_bytes(value)), '\0');
  BN_bn2bin(value, reinterpret_cast<unsigned char*>(out.data()));
  return wire_mpint(out);
}

Result<std::string> ecdsa_for_ssh(std::string_view der) {
  const unsigned char* at = bytes(der);
  const Owned<ECDSA_SIG, ECDSA_SIG_free> signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (!signature) return unsupported("signing failed");
  std::string out;
  for (const BIGNUM* part : {ECDSA_SIG_get0_r(signature.get()), ECDSA_SIG_get0_s(signature.get())}) {
    std::string big(static_cast<std::size_t>(BN_num_bytes(part)), '\0');
    BN_bn2bin(part, reinterpret_cast<unsigned char*>(big.data()));
    out += wire_mpint(big);
  }
  return out;
}

}  // namespace

PrivateKey::~PrivateKey() { EVP_PKEY_free(key_); }

Result<std::string> PrivateKey::public_blob() const {
  const int type = EVP_PKEY_get_base_id(key_);
  if (type == EVP_PKEY_ED25519) {
    std::string raw(32, '\0');
    std::size_t size = raw.size();
    EVP_PKEY_get_raw_public_key(key_, reinterpret_cast<unsigned char*>(raw.data()), &size);
    return wire_string("ssh-ed25519") + wire_string(raw);
  }
  if (type == EVP_PKEY_RSA) {
    return wire_string("ssh-rsa") + big_number(key_, OSSL_PKEY_PARAM_RSA_E) + big_number(key_, OSSL_PKEY_PARAM_RSA_N);
  }
  const int bits = EVP_PKEY_get_bits(key_);
  if (type != EVP_PKEY_EC || (bits != 256 && bits != 384 && bits != 521))
    return unsupported("the key is of a type that is not supported here");
  std::string point(133, '\0');
  std::size_t size = 0;
  EVP_PKEY_get_octet_string_param(key_, OSSL_PKEY_PARAM_PUB_KEY, reinterpret_cast<unsigned char*>(point.data()),
                                  point.size(), &size);
  const std::string curve = "nistp" + std::to_string(bits);
  return wire_string("ecdsa-sha2-" + curve) + wire_string(curve) + wire_string(std::string_view(point).substr(0, size));
}

Result<std::string> PrivateKey::sign(std::string_view data, std::string_view algorithm) const {
  const EVP_MD* digest = nullptr;
  if (algorithm == "rsa-sha2-512" || algorithm == "ecdsa-sha2-nistp521") digest = EVP_sha512();
  if (algorithm == "rsa-sha2-256" || algorithm == "ecdsa-sha2-nistp256") digest = EVP_sha256();
  if (algorithm == "ecdsa-sha2-nistp384") digest = EVP_sha384();
  if (digest == nullptr && algorithm != "ssh-ed25519")
    return unsupported("the node requires " + terminal_safe(algorithm) + " signatures, which are not safe");
  const Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  std::size_t size = 0;
  if (EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key_) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes(data), data.size()) != 1) {
    return unsupported("signing failed");
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes(data),
                     data.size()) != 1) {
    return unsupported("signing failed");
  }
  signature.resize(size);
  return algorithm.substr(0, 6) == "ecdsa-" ? ecdsa_for_ssh(signature) : Result<std::string>(std::move(signature));
}

Result<KeyFile> inspect_private_key(std::string_view text) {
  if (const auto body = openssh_body(text)) {
    RF_TRY(const auto envelope, open_envelope(body->expose()));
    return KeyFile{envelope.public_blob,
                   envelope.cipher == "none" ? KeyFile::Encryption::none : KeyFile::Encryption::passphrase};
  }
  if (text.find("PRIVATE KEY-----") == std::string_view::npos) return unsupported("this is not a private key");
  if (text.find("ENCRYPTED") != std::string_view::npos) return KeyFile{"", KeyFile::Encryption::passphrase};
  RF_TRY(const auto key, load_private_key(text, Secret()));
  RF_TRY(auto blob, key->public_blob());
  return KeyFile{std::move(blob), KeyFile::Encryption::none};
}

Result<std::shared_ptr<const PrivateKey>> load_private_key(std::string_view text, const Secret& passphrase) {
  if (const auto body = openssh_body(text)) {
    RF_TRY(const auto envelope, open_envelope(body->expose()));
    RF_TRY(const auto plain, decrypt(envelope, passphrase));
    RF_TRY(auto key, read_secret_part(plain.expose()));
    return checked(std::move(key));
  }
  RF_TRY(EVP_PKEY * key, read_pem_key(text, passphrase));
  return checked(Key(key));
}

}  // namespace rf
