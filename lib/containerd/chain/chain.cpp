#include "containerd/chain/chain.h"

#include <fmt/format.h>
#include <algorithm>
#include <set>

#include "base/names.h"
#include "base/text.h"
#include "containerd/chain/certificates.h"
#include "containerd/chain/hosts_dir.h"
#include "containerd/chain/legacy_mirrors.h"
#include "containerd/config/credentials.h"
#include "containerd/config/features.h"
#include "containerd/go/go_url.h"

namespace rf {
namespace {

// The host a root entry without `server` stands for.
void fill_default_host(HostEntry& entry, std::string_view registry, const Version& containerd,
                       const ChainOptions& options) {
  entry.scheme = options.default_scheme.empty() ? "https" : options.default_scheme;
  entry.host = registry;
  entry.path = "/v2";
  entry.line = 0;  // an empty `server` says nothing
  entry.capabilities = all_capabilities(containerd);
  if (registry == hub_registry) {
    entry.scheme = "https";
    entry.host = hub_api;
    return;
  }
  if (!is_localhost(registry)) return;
  if (has_feature(containerd, Feature::localhost_plain_http) && options.default_scheme != "https") {
    entry.scheme = "http";
    entry.skip_verify = true;
    return;
  }
  if (!has_feature(containerd, Feature::localhost_https_first) || !options.default_scheme.empty()) return;
  const auto port = split_host_port(registry).port;
  entry.scheme = port.empty() || port == "443" ? "https" : "http";
  if (port != "80") entry.skip_verify = true;
}

bool is_asked_by_https_first(const HostEntry& entry, const Version& containerd, const ChainOptions& options) {
  if (entry.scheme != "http" || !has_feature(containerd, Feature::https_first)) return false;
  const bool tls = options.default_tls == ChainOptions::DefaultTls::given || entry.has_tls_options() ||
                   (entry.dial_timeout && has_feature(containerd, Feature::dial_timeout_is_tls));
  const auto port = split_host_port(entry.host).port;
  if (!tls || port == "80") return false;
  return !port.empty() || !has_feature(containerd, Feature::https_first_needs_port);
}

class CertificateCheck {
 public:
  CertificateCheck(const FileTree& tree, const EffectiveConfig& config, const ChainOptions& options)
      : tree_(tree), config_(config), options_(options) {}

  // containerd's error when a certificate file of the host cannot be used.
  std::optional<std::string> error_of(const HostEntry& entry) const {
    for (const auto& path : entry.ca.value_or(std::vector<std::string>{})) {
      if (const auto failure = unreadable(path))
        return fmt::format("unable to read CA cert {}: {}", go_quote(path), *failure);
      if (const auto pem = readable(path); pem && !pem_holds_certificate(*pem))
        return fmt::format("unable to load CA cert {}", go_quote(path));
    }
    for (const auto& [certificate, key] : entry.client) {
      if (const auto failure = unreadable(certificate))
        return fmt::format("unable to read CERT file {}: {}", go_quote(certificate), *failure);
      if (!key.empty())
        if (const auto failure = unreadable(key))
          return fmt::format("unable to read CERT file {}: {}", go_quote(key), *failure);
      const auto certificate_pem = readable(certificate);
      const auto key_pem = key.empty() ? certificate_pem : readable(key);
      if (!certificate_pem || !key_pem) continue;
      if (const auto problem = key_pair_error(*certificate_pem, *key_pem))
        return "failed to load X509 key pair: " + *problem;
    }
    return std::nullopt;
  }

 private:
  std::optional<std::string> unreadable(const std::string& path) const {
    const auto failure = open_failure(tree_, path);
    if (!failure || failure->kind == OpenFailure::Kind::denied)
      return std::nullopt;  // containerd may, where we may not
    const bool fails = options_.missing_certificates == ChainOptions::Missing::fails ||
                       failure->kind != OpenFailure::Kind::missing || below_a_root(path);
    return fails ? std::optional(failure->text) : std::nullopt;
  }

  bool below_a_root(const std::string& path) const {
    return std::any_of(config_.hosts_roots.begin(), config_.hosts_roots.end(),
                       [&](const std::string& root) { return path.starts_with(normal_path(root) + "/"); });
  }

