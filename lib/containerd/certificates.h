// Certificate files as containerd loads them for a host: the error a pull fails with, in Go's words, or nothing.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace rf {

// x509.CertPool.AppendCertsFromPEM: true when at least one certificate was taken.
bool pem_holds_certificate(std::string_view pem);
// tls.X509KeyPair: the error's text, or nothing when certificate and key belong together.
std::optional<std::string> key_pair_error(std::string_view certificate_pem, std::string_view key_pem);

}  // namespace rf
