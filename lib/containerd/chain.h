// The chain: the endpoints containerd tries for an image of a registry, in order, exactly as the given version computes them from
// hosts.toml files, certificate files, legacy mirror blocks and its defaults. Source of the rules: containerd's own code.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file_tree.h"
#include "base/result.h"
#include "containerd/effective_config.h"

namespace rf {

struct ImageReference {
  std::string registry;    // normalised: "docker.io", "anubis:32000"
  std::string repository;  // "library/alpine"
  std::string tag;         // "" when only a digest was given; "latest" when neither
  std::string digest;      // "sha256:..." or ""
};
// As the kubelet and the CRI read it: "alpine" is docker.io/library/alpine:latest, index.docker.io is docker.io.
Result<ImageReference> parse_image(std::string_view text);
std::string to_string(const ImageReference& image);

struct Header {
  std::string name;
  std::vector<std::string> values;  // may hold secrets: never print them, see is_secret_header
  bool operator==(const Header&) const = default;
};
bool is_secret_header(std::string_view name);  // Authorization, Proxy-Authorization, Cookie, and names with token, key, secret, password

struct ChainEndpoint {
  std::string scheme;   // "http" or "https"
  std::string host;     // with port where one was written
  std::string path;     // the API base: "/v2", "/v2/your-org", or "" (requests go to /<repo>/...)
  std::vector<std::string> capabilities;  // of "pull", "resolve", "push", "referrers", in that order
  bool skip_verify = false;
  bool http_fallback = false;  // https first; plain http when the server does not speak TLS
  std::vector<std::string> ca;                               // absolute paths
  std::vector<std::pair<std::string, std::string>> client;   // certificate and key; key "" when both are in one file
  std::vector<Header> headers;
  bool headers_sent_to_token_server = false;
  std::optional<std::string> dial_timeout;  // as Go prints a duration: "2s", "200ms"
  std::string credentials;                  // where those come from that this endpoint would be offered; "" for none
  std::optional<Location> source;           // the line that says so; absent for containerd's own default endpoint

  std::string url() const { return scheme + "://" + host + path; }
  bool operator==(const ChainEndpoint&) const = default;
};

struct Chain {
  std::string registry;
  std::optional<std::string> hosts_dir;   // the directory found; absent when none or not used
  std::optional<std::string> error;       // the pull fails before any request, with this message of containerd
  std::vector<IgnoredSetting> ignored;
  std::vector<ChainEndpoint> endpoints;   // empty when error is set
};

struct ChainOptions {
  // What a certificate file outside the roots means that is not in the tree. A tree of facts holds only part of a node, so there it
  // means nothing; a tree read from a directory holds what certificate_files() names, and there the pull fails.
  enum class Missing { unknown, fails } missing_certificates = Missing::unknown;
  // As the flags of `ctr` set them; a CRI pull never does.
  std::string default_scheme = {};                           // "http" or "https"; "" when not given
  enum class DefaultTls { absent, given } default_tls = DefaultTls::absent;
};
Chain resolve_chain(const FileTree& tree, const EffectiveConfig& config, std::string_view registry, const ChainOptions& options = {});

// Certificate files that the hosts.toml files under the configuration's roots name: what a tree must hold besides those directories
// for a chain to be right.
std::vector<std::string> certificate_files(const FileTree& tree, const EffectiveConfig& config);

// What an endpoint is assumed to answer, for predicting requests.
struct Assumption {
  enum class Kind {
    status,
    refused,
    dns,
    tls,   // its certificate is not accepted, or ours; none of that for plain http
    http,  // it speaks plain http only
    timeout,
    eof,
  };
  Kind kind = Kind::status;
  int status = 200;
  bool operator==(const Assumption&) const = default;
};
// By host (as in ChainEndpoint::host), "*" for all others; "HOST/manifests" and "HOST/blobs" are for one kind of request, before what
// is said of HOST. Hosts not named answer 200 with the right content.
using Assumptions = std::map<std::string, Assumption, std::less<>>;
// "HOST=503", "HOST=refused", "*=timeout", "HOST/blobs=404".
Result<std::pair<std::string, Assumption>> parse_assumption(std::string_view text);

struct Request {
  std::string step;    // "resolve", "manifest", "config", "layer"
  std::string method;  // "HEAD", "GET"
  std::string url;     // with sha256:<digest> where the digest is not known
  std::string assumed; // "404", "refused", ...
  bool reached = true; // false: what this step would ask, had an earlier step not ended the pull
  bool operator==(const Request&) const = default;
};

struct Prediction {
  std::vector<Request> requests;
  std::string verdict;   // one line: what the user would see
  bool pulled = false;
  std::string used;      // host that served the manifest, "" when none
};
Prediction predict_pull(const Chain& chain, const ImageReference& image, const Assumptions& assumptions, const EffectiveConfig& config);

}  // namespace rf