  // Nothing for a file whose secrets were masked when its facts were saved: its checksum is that of the node's.
  std::optional<std::string_view> readable(const std::string& path) const {
    const auto content = tree_.read(path);
    if (!content) return std::nullopt;
    const auto& sum = tree_.stat(path)->sha256;
    return sum.empty() || sum == sha256_hex(*content) ? content : std::nullopt;
  }

  const FileTree& tree_;
  const EffectiveConfig& config_;
  const ChainOptions& options_;
};

ChainEndpoint endpoint_of(const HostEntry& entry, const EffectiveConfig& config, const ChainOptions& options) {
  const auto& containerd = config.containerd;
  ChainEndpoint endpoint;
  if (config.fork.rewrites) endpoint.rewrites = entry.rewrites;
  endpoint.http_fallback = is_asked_by_https_first(entry, containerd, options);
  endpoint.scheme = endpoint.http_fallback ? "https" : entry.scheme;
  endpoint.host = entry.host;
  endpoint.path = entry.path;
  endpoint.capabilities = entry.capabilities;
  endpoint.skip_verify = entry.skip_verify.value_or(false);
  endpoint.ca = entry.ca.value_or(std::vector<std::string>{});
  endpoint.client = entry.client;
  endpoint.headers = entry.headers;
  endpoint.headers_sent_to_token_server =
      !entry.headers.empty() && has_feature(containerd, Feature::token_server_headers);
  endpoint.dial_timeout = entry.dial_timeout;
  return endpoint;
}

void note_directory(const HostDirectory& directory, std::string_view registry, const EffectiveConfig& config,
                    const FileTree& tree, Chain& chain) {
  // A _default beside the registry's own directory is as it should be, unless that directory says nothing.
  const bool silent = !tree.exists(directory.path + "/hosts.toml");
  for (const auto& path : directory.shadowed)
    if (silent || path != join_path(parent_path(directory.path), default_directory))
      chain.ignored.push_back({path, 0,
                               fmt::format("{} is found first, and only that directory is read", directory.path),
                               IgnoredKind::shadowed_directory});
  const bool list = config.config_path.find(':') != std::string::npos;
  if (list && config.pull_mode == PullMode::transfer)
    chain.ignored.push_back(
        {config.config_path_where ? config.config_path_where->file : config.config_file,
         config.config_path_where ? config.config_path_where->line : 0,
         fmt::format("config_path \"{}\" is a list, which the transfer service reads as the name of one directory",
                     config.config_path),
         IgnoredKind::list_for_transfer});
  if (directory.path.empty() && !has_feature(config.containerd, Feature::default_dir))
    for (const auto& root : config.hosts_roots)
      if (const auto path = clean_path(join_path(root, default_directory)); tree.exists(path))
        chain.ignored.push_back({path, 0,
                                 fmt::format("containerd {} does not support _default (1.6.17, 1.7.0 and later do)",
                                             to_string(config.containerd)),
                                 IgnoredKind::default_unknown});
  if (registry != hub_registry) return;
  for (const auto& root : config.hosts_roots)
    for (const auto name : {hub_api, hub_index})
      if (const auto path = clean_path(fmt::format("{}/{}", root, name)); tree.exists(path))
        chain.ignored.push_back({path, 0, "images of Docker Hub are looked up as docker.io", IgnoredKind::hub_alias});
}

std::optional<Error> startup_error(const EffectiveConfig& config) {
  return config.load_error ? config.load_error : config.cri_error;
}

void add_credentials(const EffectiveConfig& config, std::string_view file, ChainEndpoint& endpoint) {
  std::vector<std::string> sources;
  for (const auto& header : endpoint.headers)
    if (lower(header.name) == "authorization") sources.push_back(fmt::format("header {} ({})", header.name, file));
  if (auto configured = configured_credentials(config, endpoint.host); !configured.empty())
    sources.push_back(std::move(configured));
  endpoint.credentials = join(sources, ", then ");
}

void add_ignored(const LoadedHosts& loaded, const EffectiveConfig& config, Chain& chain) {
  for (const auto& ignored : loaded.ignored)
    if (!config.fork.rewrites || ignored.kind != IgnoredKind::unknown_host_key || ignored.subject.key != "rewrite")
      chain.ignored.push_back(ignored);
}

bool ends_before_default(std::string_view directory, const LoadedHosts& loaded, const EffectiveConfig& config) {
  return config.fork.wildcard_is_last && base_name(directory) == default_directory && loaded.entries.size() > 1 &&
         loaded.entries.back().host.empty();
}

}  // namespace

std::optional<std::string> ChainEndpoint::plain_url() const {
  if (rewrites.empty()) return url();
  const auto prefix = rewrite_prefix(rewrites);
  return prefix ? std::optional(fmt::format("{}/{}", url(), *prefix)) : std::nullopt;
}

Chain resolve_chain(const FileTree& tree, const EffectiveConfig& config, std::string_view registry,
                    const ChainOptions& options) {
  Chain chain;
  chain.registry = registry;
  chain.ignored = config.ignored;
  chain.unread = config.unread;
  if (chain.unread) return chain;
  if (const auto error = startup_error(config)) {
    chain.error = error->message;
    return chain;
  }
  if (config.config_path.empty() && config.pull_mode != PullMode::transfer) {
    legacy_chain(tree, config, options, chain);
    return chain;
  }
  const auto directory = find_host_directory(tree, config.hosts_roots, registry, config.containerd);
  note_directory(directory, registry, config, tree, chain);
  chain.error = directory.error;
  chain.unread = directory.unread;
  if (chain.error || chain.unread) return chain;
  LoadedHosts loaded;
  if (directory.path.empty()) {
    loaded.entries.emplace_back();
  } else {
    chain.hosts_dir = directory.path;
    loaded = load_host_directory(tree, directory.path, config.containerd);
    add_ignored(loaded, config, chain);
    chain.error = loaded.error;
    chain.unread = loaded.unread;
    if (chain.error || chain.unread) return chain;
  }
  if (ends_before_default(directory.path, loaded, config))
    loaded.entries.pop_back();
  else if (loaded.entries.back().host.empty())
    fill_default_host(loaded.entries.back(), registry, config.containerd, options);
  const CertificateCheck certificates(tree, config, options);
  for (const auto& entry : loaded.entries) {
    chain.error = certificates.error_of(entry);
    if (chain.error) {
      chain.endpoints.clear();
      return chain;
    }
    chain.endpoints.push_back(endpoint_of(entry, config, options));
    auto& endpoint = chain.endpoints.back();
    if (entry.line > 0) endpoint.source = Location{loaded.file, entry.line, 0};
    add_credentials(config, loaded.file, endpoint);
  }
  return chain;
}

std::optional<Error> unread_by_us(const FileTree& tree, const EffectiveConfig& config) {
  if (config.unread) return config.unread;
  for (const auto& root : config.hosts_roots) {
    if (auto unread = tree.why_unread(root)) return unread;
    for (const auto& name : tree.list(root))
      if (auto loaded = load_host_directory(tree, clean_path(root + "/" + name), config.containerd); loaded.unread)
        return std::move(loaded.unread);
  }
  return std::nullopt;
}

std::vector<std::string> certificate_files(const FileTree& tree, const EffectiveConfig& config) {
  std::set<std::string> files;
  for (const auto& root : config.hosts_roots)
    for (const auto& name : tree.list(root)) {
      const auto loaded = load_host_directory(tree, clean_path(root + "/" + name), config.containerd);
      for (const auto& entry : loaded.entries) {
        for (const auto& ca : entry.ca.value_or(std::vector<std::string>{})) files.insert(ca);
        for (const auto& [certificate, key] : entry.client) {
          files.insert(certificate);
          if (!key.empty()) files.insert(key);
        }
      }
    }
  for (const auto& [host, tls] : config.tls)
    for (const auto& path : {tls.ca_file, tls.cert_file, tls.key_file})
      if (!path.empty()) files.insert(path);
  return {files.begin(), files.end()};
}

}  // namespace rf
