// registries.yaml of K3s and RKE2: what those programs do not take from it.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"
#include "containerd/go/go_url.h"
#include "diagnose/distribution.h"
#include "diagnose/rule.h"
#include "node/after_start.h"

namespace rf {

bool renders(const View& view) { return view.era().style == Style::registries_yaml; }
std::string title(const View& view) { return view.detection().profile.title; }
std::string then_restart(const View& view) { return "; then " + view.restart(); }

std::optional<RegistriesYaml> registries_of(const View& view) {
  const auto text = renders(view) ? view.facts().tree.read(view.registries_file()) : std::nullopt;
  if (!text) return std::nullopt;
  auto parsed = parse_registries_yaml(*text, view.registries_file());
  return parsed ? std::optional(*std::move(parsed)) : std::nullopt;
}

Location line_of(const View& view, const std::vector<std::string>& path) {
  return {view.registries_file(), yaml_key_line(view.registries_yaml(), path), 0};
}

namespace {

// The line of one endpoint of a registry.
Location endpoint_line(const View& view, const std::string& registry, std::string_view endpoint) {
  const auto* mirrors = view.registries_yaml() != nullptr ? view.registries_yaml()->get("mirrors") : nullptr;
  const auto* mirror = mirrors != nullptr ? mirrors->get(registry) : nullptr;
  const auto* endpoints = mirror != nullptr ? mirror->get("endpoint") : nullptr;
  if (endpoints != nullptr)
    for (const auto& item : endpoints->items)
      if (item->text == endpoint) return {view.registries_file(), item->line, 0};
  return line_of(view, {"mirrors", registry});
}

void look_for_registries_yaml_parse(const View& view, Findings& found) {
  const auto text = renders(view) ? view.facts().tree.read(view.registries_file()) : std::nullopt;
  if (!text) return;
  const auto parsed = parse_registries_yaml(*text, view.registries_file());
  if (parsed || parsed.error().kind == ErrorKind::unreadable) return;
  const auto where = parsed.error().where.value_or(Location{view.registries_file(), 0, 0});
  found.add({.cause = fmt::format("{}: {}", at(where), parsed.error().message),
             .where = where,
             .effect = fmt::format("{} does not start with this file: its next restart fails", title(view)),
             .fix = fmt::format("repair the line{}", then_restart(view))});
}

// A line that is no key and value at all is taken for a key; it may hold anything.
bool is_name(std::string_view key) {
  return key.size() <= 40 &&
         key.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == key.npos;
}

void look_for_unknown_registries_key(const View& view, Findings& found) {
  const auto registries = registries_of(view);
  if (!registries) return;
  for (const auto& ignored : registries->ignored) {
    const auto near =
        nearest(ignored.key, {"mirrors", "configs", "endpoint", "rewrite", "auth", "tls", "username", "password",
                              "identity_token", "ca_file", "cert_file", "key_file", "insecure_skip_verify"});
    found.add(
        {.cause = fmt::format("{} has no key {}{}", title(view), is_name(ignored.key) ? ignored.key : "of that form",
                              near.empty() ? "" : fmt::format("; did you mean {}?", near)),
         .where = Location{view.registries_file(), ignored.line, 0},
         .effect = fmt::format("{} ignores it silently", title(view)),
         .fix = fmt::format("mirrors: HOST: endpoint, rewrite; configs: HOST: auth (username, password, auth, "
                            "identity_token), tls (ca_file, "
                            "cert_file, key_file, insecure_skip_verify){}",
                            then_restart(view))});
  }
}

void look_at_endpoints(const View& view, Findings& found) {
  const auto registries = registries_of(view);
  if (!registries) return;
  for (const auto& [registry, mirror] : registries->mirrors)
    for (const auto& endpoint : mirror.endpoints) {
      const auto url = registries_yaml_url(endpoint);
      if (!url.empty() && !is_without_host(url)) continue;
      const auto of = registry == "*" ? std::string("all other registries") : registry;
      found.add(
          {.cause = fmt::format("the endpoint \"{}\" of {} {}", endpoint, registry,
                                url.empty() ? "is not a URL" : "has no host"),
           .where = endpoint_line(view, registry, endpoint),
           .effect =
               url.empty()
                   ? fmt::format("{} omits it, with a warning in its log", title(view))
                   : fmt::format(
                         "{} writes it as {}, which every pull of {} asks without success; the entry still hides \"*\"",
                         title(view), url, of),
           .fix = fmt::format("write https://HOST or http://HOST:PORT{}", then_restart(view))});
    }
}

void look_for_repeats(const View& view, Findings& found) {
  const auto registries = registries_of(view);
  if (!registries) return;
  const auto& file = view.registries_file();
  for (const auto& repeat : registries->repeated) {
    const bool joins = joins_the_first(repeat);
    const auto key = is_name(repeat.path.back()) ? repeat.path.back() : "a key";
    found.add(
        joins ? Severity::note : Severity::warning,
        {.cause = fmt::format("{} is written twice in {}, on lines {} and {}", key, file, repeat.first, repeat.again),
         .where = Location{file, repeat.again, 0},
         .also = {{file, repeat.first, 0}},
         .effect = joins ? fmt::format("{} merges the two", title(view))
                         : fmt::format("{} uses line {}; the value on line {} is lost", title(view), repeat.again,
                                       repeat.first),
         .fix = joins ? fmt::format("none is needed; merge the two to make the file easier to read")
                      : fmt::format("write the key once{}", then_restart(view))});
  }
  if (registries->next_document == 0) return;
  found.add(Severity::warning,
            {.cause = fmt::format("a second document begins in {}, on line {}", file, registries->next_document),
             .where = Location{file, registries->next_document, 0},
             .effect = fmt::format("{} reads only the first one", title(view)),
             .fix = fmt::format("remove the line `---`, and merge the two{}", then_restart(view))});
}

void look_at_rewrites(const View& view, Findings& found) {
  const auto registries = registries_of(view);
  if (!registries) return;
  for (const auto& [registry, mirror] : registries->mirrors) {
    if (mirror.rewrites.empty() || mirror.endpoints.empty()) continue;
    const auto own = registries_yaml_url(registry);
    if (registry == "*" || registries_yaml_url(mirror.endpoints.back()) != own) continue;
    found.add(
        {.cause = fmt::format("the last endpoint of {} is the registry itself, so its rewrite is lost", registry),
         .where = line_of(view, {"mirrors", registry, "rewrite"}),
         .also = {endpoint_line(view, registry, mirror.endpoints.back())},
         .effect = fmt::format(
             "{} makes that endpoint the server, and writes rewrites only for hosts: it is asked for the name that the "
             "image has",
             title(view)),
         .fix = fmt::format("write the endpoint with its port: https://{}:443{}", api_host_of(registry),
                            then_restart(view))});
  }
}

// Whether an entry of configs is that of an endpoint, or of a registry with mirrors.
bool is_used(const RegistriesYaml& registries, std::string_view name) {
  for (const auto& [registry, mirror] : registries.mirrors) {
    if (registry == name) return true;
    for (const auto& endpoint : mirror.endpoints) {
      const auto url = parse_go_url(registries_yaml_url(endpoint));
      if (url && (url->host == name || url->host == api_host_of(name))) return true;
    }
  }
  return false;
}

// Entries for the host of an endpoint with another port, or none.
void look_for_other_ports(const View& view, const RegistriesYaml& registries, const std::string& name,
                          Findings& found) {
  const auto bare = split_host_port(name).valid ? split_host_port(name).host : name;
  for (const auto& [registry, mirror] : registries.mirrors)
    for (const auto& endpoint : mirror.endpoints) {
      const auto url = parse_go_url(registries_yaml_url(endpoint));
      if (!url || url->host == name) continue;
      const auto port = split_host_port(url->host);
      if ((port.valid ? port.host : url->host) != bare) continue;
      found.add(
          Severity::warning,
          {.cause = fmt::format("configs has an entry for {}, but the endpoint of {} is {}", name, registry, url->host),
           .where = line_of(view, {"configs", name}),
           .also = {endpoint_line(view, registry, endpoint)},
           .effect = fmt::format(
               "{} compares host and port as written: the endpoint gets neither these credentials nor these TLS "
               "settings",
               title(view)),
           .fix = fmt::format("write configs: \"{}\"{}", url->host, then_restart(view))});
    }
}

void look_at_configs(const View& view, Findings& found) {
  const auto registries = registries_of(view);
  if (!registries) return;
  for (const auto& [host, config] : registries->configs) {
    const auto where = line_of(view, {"configs", host});
    if (host.find('/') != std::string::npos)
      found.add(
          {.cause = fmt::format("configs has an entry for \"{}\", which is not a host", host),
           .where = where,
           .effect = fmt::format(
               "{} looks up entries by the host of an endpoint: these credentials and TLS settings are never used",
               title(view)),
           .fix = fmt::format("write HOST or HOST:PORT, as in the endpoint's URL{}", then_restart(view))});
    if (host == "*" && config.tls)
      found.add(Severity::warning,
                {.cause = "configs has TLS settings for \"*\"",
                 .where = where,
                 .effect = fmt::format("{} uses them for registries without an entry of their own, not for endpoints "
                                       "of mirrors, and not if mirrors has a \"*\" too",
                                       title(view)),
                 .fix = fmt::format("write one entry for each endpoint's host{}", then_restart(view))});
    if (host != "*" && !is_used(*registries, host)) look_for_other_ports(view, *registries, host, found);
  }
}

void look_at_wildcard(const View& view, Findings& found) {
  const auto registries = registries_of(view);
  if (!registries || !registries->mirrors.contains("*")) return;
  const auto version = parse_version(view.detection().distribution_version);
  if (view.config().fork.wildcard_is_last)
    return found.add(Severity::warning,
                     {.cause = fmt::format("mirrors has a \"*\", behind which {} {} tries nothing", title(view),
                                           view.detection().distribution_version),
                      .where = line_of(view, {"mirrors", "*"}),
                      .effect = "an image that these endpoints do not have cannot be pulled from registries without an "
                                "entry of their own: a fault of this release",
                      .fix = "upgrade to the next patch release, or write an entry for each registry"});
  if (registries_yaml_era(version ? std::optional<Version>(*version) : std::nullopt) != RegistriesYamlEra::first_hosts)
    return;
  found.add({.cause = fmt::format("mirrors has a \"*\", which {} {} does not render", title(view),
                                  view.detection().distribution_version),
             .where = line_of(view, {"mirrors", "*"}),
             .effect = "registries without an entry of their own are asked directly",
             .fix = "upgrade (v1.26.15, 1.27.12, 1.28.8, 1.29.3 and later render it as _default), or write an entry "
                    "for each registry"});
}

void look_at_no_default(const View& view, Findings& found) {
  const auto registries = registries_of(view);
  if (!registries) return;
  const auto node = registries_yaml_node(view.facts(), view.detection());
  if (!node.settings.disable_default_endpoint) return;
  for (const auto& [registry, mirror] : registries->mirrors) {
    if (!registries->configs.contains(registry)) continue;
    found.add(
        {.cause = fmt::format("--disable-default-registry-endpoint is set, but configs has an entry for {} itself",
                              registry),
         .where = line_of(view, {"configs", registry}),
         .effect = fmt::format(
             "{} keeps the default endpoint of a registry that has an entry in configs: {} is still asked last",
             title(view), registry),
         .fix = fmt::format("remove the entry, or write the endpoint with its port in mirrors and name the entry so{}",
                            then_restart(view))});
  }
}

const std::array registries_yaml{
    Rule{.id = "registries-yaml-does-not-parse", .severity = Severity::error, .look = look_for_registries_yaml_parse},
    Rule{.id = "registries-yaml-unknown-key", .severity = Severity::error, .look = look_for_unknown_registries_key},
    Rule{.id = "registries-yaml-repeated-key", .severity = Severity::warning, .look = look_for_repeats},
    Rule{.id = "registries-yaml-endpoint", .severity = Severity::error, .look = look_at_endpoints},
    Rule{.id = "registries-yaml-rewrite-lost", .severity = Severity::error, .look = look_at_rewrites},
    Rule{.id = "registries-yaml-configs", .severity = Severity::error, .look = look_at_configs},
    Rule{.id = "registries-yaml-wildcard", .severity = Severity::error, .look = look_at_wildcard},
    Rule{.id = "default-endpoint-kept", .severity = Severity::warning, .look = look_at_no_default},
};

}  // namespace

std::span<const Rule> registries_yaml_rules() { return registries_yaml; }

}  // namespace rf
