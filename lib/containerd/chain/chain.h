// The chain: the endpoints containerd tries for an image of a registry, in order, exactly as the given version computes
// them from hosts.toml files, certificate files, legacy mirror blocks and its defaults. Source of the rules:
// containerd's own code.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file_tree.h"
#include "base/result.h"
#include "containerd/chain/rewrite.h"
#include "containerd/config/effective_config.h"

namespace rf {

struct Header {
  std::string name;
  std::vector<std::string> values;  // may hold secrets: never print them, see is_secret_name
  bool operator==(const Header&) const = default;
};

struct ChainEndpoint {
  std::string scheme;                     // "http" or "https"
  std::string host;                       // with port where one was written
  std::string path;                       // the API base: "/v2", "/v2/your-org", or "" (requests go to /<repo>/...)
  Rewrites rewrites = {};                 // of the repository; only K3s' and RKE2's own containerd has them
  std::vector<std::string> capabilities;  // of "pull", "resolve", "push", "referrers", in that order
  bool skip_verify = false;
  bool http_fallback = false;   // https first; plain http when the server does not speak TLS
  std::vector<std::string> ca;  // absolute paths
  std::vector<std::pair<std::string, std::string>> client;  // certificate and key; key "" when both are in one file
  std::vector<Header> headers;
  bool headers_sent_to_token_server = false;
  std::optional<std::string> dial_timeout;  // as Go prints a duration: "2s", "200ms"
  std::string credentials;                  // where those come from that this endpoint would be offered; "" for none
  std::optional<Location> source;           // the line that says so; absent for containerd's own default endpoint

  std::string url() const { return scheme + "://" + host + path; }
  // With the prefix that its rewrites put before every repository; nothing where they do anything else.
  std::optional<std::string> plain_url() const;
  bool operator==(const ChainEndpoint&) const = default;
};

struct Chain {
  std::string registry;
  std::optional<std::string> hosts_dir;  // the directory found; absent when none or not used
  std::optional<std::string> error;      // the pull fails before any request, with this message of containerd
  std::optional<Error> unread;           // a file that decides it was not read by us: the chain is not known
  std::vector<IgnoredSetting> ignored;
  std::vector<ChainEndpoint> endpoints;  // empty when error or unread is set
};

struct ChainOptions {
  // What a certificate file outside the roots means that is not in the tree. A tree of facts holds only part of a node,
  // so there it means nothing; a tree read from a directory holds what certificate_files() names, and there the pull
  // fails.
  enum class Missing { unknown, fails } missing_certificates = Missing::unknown;
  // As the flags of `ctr` set them; a CRI pull never does.
  std::string default_scheme = {};  // "http" or "https"; "" when not given
  enum class DefaultTls { absent, given } default_tls = DefaultTls::absent;
};
Chain resolve_chain(const FileTree& tree, const EffectiveConfig& config, std::string_view registry,
                    const ChainOptions& options = {});

// Why the chains of this configuration are not known: a file that decides one was not read by us. Nothing when all
// were.
std::optional<Error> unread_by_us(const FileTree& tree, const EffectiveConfig& config);

// Certificate files that the hosts.toml files under the configuration's roots name: what a tree must hold besides those
// directories for a chain to be right.
std::vector<std::string> certificate_files(const FileTree& tree, const EffectiveConfig& config);

}  // namespace rf
