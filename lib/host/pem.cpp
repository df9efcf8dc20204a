#include "host/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <fmt/format.h>

#include "base/owned.h"

namespace rf {
namespace {

using Bio = Owned<BIO, BIO_free>;
using Certificate = Owned<X509, X509_free>;
using Key = Owned<EVP_PKEY, EVP_PKEY_free>;

Bio reader(std::string_view text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }
// Never asks: a passphrase cannot be typed on the node either.
int no_passphrase(char*, int, int, void*) { return -1; }

Certificate next(BIO* bio) { return Certificate(PEM_read_bio_X509(bio, nullptr, no_passphrase, nullptr)); }

std::string subject(X509* certificate) {
  const Bio out(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(out.get(), X509_get_subject_name(certificate), 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
  char* data = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace

Result<PemCheck> check_certificates(std::string_view pem) {
  constexpr std::string_view begin = "-----BEGIN CERTIFICATE-----";
  std::size_t expected = 0, found = 0;
  for (auto at = pem.find(begin); at != pem.npos; at = pem.find(begin, at + 1)) ++expected;
  PemCheck out;
  const auto bio = reader(pem);
  while (const auto certificate = next(bio.get())) {
    ++found;
    if (X509_cmp_current_time(X509_get0_notAfter(certificate.get())) < 0)
      out.warning = fmt::format("the certificate {} has expired", subject(certificate.get()));
  }
  ERR_clear_error();
  if (expected == 0)
    return Error{
        .kind = ErrorKind::intent,
        .message = "no PEM certificate found",
        .hint =
            "a PEM certificate begins with -----BEGIN CERTIFICATE-----; openssl x509 -inform der converts a DER file"};
  if (found != expected)
    return Error{.kind = ErrorKind::intent,
                 .message = fmt::format("certificate {} of {} is damaged", found + 1, expected),
                 .hint = "export it again"};
  return out;
}

Result<void> check_key(std::string_view certificate_pem, std::string_view key_pem) {
  const auto bio = reader(key_pem);
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  if (!key)
    return Error{.kind = ErrorKind::intent,
                 .message = key_pem.find("ENCRYPTED") == key_pem.npos
                                ? "no PEM private key found"
                                : "the private key has a passphrase, which containerd cannot ask for",
                 .hint = "openssl pkey -in OLD -out NEW writes a key without a passphrase"};
  const auto certificates = reader(certificate_pem);
  const auto certificate = next(certificates.get());
  const bool belongs = certificate && X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  if (!belongs)
    return Error{.kind = ErrorKind::intent,
                 .message = "the private key does not belong to the certificate",
                 .hint = "check that cert and key belong together"};
  return {};
}

}  // namespace rf
