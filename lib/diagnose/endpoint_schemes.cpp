// https and http: what decides between them, and where the two are mixed up.
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "containerd/go/go_url.h"
#include "diagnose/endpoints.h"
#include "diagnose/rule.h"
#include "intent/names.h"

namespace rf {
namespace {

void look_for_tls_on_http(const View& view, Findings& found) {
  each_endpoint(view, [&](const Chain& chain, const ChainEndpoint& endpoint) {
    const bool options = endpoint.skip_verify || !endpoint.ca.empty() || !endpoint.client.empty();
    const bool plain = endpoint.scheme == "http" && options && !is_legacy(view.config());
    if (!endpoint.http_fallback && !plain) return;
    const auto text = view.tree().read(endpoint.source->file).value_or("");
    std::string key = "skip_verify";
    for (const std::string_view name : {"skip_verify", "ca", "client", "dial_timeout"})
      if (host_key_line(text, endpoint.source->line, name) != 0) {
        key = name;
        break;
      }
    const int line = host_key_line(text, endpoint.source->line, key);
    found.add(
        {.cause =
             fmt::format("http://{} for {} has {}, which counts as a TLS setting", endpoint.host, name_of(chain), key),
         .where = view.is_rendered(endpoint.source->file)
                      ? view.place(chain, endpoint)
                      : Location{endpoint.source->file, line == 0 ? endpoint.source->line : line, 0},
         .effect =
             endpoint.http_fallback
                 ? fmt::format(
                       "{} asks https://{} first and falls back to http only after the answer shows that it does not "
                       "speak TLS",
                       view.who(), endpoint.host)
                 : fmt::format(
                       "{} asks over plain http and the setting has no effect; from 1.6.25 and 1.7.7 on it would ask "
                       "over https first",
                       view.who()),
         .fix = fmt::format(
             "remove {} if the registry speaks plain http, or write https:// in the URL if it speaks TLS: the scheme "
             "decides, not skip_verify",
             key)});
  });
}

using Schemes = std::map<std::string, std::vector<std::pair<const Chain*, const ChainEndpoint*>>, std::less<>>;

// Hosts that are named as https in one place and as http in another.
void look_for_both_schemes(const View& view, Findings& found) {
  Schemes http;
  each_endpoint(view, [&](const Chain& chain, const ChainEndpoint& endpoint) {
    if (endpoint.scheme == "http") http[endpoint.host].emplace_back(&chain, &endpoint);
  });
  for (const auto& chain : view.chains())
    for (const auto& endpoint : chain.endpoints) {
      const auto other = http.find(endpoint.host);
      if (endpoint.scheme != "https" || endpoint.http_fallback || other == http.end()) continue;
      const auto& [http_chain, http_endpoint] = other->second.front();
      const auto there = view.place(*http_chain, *http_endpoint);
      const bool after = http_chain == &chain ||
                         std::any_of(chain.endpoints.begin(), chain.endpoints.end(), [&](const ChainEndpoint& e) {
                           return &e < &endpoint && e.scheme == "http" && e.host == endpoint.host;
                         });
      const bool written = endpoint.source && !view.is_rendered(endpoint.source->file);
      const auto here = endpoint.source ? view.place(chain, endpoint)
                                        : Location{chain.hosts_dir.value_or(view.config().config_file), 0, 0};
      Finding finding{.cause = fmt::format("{} is https for {}{} and http in {}", endpoint.host, name_of(chain),
                                           endpoint.source ? "" : " by default", at(there)),
                      .where = here,
                      .also = {there}};
      finding.effect =
          after
              ? fmt::format(
                    "{} asks http://{} first; if that fails it also asks https://{}, which is in the chain because {}, "
                    "and shows its error",
                    view.who(), endpoint.host, endpoint.host,
                    endpoint.source ? "it is the server" : "there is no server")
              : fmt::format(
                    "{} asks {} over https: a registry that speaks plain http answers \"server gave HTTP "
                    "response to HTTPS client\"; skip_verify does "
                    "not change that",
                    view.who(), endpoint.host);
      finding.fix =
          view.is_rendered(endpoint.source ? endpoint.source->file : http_endpoint->source->file)
              ? fmt::format(
                    "{} appends the registry itself over https, or as it is written last in endpoint; "
                    "--disable-default-registry-endpoint leaves "
                    "it out (v1.26.13, 1.27.10, 1.28.6, "
                    "1.29.1 and later)",
                    view.detection().profile.title)
          : written ? write_url(view, chain, endpoint, "http://" + endpoint.host)
                    : fmt::format(
                          "write server = \"http://{}\" above the first header of {}/hosts.toml (no restart is needed)",
                          endpoint.host, chain.hosts_dir.value_or(view.detection().hosts_dir + "/" + chain.registry));
      found.add(after ? Severity::note : Severity::error, std::move(finding));
    }
}

// Images of a registry that is a mirror by http elsewhere, and has no directory of its own.
void look_for_http_without_directory(const View& view, Findings& found) {
  if (is_legacy(view.config())) return;
  std::set<std::string> seen;
  each_endpoint(view, [&](const Chain& chain, const ChainEndpoint& endpoint) {
    const bool named = std::any_of(view.chains().begin(), view.chains().end(), [&](const Chain& other) {
      return other.registry == endpoint.host || (other.registry == "*" && other.hosts_dir);
    });
    const bool registry = check_registry_name(endpoint.host).ok() && split_host_port(endpoint.host).port != "";
    if (endpoint.scheme != "http" || is_local(endpoint) || named || !registry || !seen.insert(endpoint.host).second)
      return;
    found.add(
        {.cause = fmt::format(
             "http://{} is a mirror of {}, but nothing is configured for images that name it directly: {}/app",
             endpoint.host, name_of(chain), endpoint.host),
         .where = view.place(chain, endpoint),
         .effect = fmt::format("{} asks https://{} for such images, which fails if the registry speaks plain http",
                               view.who(), endpoint.host),
         .fix = fmt::format(
             "needed only if such images are used: a directory {}/{} with server = \"http://{}\" and [host], "
             "or the registry in the intent file",
             view.detection().hosts_dir, endpoint.host, endpoint.host)});
  });
}

constexpr std::string_view tls_all_the_same =
    "speaks TLS with it anyway: skip_verify (insecure_skip_verify) only skips the check of the certificate; the scheme "
    "of the URL decides between https and http";

// insecure_skip_verify of config.toml, which 1.x takes.
void look_at_insecure_tables(const View& view, Findings& found) {
  for (const auto& [host, tls] : view.config().tls) {
    const auto& name = host;  // clang 14 captures no structured binding
    const bool http = std::any_of(view.chains().begin(), view.chains().end(), [&](const Chain& chain) {
      return std::any_of(chain.endpoints.begin(), chain.endpoints.end(),
                         [&](const auto& e) { return e.host == name && e.scheme == "http"; });
    });
    if (!tls.insecure_skip_verify || http) continue;
    found.add(
        {.cause = fmt::format("configs.\"{}\".tls has insecure_skip_verify, and {} is asked over https", host, host),
         .where = Location{tls.where.file, tls.where.line, 0},
         .effect = fmt::format("{} {}", view.who(), tls_all_the_same),
         .fix = fmt::format("if that registry speaks plain http (\"server gave HTTP response to HTTPS client\"): "
                            "mirrors.\"{0}\".endpoint = "
                            "[\"http://{0}\"] in {1}, then {2}; "
                            "regfallback migrate turns it into a hosts.toml",
                            host, view.source_of(tls.where.file), view.restart())});
  }
}

void look_for_scheme(const View& view, Findings& found) {
  look_at_insecure_tables(view, found);
  if (is_legacy(view.config())) return;
  each_endpoint(view, [&](const Chain& chain, const ChainEndpoint& endpoint) {
    const auto port = split_host_port(endpoint.host).port;
    if (endpoint.scheme != "https" || endpoint.http_fallback || !endpoint.skip_verify || port.empty() ||
        port == "443" || port == "8443")
      return;
    found.add(
        {.cause = fmt::format("https://{} for {} is not verified", endpoint.host, name_of(chain)),
         .where = view.place(chain, endpoint),
         .effect = fmt::format("{} {}", view.who(), tls_all_the_same),
         .fix = fmt::format("if that registry speaks plain http (\"server gave HTTP response to HTTPS client\"): {}",
                            write_url(view, chain, endpoint, "http://" + endpoint.host))});
  });
}

const std::array endpoint_schemes{
    Rule{.id = "tls-options-on-http", .severity = Severity::warning, .look = look_for_tls_on_http},
    Rule{.id = "https-and-http", .severity = Severity::error, .look = look_for_both_schemes},
    Rule{.id = "http-mirror-as-registry", .severity = Severity::note, .look = look_for_http_without_directory},
    Rule{.id = "skip-verify-is-not-http", .severity = Severity::note, .look = look_for_scheme},
};

}  // namespace

std::span<const Rule> endpoint_scheme_rules() { return endpoint_schemes; }

}  // namespace rf
