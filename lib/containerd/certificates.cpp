#include "containerd/certificates.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <vector>
#include <fmt/format.h>

#include "base/text.h"

namespace rf {
namespace {

struct PemBlock {
  std::string type;
  std::string der;
  bool has_headers = false;
};

// The next block that decodes, taken off the front of the text, as pem.Decode does; malformed ones are passed over.
std::optional<PemBlock> next_block(std::string_view& text) {
  for (;;) {
    const auto begin = text.find("-----BEGIN ");
    if (begin == text.npos) return std::nullopt;
    const bool at_line_start = begin == 0 || text[begin - 1] == '\n';
    text.remove_prefix(begin + 11);
    const auto line_end = text.find('\n');
    if (line_end == text.npos) return std::nullopt;
    const auto first_line = trim(text.substr(0, line_end));
    if (!at_line_start || !first_line.ends_with("-----")) continue;
    PemBlock block{.type = std::string(first_line.substr(0, first_line.size() - 5)), .der = {}};
    const auto body = text.substr(line_end + 1);
    const auto marker = fmt::format("-----END {}-----", block.type);
    const auto end = body.find(marker);
    if (end == body.npos) continue;
    std::string base64;
    for (const auto line : lines(body.substr(0, end))) {
      if (line.find(':') != line.npos) block.has_headers = true;
      else base64 += replace_all(trim(line), " ", "");
    }
    if (!base64_decode(base64, block.der)) continue;
    text = body.substr(end + marker.size());
    return block;
  }
}

using X509Pointer = std::unique_ptr<X509, decltype(&X509_free)>;
using KeyPointer = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

X509Pointer parse_certificate(const std::string& der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  return {d2i_X509(nullptr, &bytes, static_cast<long>(der.size())), X509_free};
}

KeyPointer parse_key(const std::string& der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  return {d2i_AutoPrivateKey(nullptr, &bytes, static_cast<long>(der.size())), EVP_PKEY_free};
}

std::string skipped_types(const std::vector<std::string>& types) { return "[" + join(types, " ") + "]"; }

}  // namespace

bool pem_holds_certificate(std::string_view pem) {
  while (const auto block = next_block(pem))
    if (block->type == "CERTIFICATE" && !block->has_headers && parse_certificate(block->der)) return true;
  return false;
}

std::optional<std::string> key_pair_error(std::string_view certificate_pem, std::string_view key_pem) {
  std::vector<std::string> certificates;
  std::vector<std::string> skipped;
  while (auto block = next_block(certificate_pem)) (block->type == "CERTIFICATE" ? certificates : skipped).push_back(
      block->type == "CERTIFICATE" ? std::move(block->der) : std::move(block->type));
  if (certificates.empty()) {
    if (skipped.empty()) return "tls: failed to find any PEM data in certificate input";
    if (skipped.size() == 1 && skipped[0].ends_with("PRIVATE KEY"))
      return "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched";
    return "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM blocks of the following types: " +
           skipped_types(skipped);
  }
  skipped.clear();
  std::optional<std::string> key_der;
  while (!key_der) {
    auto block = next_block(key_pem);
    if (!block) break;
    if (block->type == "PRIVATE KEY" || block->type.ends_with(" PRIVATE KEY")) key_der = std::move(block->der);
    else skipped.push_back(std::move(block->type));
  }
  if (!key_der) {
    if (skipped.empty()) return "tls: failed to find any PEM data in key input";
    if (skipped.size() == 1 && skipped[0] == "CERTIFICATE")
      return "tls: found a certificate rather than a key in the PEM for the private key";
    return "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after skipping PEM blocks of the following types: " +
           skipped_types(skipped);
  }
  const auto certificate = parse_certificate(certificates.front());
  if (!certificate) return "x509: malformed certificate";
  const auto key = parse_key(*key_der);
  if (!key) return "tls: failed to parse private key";
  const auto* public_key = X509_get0_pubkey(certificate.get());
  if (public_key == nullptr || EVP_PKEY_base_id(public_key) != EVP_PKEY_base_id(key.get()))
    return "tls: private key type does not match public key type";
  if (EVP_PKEY_eq(public_key, key.get()) != 1) return "tls: private key does not match public key";
  return std::nullopt;
}

}  // namespace rf
