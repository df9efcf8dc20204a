// What differs between containerd versions when it looks up registry hosts, as one table: feature -> versions that have
// it.
#pragma once
#include <string_view>
#include <vector>

#include "base/version.h"

namespace rf {

enum class Feature {
  default_dir,            // the directory "_default"
  override_path,          // key override_path in hosts.toml
  no_host_table,          // a hosts.toml without any [host] table is accepted
  dial_timeout,           // key dial_timeout in hosts.toml
  dial_timeout_is_tls,    // dial_timeout alone makes an http host "configured for TLS"
  referrers,              // capability "referrers"
  token_server_headers,   // a host's headers also go to its token server
  localhost_plain_http,   // default host on localhost: plain http on every port, a given default scheme "http" included
  localhost_https_first,  // default host on localhost: https without verification, then http
  https_first,            // an http host with TLS options is asked by https first
  https_first_needs_port,  // ... only when a port is written
  fallback_on_refused,     // ... and falls back on refused/timeout too when no port is written
  fallback_is_sticky,      // ... on a TLS handshake timeout too, and remembers the answer per client
  toml_v2,  // hosts.toml is read by go-toml 2: TOML 1.0, no BOM, key names in any case, hosts from table headers only
  refuses_config_version,   // config.toml with a version that is not known keeps containerd from starting
  transfer_service,         // CRI pulls through the transfer service by default
  registry_tls_configs,     // registry.configs.<host>.tls is honoured
  pull_progress_timeout,    // a pull without progress is cancelled after 5 minutes, unless config.toml says otherwise
  response_timeout,         // a server that never answers is given up after 30 s
  retry_server_errors,      // 500, 503, 504 from the last host are asked again once
  five_tries,               // 408 and 429: five requests in all instead of six
  retry_transport,          // EOF and timeouts of the last host are tried five times
  forbidden_get,            // a HEAD answered 403 is followed by a GET
  blobs_unless_http_error,  // digest references: /blobs is only asked when no host gave an HTTP error other than 404
  ranked_errors,            // the error shown is the best ranked (HTTP status, 404, transport), not the first
  unexpected_status_text,   // errors read "unexpected status from HEAD request to URL: ..."
};

// A pre-release counts as its release.
bool has_feature(const Version& containerd, Feature feature);

// Whether a key that is written so is read as `key`, which is in small letters: by go-toml 1 in these or all in
// capitals, by go-toml 2 in any case. Of structures only: in a map, as `plugins` is one, every key is taken as written.
bool names_key(std::string_view written, std::string_view key, const Version& containerd);

std::string_view feature_text(Feature feature);  // what it is, for tests

}  // namespace rf
