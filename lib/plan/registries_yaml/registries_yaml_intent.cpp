#include "plan/registries_yaml/registries_yaml_intent.h"
#include "containerd/pull/registry_family.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/names.h"
#include "plan/hosts_render.h"

namespace rf {
namespace {

class Declaration {
 public:
  Declaration(const Intent& intent, const ResolvedEndpoints& resolved, std::string_view directory)
      : intent_(intent), resolved_(resolved), directory_(directory) {}

  DeclaredRegistriesYaml run() {
    for (const auto& registry : intent_.registries) {
      auto& mirror = out_.desired.mirrors[registry.name];
      for (const auto& endpoint : registry.chain()) {
        mirror.endpoints.push_back(endpoint_url(endpoint));
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
      const auto& [username, password, ca, client_cert, client_key] = secrets->second;
      if (!ca.empty() || !client_cert.empty()) {
        if (!tls) tls.emplace();
        add_certificates(certificates_of(ca, client_cert, client_key), *tls);
      }
      if (!password.empty()) {
        if (endpoint.scheme == "http")
          warn(fmt::format("{}: credentials are sent over plain http and can be read on the way", host));
        out_.desired.configs[host].auth = RegistriesYamlAuth{.username = username, .password = password};
      }
    }
    const auto* family = registry_family(host);
    if (endpoint.override_path() && family != nullptr && family->refuses_unknown_repository)
      warn(fmt::format(
          "{}: {} refuses containerd's token request for an endpoint with a path, with or without credentials: with "
          "registries.yaml no image can be pulled from there",
          endpoint_url(endpoint), family->title));
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

  void add_certificates(EndpointCertificates files, RegistriesYamlTls& tls) {
    if (!files.ca.name.empty()) tls.ca_file = add(std::move(files.ca));
    if (files.client.name.empty()) return;
    tls.cert_file = add(std::move(files.client));
    tls.key_file = add(std::move(files.key));
  }

  std::string add(CertificateFile file) {
    auto path = fmt::format("{}/{}", directory_, file.name);
    const auto same = [&](const auto& other) { return other.path == path; };
    if (std::none_of(out_.certificates.begin(), out_.certificates.end(), same))
      out_.certificates.push_back({path, std::move(file.content)});
    return path;
  }

  const Intent& intent_;
  const ResolvedEndpoints& resolved_;
  std::string_view directory_;
  DeclaredRegistriesYaml out_;
};

}  // namespace

Content registries_yaml_content(std::string text, const RegistriesYaml& meaning) {
  const bool secrets = std::any_of(meaning.configs.begin(), meaning.configs.end(),
                                   [](const auto& config) { return config.second.auth.has_value(); });
  return secrets ? Content(Secret(std::move(text))) : Content(std::move(text));
}

DeclaredRegistriesYaml registries_yaml_of(const Intent& intent, const ResolvedEndpoints& resolved,
                                          std::string_view certificates_dir) {
  return Declaration(intent, resolved, certificates_dir).run();
}

}  // namespace rf
