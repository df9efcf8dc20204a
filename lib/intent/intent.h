// The intent: what the user declared, parsed and valid. Plain data.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/result.h"

namespace rf {

// A URL that serves a registry's content, normalised: `ghcr.io/your-org` is {https, ghcr.io, /v2/your-org}.
struct Endpoint {
  std::string scheme = "https";
  std::string host;          // with port where one was written; "docker.io" has become "registry-1.docker.io"
  std::string path = "/v2";  // the API base, requests go to <path>/<repository>/...
  Location where;            // for errors; not part of equality
  bool override_path() const { return path != "/v2"; }
  std::string url() const { return scheme + "://" + host + path; }
  bool operator==(const Endpoint& other) const {
    // Without `where`. A new member does not compile until it is here.
    const auto asked = [](const Endpoint& endpoint) {
      const auto& [its_scheme, its_host, its_path, its_where] = endpoint;
      return std::tie(its_scheme, its_host, its_path);
    };
    return asked(*this) == asked(other);
  }
};
// From what a user writes: "https://h/v2/proxy", "ghcr.io/your-org", "localhost:5000" (http), "docker.io".
Result<Endpoint> parse_endpoint(std::string_view text);

struct Registry {
  std::string name;               // "docker.io", "anubis:32000", "*"
  std::vector<Endpoint> mirrors;  // before the upstream
  enum class Upstream { standard, given, none } upstream = Upstream::standard;
  Endpoint upstream_endpoint;      // for `given`; for `standard` the registry's own (empty host for "*")
  std::vector<Endpoint> fallback;  // after the upstream
  Location where;

  // Mirrors, upstream (unless none), fallback. For "*" the upstream is each registry's own and is not in the list.
  std::vector<Endpoint> chain() const;
};

// How to get a secret; the secret itself is never in the intent, except `literal` from a file only its owner can read.
struct SecretRef {
  enum class Kind { env, file, command, docker_config, literal } kind = Kind::env;
  std::string value;  // name, path, command line; the text for literal
  Location where;
};

struct EndpointOptions {
  std::string host;
  std::string username;
  std::optional<SecretRef> password;  // with username, or alone for docker_config
  std::string ca_file;                // absolute or relative to the intent file, resolved to absolute
  std::string client_cert_file;
  std::string client_key_file;
  bool insecure_skip_verify = false;
  std::optional<std::string> dial_timeout;  // "2s"
  std::vector<std::string> capabilities;    // empty: not given
  std::vector<std::pair<std::string, std::string>> headers;
  Location where;
};

struct NodeSpec {
  std::string text;  // as written
  enum class Kind { ssh, kind_cluster, docker, podman, local } kind = Kind::ssh;
  std::string name;  // host, cluster or container name
  std::string user;
  int port = 0;  // 0: not given
  std::string identity;
  std::string jump;
  Location where;
};
// "anubis", "ops@babel:2222", "node[01-32]" (gives 32), "kind:dev", "docker:NAME", "podman:NAME", "local"; comma
// separated.
// "@file" is expanded by the caller.
Result<std::vector<NodeSpec>> parse_nodes(std::string_view text);

struct Intent {
  std::string file;  // "" when built from flags
  std::vector<NodeSpec> nodes;
  std::vector<Registry> registries;
  std::map<std::string, EndpointOptions, std::less<>> endpoints;  // by host
  const Registry* registry(std::string_view name) const;
};

// All problems at once; an intent without problems is valid. `mode_bits` are those of the file (0 when built from
// text): literal secrets in a file others can read are refused.
struct IntentText {
  std::string file;
  std::string text;
  unsigned mode_bits = 0;
};
struct IntentOrProblems {
  Intent intent;
  std::vector<Error> problems;  // each with file, line, column and a hint; in file order
  std::vector<Error> warnings;  // what is valid and surely not meant, such as options for a host that is used nowhere
  bool ok() const { return problems.empty(); }
};
IntentOrProblems parse_intent(const IntentText& text);

// --mirror docker.io=http://anubis:32000 and --mirror anubis:32000=ghcr.io/your-org,docker.io
// --fallback anubis:32000=ghcr.io: after the upstream.
// The list of --mirror holds mirrors, tried before the upstream. Where the registry's own host stands in the list, that
// is the upstream and what follows are fallbacks. A registry of your own is asked first, and the list follows: one that
// is an endpoint of another --mirror and has a port in its name or another URL than the usual (it is asked at the URL
// written there), and one with a port in its name whose list has names only, no URLs. `none` in the list: the upstream
// is never asked.
struct RegistryFlags {
  std::vector<std::string> mirrors = {};
  std::vector<std::string> fallbacks = {};
  bool empty() const { return mirrors.empty() && fallbacks.empty(); }
};
IntentOrProblems intent_from_flags(const RegistryFlags& flags);

// The JSON Schema, generated from the table the validator uses.
std::string intent_schema();
// A commented starter file.
std::string starter_intent(const std::vector<std::string>& nodes, const Intent* found);

}  // namespace rf
