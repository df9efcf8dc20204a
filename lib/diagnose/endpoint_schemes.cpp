// https and http: what decides between them, and where the two are mixed up.
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"
#include "containerd/go/go_url.h"
#include "diagnose/endpoints.h"
#include "diagnose/mend.h"
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

using Named = std::pair<const Chain*, const ChainEndpoint*>;
using Schemes = std::map<std::string, std::vector<Named>, std::less<>>;

// How a chain meets a host that is https in it and http in it or in another one.
enum class Order { https_alone, http_first, https_first };

Order order_of(const Chain& chain, const ChainEndpoint& https) {
  auto order = Order::https_alone;
  for (const auto& endpoint : chain.endpoints) {
    if (endpoint.scheme != "http" || endpoint.host != https.host) continue;
    if (&endpoint < &https) return Order::http_first;
    order = Order::https_first;
  }
  return order;
}

std::string order_effect(const View& view, const ChainEndpoint& https, Order order) {
  const auto& host = https.host;
  switch (order) {
    case Order::http_first:
      return fmt::format(
          "{} asks http://{} first; if that fails it also asks https://{}, which is in the chain because "
          "{}, and an error may name either",
          view.who(), host, host, https.source ? "it is written there" : "there is no server");
    case Order::https_first:
      return fmt::format(
          "{} asks https://{} first, for every object again, and http://{} only after that failed; an "
          "error may name either",
          view.who(), host, host);
    case Order::https_alone: break;
  }
  return fmt::format(
      "{} asks {} over https: a registry that speaks plain http answers \"server gave HTTP response to "
      "HTTPS client\"; skip_verify does not change that",
      view.who(), host);
}

// `server` with this URL, for a registry that is https by default.
Fix server_fix(const View& view, const Chain& chain, const std::string& url) {
  const auto server = fmt::format("server = {}", toml_quote(url));
  const auto directory = join_path(view.detection().hosts_dir, chain.registry);
  const auto found = chain.hosts_dir.value_or("");
  const auto file = found + "/hosts.toml";
  if (base_name(found) != default_directory && view.tree().exists(file))
    return hosts_fix(view, file, {insert_above(1, server)});
  if (view.tree().exists(directory))
    return fix_by_hand(ByHand::content, fmt::format("write a {}/hosts.toml with {}", directory, server));
  return live_fix({MakeDirectory{directory}, WriteFile{directory + "/hosts.toml", {server, "[host]"}}});
}

Fix both_schemes_fix(const View& view, const Named& https, const Named& http) {
  const auto& [chain, endpoint] = https;
  const auto url = "http://" + endpoint->host;
  const bool rendered = view.is_rendered(endpoint->source ? endpoint->source->file : http.second->source->file);
  if (rendered && view.written_endpoint(*chain, *endpoint) == nullptr)
    return fix_by_hand(ByHand::choice,
                       fmt::format("{} appends the registry itself over https, or as it is written last in endpoint; "
                                   "--disable-default-registry-endpoint leaves it out (v1.26.13, 1.27.10, 1.28.6, "
                                   "1.29.1 and later)",
                                   view.detection().profile.title));
  return endpoint->source ? url_fix(view, *chain, *endpoint, url) : server_fix(view, *chain, url);
}

bool has_scheme(std::string_view written) { return written.find("://") != written.npos; }

// Hosts that are named as https in one place and as http in another.
void look_for_both_schemes(const View& view, Findings& found) {
  Schemes http;
  each_endpoint(view, [&](const Chain& chain, const ChainEndpoint& endpoint) {
    if (endpoint.scheme == "http") http[endpoint.host].emplace_back(&chain, &endpoint);
  });
  for (const auto& chain : view.chains())
    for (const auto& endpoint : chain.endpoints) {
      const auto others = http.find(endpoint.host);
      if (endpoint.scheme != "https" || endpoint.http_fallback || others == http.end()) continue;
      const auto order = order_of(chain, endpoint);
      const auto own = std::find_if(others->second.begin(), others->second.end(),
                                    [&](const Named& named) { return named.first == &chain; });
      const auto& other = own != others->second.end() ? *own : others->second.front();
      const auto there = view.place(*other.first, *other.second);
      const auto here = endpoint.source ? view.place(chain, endpoint)
                                        : Location{chain.hosts_dir.value_or(view.config().config_file), 0, 0};
      const auto written = written_url(view, chain, endpoint);
      const auto why = !endpoint.source                           ? " by default"
                       : !written.empty() && !has_scheme(written) ? ", because it is written without a scheme,"
                                                                  : "";
      found.add(
          order == Order::https_alone   ? Severity::error
          : order == Order::https_first ? Severity::warning
                                        : Severity::note,
          {.cause = fmt::format("{} is https for {}{} and http in {}", endpoint.host, name_of(chain), why, at(there)),
           .where = here,
           .also = {there},
           .effect = order_effect(view, endpoint, order),
           .fix = both_schemes_fix(view, {&chain, &endpoint}, other)});
    }
}

