#include "containerd/chain/certificates.h"

#include <openssl/asn1.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <fmt/format.h>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/calendar.h"
#include "base/text.h"

namespace rf {
namespace {

struct PemBlock {
  std::string type;
  std::string der;
  bool has_headers = false;
};

// The next block that decodes, taken off the front of the text, as pem.Decode does; malformed ones are passed over. No
// part of the text is searched or decoded more than a few times, however many blocks begin in it.
std::optional<PemBlock> next_block(std::string_view& text) {
  std::size_t end_left = 0;  // of the text from the next END line on; 0: it is to be looked for
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
    if (end_left == 0 || end_left > body.size()) {
      const auto found = body.find("-----END ");
      if (found == body.npos) return std::nullopt;
      end_left = body.size() - found;
    }
    const auto end = body.size() - end_left;
    if (!body.substr(end).starts_with(marker) || body.substr(0, end).find("-----BEGIN ") != body.npos) continue;
    std::string base64;
    for (const auto line : lines(body.substr(0, end))) {
      if (line.find(':') != line.npos)
        block.has_headers = true;
      else
        base64 += replace_all(trim(line), " ", "");
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

// Since 1970; nothing for a time that is none.
std::optional<std::int64_t> seconds_of(const ASN1_TIME* time) {
  const std::unique_ptr<ASN1_TIME, decltype(&ASN1_STRING_free)> epoch(ASN1_TIME_set(nullptr, 0), ASN1_STRING_free);
  int days = 0;
  int seconds = 0;
  if (!epoch || ASN1_TIME_diff(&days, &seconds, epoch.get(), time) != 1) return std::nullopt;
  return std::int64_t{days} * 86400 + seconds;
}

std::string subject_of(const X509& certificate) {
  const auto* name = X509_get_subject_name(&certificate);
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  unsigned char* text = nullptr;
  const int length = at < 0 ? -1 : ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
  if (length >= 0) {
    std::string out(reinterpret_cast<const char*>(text), static_cast<std::size_t>(length));
    OPENSSL_free(text);
    return out;
  }
  const std::unique_ptr<char, void (*)(char*)> line(X509_NAME_oneline(name, nullptr, 0),
                                                    [](char* p) { OPENSSL_free(p); });
  return line ? line.get() : "";
}

std::string skipped_types(const std::vector<std::string>& types) { return "[" + join(types, " ") + "]"; }

}  // namespace

bool pem_holds_certificate(std::string_view pem) {
  while (const auto block = next_block(pem))
    if (block->type == "CERTIFICATE" && !block->has_headers && parse_certificate(block->der)) return true;
  return false;
}

std::vector<CertificateTimes> certificate_times(std::string_view pem) {
  std::vector<CertificateTimes> all;
  while (const auto block = next_block(pem)) {
    const auto certificate = block->type == "CERTIFICATE" && !block->has_headers ? parse_certificate(block->der)
                                                                                 : X509Pointer{nullptr, X509_free};
    if (!certificate) continue;
    const auto from = seconds_of(X509_get0_notBefore(certificate.get()));
    const auto to = seconds_of(X509_get0_notAfter(certificate.get()));
    if (from && to) all.push_back({subject_of(*certificate), *from, *to});
  }
  return all;
}

std::string date_of(std::int64_t seconds) { return utc_date(std::chrono::sys_seconds(std::chrono::seconds(seconds))); }

std::optional<std::string> key_pair_error(std::string_view certificate_pem, std::string_view key_pem) {
  std::vector<std::string> certificates;
  std::vector<std::string> skipped;
  while (auto block = next_block(certificate_pem))
    (block->type == "CERTIFICATE" ? certificates : skipped)
        .push_back(block->type == "CERTIFICATE" ? std::move(block->der) : std::move(block->type));
  if (certificates.empty()) {
    if (skipped.empty()) return "tls: failed to find any PEM data in certificate input";
    if (skipped.size() == 1 && skipped[0].ends_with("PRIVATE KEY"))
      return "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs "
             "may have been switched";
    return "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM blocks of the "
           "following types: " +
           skipped_types(skipped);
  }
  skipped.clear();
  std::optional<std::string> key_der;
  while (!key_der) {
    auto block = next_block(key_pem);
    if (!block) break;
    if (block->type == "PRIVATE KEY" || block->type.ends_with(" PRIVATE KEY"))
      key_der = std::move(block->der);
    else
      skipped.push_back(std::move(block->type));
  }
  if (!key_der) {
    if (skipped.empty()) return "tls: failed to find any PEM data in key input";
    if (skipped.size() == 1 && skipped[0] == "CERTIFICATE")
      return "tls: found a certificate rather than a key in the PEM for the private key";
    return "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after skipping PEM blocks "
           "of the following types: " +
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
