#include "plan/registries_yaml/registries_yaml_chains.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"
#include "containerd/go/go_url.h"

namespace rf {
namespace {

bool asks_by_tls(const ChainEndpoint& endpoint) { return endpoint.scheme == "https"; }

// Docker Hub's certificates are looked up under the registry's name; those of a registry's own endpoint under the name
// it was given.
std::string tls_key(const std::string& host) { return std::string(registry_of_api_host(host)); }

// An http endpoint with TLS options is asked by https first.
std::string_view written_scheme(const ChainEndpoint& endpoint) {
  return endpoint.http_fallback ? std::string_view("http") : std::string_view(endpoint.scheme);
}

// The text K3s makes exactly this endpoint of: a path other than none and /v2 is taken as it stands. It leaves out what
// it has had already, unless a slash at the end makes another text of it, which containerd does not see.
std::string endpoint_text(const ChainEndpoint& endpoint, std::set<std::string>& had) {
  const auto base = fmt::format("{}://{}", written_scheme(endpoint), endpoint.host);
  const auto path = clean_path(endpoint.path.empty() ? "/" : endpoint.path);
  auto text = path == "/v2" ? base : path == "/" ? base + "//" : base + escape_path(replace_all(path, "%", "%25"));
  if (path == "/v2" && had.contains(registries_yaml_url(text))) text += "/v2/";
  while (!had.insert(registries_yaml_url(text)).second) text += "/";
  return text;
}

class Builder {
 public:
  Builder(const ChainsToSay& say, const RegistriesYaml& known, std::string_view program)
      : say_(say), program_(program) {
    out_.registries = known;
  }

  ChainsInYaml run() {
    for (const auto& [registry, chain] : say_.chains) add(registry, chain);
    for (const auto& [host, auth] : say_.auths)
      add_auth(host, auth.username, {auth.password, auth.auth, auth.identity_token});
    set_tls();
    for (const auto& [registry, own] : own_only_) keep_from_wildcard(registry, own);
    return std::move(out_);
  }

 private:
  struct AuthSecrets {
    Secret password;
    Secret auth;
    Secret identity_token;
  };

  void lose(std::string text) {
    if (std::find(out_.lost.begin(), out_.lost.end(), text) == out_.lost.end()) out_.lost.push_back(std::move(text));
  }

  void add(const std::string& registry, const Chain& chain) {
    auto mirrors = sayable(registry, chain);
    if (mirrors.empty()) return;
    const bool ends_with_own = is_own(registry, mirrors.back());
    const auto own = mirrors.back();
    if (is_plain(registry)) {
      if (ends_with_own && registry != "*" && !own.http_fallback) want_tls(registry, own, registry);
      own_only_.emplace_back(registry, own);
      return;
    }
    look_at_own(registry, mirrors, ends_with_own);
    if (ends_with_own) {
      if (registry == "*") {
        add_wildcard_own(own, mirrors.size() == 1);
      } else {
        look_at(registry, own);
        want_tls(registry, own, registry);
      }
      mirrors.pop_back();
    }
    if (mirrors.empty())
      own_only_.emplace_back(registry, own);
    else
      add_mirrors(registry, mirrors);
  }

  // Without the endpoints that no text in registries.yaml stands for.
  std::vector<ChainEndpoint> sayable(const std::string& registry, const Chain& chain) {
    std::vector<ChainEndpoint> out;
    for (const auto& endpoint : chain.endpoints) {
      if (endpoint.host.empty())
        lose(fmt::format("{}: {}: registries.yaml cannot name an endpoint without a host", registry, endpoint.url()));
      else if (endpoint.host == hub_registry)
        lose(fmt::format("{}: {}: {} reads docker.io as registry-1.docker.io", registry, endpoint.url(), program_));
      else
        out.push_back(endpoint);
    }
    return out;
  }

  void add_mirrors(const std::string& registry, const std::vector<ChainEndpoint>& endpoints) {
    auto& mirror = out_.registries.mirrors[registry];
    std::set<std::string> had;
    for (const auto& endpoint : endpoints) {
      look_at(registry, endpoint);
      want_tls(registry, endpoint, tls_key(endpoint.host));
      // The registry's own endpoint in last place would be taken for the one that is added to it.
      if (&endpoint == &endpoints.back()) had.insert(own_url(registry));
      mirror.endpoints.push_back(endpoint_text(endpoint, had));
    }
  }

  bool is_plain(const std::string& registry) const {
    return std::find(say_.plain.begin(), say_.plain.end(), registry) != say_.plain.end();
  }

  // What the program puts last by itself.
  static std::string own_url(const std::string& registry) { return registries_yaml_url(registry); }
  static bool is_own(const std::string& registry, const ChainEndpoint& endpoint) {
    if (registry == "*") return !endpoint.source.has_value();  // no file says so: it is each registry's own
    if (endpoint.http_fallback && !tls_of(endpoint)) return false;
    return fmt::format("{}://{}{}", written_scheme(endpoint), endpoint.host, endpoint.path) == own_url(registry);
  }

  void look_at_own(const std::string& registry, const std::vector<ChainEndpoint>& endpoints, bool ends_with_own) {
    if (ends_with_own) return;
    const auto own = registry == "*" ? std::string("each registry's own host") : own_url(registry);
    const bool asked_before =
        registry != "*" && std::any_of(endpoints.begin(), endpoints.end(),
                                       [&](const auto& endpoint) { return is_own(registry, endpoint); });
    lose(asked_before ? fmt::format("{}: {} comes before other endpoints, and {} asks it again at the end", registry,
                                    own, program_)
                      : fmt::format("{}: {} always asks {} last", registry, program_, own));
  }

