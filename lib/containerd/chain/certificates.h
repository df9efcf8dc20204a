// Certificate files as containerd loads them for a host: the error a pull fails with, in Go's words, or nothing.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rf {

// x509.CertPool.AppendCertsFromPEM: true when at least one certificate was taken.
bool pem_holds_certificate(std::string_view pem);

// When a certificate counts, in seconds since 1970.
struct CertificateTimes {
  std::string subject;  // its common name, or all of its name
  std::int64_t not_before = 0;
  std::int64_t not_after = 0;
};
std::vector<CertificateTimes> certificate_times(std::string_view pem);  // of each certificate in the text
std::string date_of(std::int64_t seconds);                              // "2024-05-31", UTC

// tls.X509KeyPair: the error's text, or nothing when certificate and key belong together.
std::optional<std::string> key_pair_error(std::string_view certificate_pem, std::string_view key_pem);

}  // namespace rf