// A port of its own, or a name without a dot, and no scheme: often a registry without TLS, as `docker` and images write
// it.
void look_for_no_scheme(const View& view, Findings& found) {
  std::set<std::string> http;
  each_endpoint(view, [&](const Chain&, const ChainEndpoint& endpoint) {
    if (endpoint.scheme == "http") http.insert(endpoint.host);
  });
  each_endpoint(view, [&](const Chain& chain, const ChainEndpoint& endpoint) {
    const auto port = split_host_port(endpoint.host).port;
    const auto written = written_url(view, chain, endpoint);
    const bool usual = port.empty() ? endpoint.host.find('.') != std::string::npos : port.ends_with("443");
    if (endpoint.scheme != "https" || written.empty() || has_scheme(written) || usual || is_local(endpoint) ||
        http.contains(endpoint.host))
      return;
    found.add({.cause = fmt::format("{} for {} is written without a scheme", written, name_of(chain)),
               .where = view.place(chain, endpoint),
               .effect = fmt::format("{} asks https://{}: a registry that speaks plain http answers \"server gave HTTP "
                                     "response to HTTPS client\"",
                                     view.who(), endpoint.host),
               .fix = url_fix(view, chain, endpoint, "https://" + written)
                          .or_else(fmt::format("http://{}, if the registry speaks plain http", written))});
  });
}

Fix as_registry(const View& view, const ChainEndpoint& endpoint) {
  const std::string_view used = "such images are used";
  if (view.era().style == Style::registries_yaml)
    return fix_by_hand(ByHand::choice,
                       fmt::format("if {}: declare {} with the endpoint http://{} in {}; then {}", used, endpoint.host,
                                   endpoint.host, view.registries_file(), view.restart()));
  const auto directory = join_path(view.detection().hosts_dir, endpoint.host);
  const auto server = fmt::format("server = {}", toml_quote("http://" + endpoint.host));
  return conditional(used,
                     live_fix({MakeDirectory{directory}, WriteFile{directory + "/hosts.toml", {server, "[host]"}}}));
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
         .fix = as_registry(view, endpoint)});
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
         .fix = fix_by_hand(
             ByHand::choice,
             fmt::format("if that registry speaks plain http (\"server gave HTTP response to HTTPS "
                         "client\"): mirrors.\"{0}\".endpoint = [\"http://{0}\"] in {1}, then {2}; "
                         "regfallback migrate turns it into a hosts.toml",
                         host, editable_source(view, tls.where.file).value_or(tls.where.file), view.restart()))});
  }
}

// Without skip_verify, which makes containerd ask an http endpoint over https first.
Fix plain_http_fix(const View& view, const Chain& chain, const ChainEndpoint& endpoint) {
  const std::string_view plain = "that registry speaks plain http (\"server gave HTTP response to HTTPS client\")";
  if (view.is_rendered(endpoint.source->file))
    return words_then_restart(view, ByHand::choice,
                              fmt::format("if {}: write http://{} for it and remove insecure_skip_verify in {}", plain,
                                          endpoint.host, view.registries_file()));
  const int line =
      host_key_line(view.tree().read(endpoint.source->file).value_or(""), endpoint.source->line, "skip_verify");
  std::vector<LineEdit> more;
  if (line != 0) more.push_back(remove_lines(line, line));
  return conditional(plain, url_fix(view, chain, endpoint, "http://" + endpoint.host, std::move(more)));
}

void look_for_scheme(const View& view, Findings& found) {
  look_at_insecure_tables(view, found);
  if (is_legacy(view.config())) return;
  each_endpoint(view, [&](const Chain& chain, const ChainEndpoint& endpoint) {
    const auto port = split_host_port(endpoint.host).port;
    if (endpoint.scheme != "https" || endpoint.http_fallback || !endpoint.skip_verify || port.empty() ||
        port == "443" || port == "8443")
      return;
    found.add({.cause = fmt::format("https://{} for {} is not verified", endpoint.host, name_of(chain)),
               .where = view.place(chain, endpoint),
               .effect = fmt::format("{} {}", view.who(), tls_all_the_same),
               .fix = plain_http_fix(view, chain, endpoint)});
  });
}

const std::array endpoint_schemes{
    Rule{.id = "tls-options-on-http",
         .severity = Severity::warning,
         .by_hand = ByHand::choice,
         .look = look_for_tls_on_http},
    Rule{.id = "https-and-http", .severity = Severity::error, .look = look_for_both_schemes},
    Rule{.id = "endpoint-without-scheme", .severity = Severity::note, .look = look_for_no_scheme},
    Rule{.id = "http-mirror-as-registry", .severity = Severity::note, .look = look_for_http_without_directory},
    Rule{.id = "skip-verify-is-not-http", .severity = Severity::note, .look = look_for_scheme},
};

}  // namespace

std::span<const Rule> endpoint_scheme_rules() { return endpoint_schemes; }

}  // namespace rf