  void look_at(const std::string& registry, const ChainEndpoint& endpoint) {
    const auto say = [&](std::string_view what) {
      lose(fmt::format("{}: {}: registries.yaml {}", registry, endpoint.url(), what));
    };
    for (const std::string_view word : {"pull", "resolve"})
      if (std::find(endpoint.capabilities.begin(), endpoint.capabilities.end(), word) == endpoint.capabilities.end())
        say("has no capabilities; pull and resolve are used");
    if (endpoint.dial_timeout) say("has no dial_timeout");
    if (endpoint.http_fallback && !tls_of(endpoint))
      say("cannot express that an http endpoint is asked over https first");
    if (asks_by_tls(endpoint) && endpoint.ca.size() > 1) say("allows only one ca_file");
    if (asks_by_tls(endpoint) && endpoint.client.size() > 1) say("allows only one client certificate");
    for (const auto& header : endpoint.headers) {
      if (lower(header.name) != "authorization")
        say(fmt::format("has no headers ({})", header.name));
      else if (!add_authorization(endpoint.host, header))
        say("needs a user name and a password, and this Authorization has none");
    }
  }

  bool add_authorization(const std::string& host, const Header& header) {
    const std::string value = header.values.size() == 1 ? header.values.front() : "";
    std::string pair;
    if (!value.starts_with("Basic ") || !base64_decode(trim(std::string_view(value).substr(6)), pair)) return false;
    const auto colon = pair.find(':');
    if (colon == pair.npos) return false;
    add_auth(host, pair.substr(0, colon), {Secret(pair.substr(colon + 1)), {}, {}});
    return true;
  }

  void add_auth(const std::string& host, const std::string& username, AuthSecrets secrets) {
    RegistriesYamlAuth auth{.username = username,
                            .password = std::move(secrets.password),
                            .auth = std::move(secrets.auth),
                            .identity_token = std::move(secrets.identity_token)};
    auto& config = out_.registries.configs[host];
    if (config.auth && !(*config.auth == auth))
      lose(fmt::format("{}: registries.yaml has one `auth` for a host, and two are needed", host));
    if (!config.auth) config.auth = std::move(auth);
  }

  static std::optional<RegistriesYamlTls> tls_of(const ChainEndpoint& endpoint) {
    RegistriesYamlTls tls;
    if (!asks_by_tls(endpoint)) return std::nullopt;
    if (!endpoint.ca.empty()) tls.ca_file = endpoint.ca.front();
    if (!endpoint.client.empty()) {
      const auto& [certificate, key] = endpoint.client.front();
      tls.cert_file = certificate;
      tls.key_file = key.empty() ? certificate : key;
    }
    tls.insecure_skip_verify = endpoint.skip_verify;
    return tls == RegistriesYamlTls{} ? std::nullopt : std::optional(tls);
  }

  void want_tls(const std::string& registry, const ChainEndpoint& endpoint, const std::string& key) {
    auto& wishes = tls_[key];
    const auto tls = tls_of(endpoint);
    const auto same = [&](const Wish& wish) { return wish.tls == tls; };
    if (std::none_of(wishes.begin(), wishes.end(), same)) wishes.push_back({tls, registry});
  }

  // One `tls` for a host, wherever it is asked: for its own images too.
  void set_tls() {
    for (const auto& [key, wishes] : tls_) {
      auto& slot = out_.registries.configs[key].tls;
      for (const auto& wish : wishes)
        if (wish.tls && !slot) slot = wish.tls;
      for (const auto& wish : wishes)
        if (slot && wish.tls != slot)
          lose(fmt::format("{}: registries.yaml has one `tls` for a host, and for images of {} it is asked with {}",
                           key, wish.registry, wish.tls ? "another" : "none"));
      if (!slot && !out_.registries.configs[key].auth) out_.registries.configs.erase(key);
    }
  }

  // The properties of each registry's own endpoint: TLS settings, and only without a mirror for all.
  void add_wildcard_own(const ChainEndpoint& own, bool alone) {
    if (!own.headers.empty()) lose("*: registries.yaml has no headers");
    if (own.dial_timeout) lose("*: registries.yaml has no dial_timeout");
    const auto tls = tls_of(own);
    if (!tls) return;
    if (!alone)
      lose("*: registries.yaml has no TLS settings for every registry's own endpoint together with a mirror for all");
    else if (!out_.registries.configs["*"].tls)
      out_.registries.configs["*"].tls = tls;
  }

  // A registry that asks its own endpoint alone, although there is a mirror for all others: only a `configs` entry
  // makes the program write a directory for it. One that says nothing does.
  void keep_from_wildcard(const std::string& registry, const ChainEndpoint& own) {
    const auto& registries = out_.registries;
    const bool shadowed = registries.mirrors.contains("*") || registries.configs.contains("*");
    // On localhost its own endpoint is more than what containerd does by itself.
    const bool default_enough = is_plain(registry) || !is_localhost(registry);
    if (registry == "*" || registries.mirrors.contains(registry) || (default_enough && !shadowed)) return;
    auto& config = out_.registries.configs[registry];
    if (!config.tls && (!config.auth || tls_of(own))) config.tls = tls_of(own).value_or(RegistriesYamlTls{});
  }

  const ChainsToSay& say_;
  std::string_view program_;
  struct Wish {
    std::optional<RegistriesYamlTls> tls;
    std::string registry;
  };
  std::map<std::string, std::vector<Wish>> tls_;
  std::vector<std::pair<std::string, ChainEndpoint>> own_only_;  // registries whose chain is their own endpoint
  ChainsInYaml out_;
};

}  // namespace

ChainsInYaml registries_yaml_of_chains(const ChainsToSay& say, const RegistriesYaml& known, std::string_view program) {
  return Builder(say, known, program).run();
}

}  // namespace rf
