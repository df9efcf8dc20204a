// hosts.toml files as text: from endpoints with their properties to what containerd reads. Order is meaning, so nothing
// here goes through a sorted table.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/names.h"
#include "base/secret.h"
#include "base/version.h"
#include "intent/intent.h"
#include "intent/resolved.h"

namespace rf {

struct RenderedHeader {
  std::string name;
  Secret value;
  bool operator==(const RenderedHeader&) const = default;
};

// One endpoint with its properties, as the version in question takes them.
struct RenderedHost {
  Endpoint endpoint;
  std::vector<std::string> capabilities;                    // never empty
  std::vector<std::string> ca;                              // names of files beside the hosts.toml
  std::vector<std::pair<std::string, std::string>> client;  // certificate and key, likewise
  bool skip_verify = false;
  std::optional<std::string> dial_timeout;
  std::vector<RenderedHeader> headers;
};

struct CertificateFile {
  std::string name;  // "ca-1f3a9c02.crt": named by content, so a changed one never replaces one in use
  Secret content;
  enum class Holds { certificate, private_key } holds = Holds::certificate;
};

struct HostsFiles {
  std::vector<RenderedHost> chain;            // as declared
  std::vector<CertificateFile> certificates;  // each once
  std::vector<std::string> warnings;
};

// What this registry's directory is to hold for this version of containerd. An Error where the version cannot express
// it.
Result<HostsFiles> hosts_files(const Registry& registry, const Intent& intent, const ResolvedEndpoints& resolved,
                               const Version& containerd);

// The text of hosts.toml. `own_upstream`: containerd appends each registry's own upstream, for "*"; else the last one
// is `server`, because containerd asks that after all others.
enum class LastHost { server, own_upstream };
Secret render_hosts_toml(const std::vector<RenderedHost>& chain, LastHost last, std::string_view comment);

bool holds_secrets(const std::vector<RenderedHost>& chain);
// "1 mirror before the upstream, 2 fallbacks after it"
std::string describe(const Registry& registry);

}  // namespace rf
