#include "containerd/config/features.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace rf {
namespace {

struct FeatureRange {
  Version from;
  Version before;  // first version of the next release line without it; major 0 means open
};
struct Row {
  Feature feature;
  std::string_view text;
  std::vector<FeatureRange> ranges;
};

constexpr int any = 100000;
Version v(int major, int minor, int patch) { return {.major = major, .minor = minor, .patch = patch}; }
FeatureRange from(Version first) { return {std::move(first), {}}; }
// From a patch release to the end of its minor line.
FeatureRange line(int major, int minor, int patch) { return {v(major, minor, patch), v(major, minor, any)}; }

// Boundaries come from containerd's tags: the first tag of each line whose source has the behaviour. Paths name that
// source (before 2.0 without the leading "core/" or "internal/").
const std::vector<Row>& table() {
  static const std::vector<Row> rows{
      // core/remotes/docker/config/config_unix.go: hostPaths
      {Feature::default_dir, "directory _default", {line(1, 6, 17), from(v(1, 7, 0))}},
      // core/remotes/docker/config/hosts.go: hostFileConfig, parseHostConfig
      {Feature::override_path, "override_path", {from(v(1, 6, 0))}},
      // hosts.go: getSortedHosts
      {Feature::no_host_table, "hosts.toml without a [host] table", {line(1, 7, 32), from(v(2, 0, 0))}},
      // hosts.go: hostFileConfig.DialTimeout
      {Feature::dial_timeout, "dial_timeout", {line(2, 0, 7), from(v(2, 1, 0))}},
      // hosts.go: ConfigureHosts, explicitTLS
      {Feature::dial_timeout_is_tls, "dial_timeout counts as a TLS option", {line(2, 0, 7)}},
      // hosts.go: parseHostConfig, HostCapabilityReferrers
      {Feature::referrers, "capability referrers", {from(v(2, 2, 0))}},
      // hosts.go: ConfigureHosts, WithAuthHeader
      {Feature::token_server_headers, "headers are sent to the token server", {from(v(2, 1, 0))}},
      // hosts.go: ConfigureHosts, IsLocalhost of the default host
      {Feature::localhost_plain_http, "localhost by plain http", {{v(1, 6, 9), v(1, 6, 25)}, {v(1, 7, 0), v(1, 7, 7)}}},
      {Feature::localhost_https_first, "localhost by https, then http", {line(1, 6, 25), from(v(1, 7, 7))}},
      // hosts.go: ConfigureHosts, HTTPFallback
      {Feature::https_first,
       "http hosts with TLS options are asked by https first",
       {line(1, 6, 25), from(v(1, 7, 7))}},
      {Feature::https_first_needs_port, "... only with a port", {line(1, 6, 25), {v(1, 7, 8), v(1, 7, 24)}}},
      // core/remotes/docker/resolver.go: isPortError, isTLSError
      {Feature::fallback_on_refused, "fallback to http on refused and timeout without a port", {from(v(1, 7, 24))}},
      {Feature::fallback_is_sticky, "fallback to http on a handshake timeout", {line(1, 6, 32), from(v(1, 7, 16))}},
      // go.mod: github.com/pelletier/go-toml/v2
      {Feature::toml_v2, "hosts.toml is read by go-toml 2", {from(v(2, 0, 0))}},
      // cmd/containerd/server/config/config.go: ValidateVersion
      {Feature::refuses_config_version,
       "a config version that is not known is refused",
       {line(1, 6, 32), from(v(1, 7, 17))}},
      // internal/cri/server/images/image_pull.go
      {Feature::transfer_service, "transfer service", {from(v(2, 1, 0))}},
      // pkg/cri/config/config.go: TLSConfig, removed in 2.0
      {Feature::registry_tls_configs, "registry.configs.<host>.tls", {{v(0, 0, 0), v(2, 0, 0)}}},
      // pkg/cri/config/config.go: ImagePullProgressTimeout
      {Feature::pull_progress_timeout, "a pull without progress is cancelled", {from(v(1, 7, 0))}},
      // core/remotes/docker/registry.go: DefaultHTTPTransport
      {Feature::response_timeout, "response header timeout of 30 s", {from(v(2, 3, 0))}},
      // core/remotes/docker/resolver.go: retryRequest
      {Feature::retry_server_errors, "one retry of 500, 503 and 504 at the last host", {from(v(2, 1, 0))}},
      {Feature::five_tries, "five tries of 408 and 429", {from(v(2, 3, 2))}},
      {Feature::retry_transport, "five tries of EOF and timeout at the last host", {from(v(2, 3, 2))}},
      // resolver.go: Resolve
      {Feature::forbidden_get, "GET after a HEAD answered 403", {from(v(2, 3, 3))}},
      {Feature::blobs_unless_http_error,
       "no /blobs after an HTTP error",
       {line(2, 0, 11), line(2, 2, 6), from(v(2, 3, 0))}},
      {Feature::ranked_errors, "the best ranked error is shown", {from(v(2, 0, 0))}},
      // core/remotes/errors/errors.go
      {Feature::unexpected_status_text, "errors name method and URL", {line(1, 6, 25), from(v(1, 7, 0))}},
  };
  return rows;
}

const Row& row(Feature feature) {
  for (const auto& candidate : table())
    if (candidate.feature == feature) return candidate;
  static const Row none{feature, "", {}};
  return none;
}

}  // namespace

bool names_key(std::string_view written, std::string_view key, const Version& containerd) {
  if (written == key) return true;
  const bool small = std::any_of(written.begin(), written.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  return (!small || has_feature(containerd, Feature::toml_v2)) && lower(written) == key;
}

bool has_feature(const Version& containerd, Feature feature) {
  const auto release = v(containerd.major, containerd.minor, containerd.patch);
  for (const auto& range : row(feature).ranges) {
    const bool open = range.before.major == 0;
    if (release >= range.from && (open || release < range.before)) return true;
  }
  return false;
}

std::string_view feature_text(Feature feature) { return row(feature).text; }

}  // namespace rf
