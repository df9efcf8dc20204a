// A registry's directory: the endpoints of the intent with their properties, as the version in question takes them.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/content.h"
#include "base/names.h"
#include "base/version.h"
#include "containerd/chain/hosts_toml.h"
#include "intent/intent.h"
#include "intent/resolved.h"

namespace rf {

struct CertificateFile {
  std::string name;  // "ca-1f3a9c02.crt": named by content, so a changed one never replaces one in use
  Content content;
};

// Those of an endpoint; a name is "" where it has none.
struct EndpointCertificates {
  CertificateFile ca;
  CertificateFile client;
  CertificateFile key;
};
EndpointCertificates certificates_of(const std::string& ca, const std::string& client_cert, const Secret& client_key);

struct HostsFiles {
  // As declared, with the properties this version takes; "*" that ends at each registry's own upstream ends with
  // registry_itself(). Certificates are named beside the hosts.toml.
  std::vector<HostEntry> chain;
  std::vector<CertificateFile> certificates;  // each once
  std::vector<std::string> warnings;
  std::vector<std::string> notes;
};

// What this registry's directory is to hold for this version of containerd. An Error where the version cannot express
// it.
Result<HostsFiles> hosts_files(const Registry& registry, const Intent& intent, const ResolvedEndpoints& resolved,
                               const Version& containerd);

// The text of a hosts.toml of ours.
Content render_hosts_toml(const std::vector<HostEntry>& chain, std::string_view comment);

bool is_same(const HostEntry& host, const Endpoint& endpoint);
// "https://h", "https://h/v2/proxy"
std::string endpoint_url(const Endpoint& endpoint);
// "1 mirror before the upstream, 2 fallbacks after it"
std::string describe(const Registry& registry);

}  // namespace rf
