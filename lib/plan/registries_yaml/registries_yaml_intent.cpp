#include "plan/registries_yaml/registries_yaml_intent.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/names.h"
#include "base/text.h"

namespace rf {
namespace {

std::string short_sum(std::string_view content) { return sha256_hex(content).substr(0, 8); }

class Declaration {
 public:
  Declaration(const Intent& intent, const ResolvedEndpoints& resolved, std::string_view directory)
      : intent_(intent), resolved_(resolved), directory_(directory) {}

  DeclaredRegistriesYaml run() {
    for (const auto& registry : intent_.registries) {
      auto& mirror = out_.desired.mirrors[registry.name];
      for (const auto& endpoint : registry.chain()) {
        mirror.endpoints.push_back(
            fmt::format("{}://{}{}", endpoint.scheme, endpoint.host, endpoint.path == "/v2" ? "" : endpoint.path));
        add_config(endpoint);
      }
    }
    return std::move(out_);
  }

 private:
  void add_config(const Endpoint& endpoint) {
    const auto& host = endpoint.host;
    std::optional<RegistriesYamlTls> tls;
    if (const auto options = intent_.endpoints.find(host); options != intent_.endpoints.end()) {
      warn_about(options->second);
      if (options->second.insecure_skip_verify) tls = RegistriesYamlTls{.insecure_skip_verify = true};
    }
    if (const auto secrets = resolved_.find(host); secrets != resolved_.end()) {
      const auto& found = secrets->second;
      if (!found.ca_pem.empty() || !found.client_cert_pem.empty()) {
        if (!tls) tls.emplace();
        add_certificates(found, *tls);
      }
      if (!found.password.empty()) {
        if (endpoint.scheme == "http")
          warn(fmt::format("{}: credentials go over plain http, readable on the way", host));
        out_.desired.configs[host].auth = RegistriesYamlAuth{.username = found.username, .password = found.password};
      }
    }
    // Docker Hub's certificates are looked up under the registry's name, its credentials under the API host's.
    if (tls) out_.desired.configs[std::string(registry_of_api_host(host))].tls = tls;
  }

  void warn(std::string text) {
    if (std::find(out_.warnings.begin(), out_.warnings.end(), text) == out_.warnings.end())
      out_.warnings.push_back(std::move(text));
  }
  // Every option is named: a new one does not compile until it is written, or said here.
  void warn_about(const EndpointOptions& options) {
    const auto& [host, username, password, ca_file, client_cert_file, client_key_file, skip_verify, dial_timeout,
                 capabilities, headers, where] = options;
    if (dial_timeout) warn(fmt::format("{}: registries.yaml has no dial_timeout; it is left out", host));
    if (!capabilities.empty())
      warn(fmt::format("{}: registries.yaml has no capabilities; pull and resolve are used", host));
    if (!headers.empty()) warn(fmt::format("{}: registries.yaml has no headers; they are left out", host));
    if (skip_verify) warn(fmt::format("{}: certificates are not verified (insecure_skip_verify)", host));
  }

  void add_certificates(const ResolvedEndpoint& secrets, RegistriesYamlTls& tls) {
    if (!secrets.ca_pem.empty())
      tls.ca_file = add({path("ca-" + short_sum(secrets.ca_pem) + ".crt"), Secret(secrets.ca_pem), false});
    if (secrets.client_cert_pem.empty()) return;
    const auto stem = "client-" + short_sum(secrets.client_cert_pem + std::string(secrets.client_key_pem.expose()));
    tls.cert_file = add({path(stem + ".cert"), Secret(secrets.client_cert_pem), false});
    tls.key_file = add({path(stem + ".key"), secrets.client_key_pem, true});
  }

  std::string path(std::string_view name) const { return fmt::format("{}/{}", directory_, name); }
  std::string add(RegistriesYamlCertificate certificate) {
    const auto same = [&](const auto& other) { return other.path == certificate.path; };
    auto name = certificate.path;
    if (std::none_of(out_.certificates.begin(), out_.certificates.end(), same))
      out_.certificates.push_back(std::move(certificate));
    return name;
  }

  const Intent& intent_;
  const ResolvedEndpoints& resolved_;
  std::string_view directory_;
  DeclaredRegistriesYaml out_;
};

}  // namespace

DeclaredRegistriesYaml registries_yaml_of(const Intent& intent, const ResolvedEndpoints& resolved,
                                          std::string_view certificates_dir) {
  return Declaration(intent, resolved, certificates_dir).run();
}

}  // namespace rf
