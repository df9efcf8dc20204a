// registries.yaml of K3s and RKE2: what those programs do not take from it.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"
#include "containerd/go/go_url.h"
#include "diagnose/distribution.h"
#include "diagnose/mend.h"
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
  const auto endpoints = yaml_entry(view.registries_yaml(), {"mirrors", registry, "endpoint"});
  if (endpoints)
    for (const auto& item : endpoints->value->items)
      if (item->text == endpoint) return {view.registries_file(), item->line, 0};
  return line_of(view, {"mirrors", registry});
}

// The scalar at a place of the document; nullptr where there is none.
const YamlNode* scalar_at(const YamlNode& node, const Location& where) {
  if (node.is_scalar() && node.line == where.line && node.column == where.column) return &node;
  for (const auto& item : node.items)
    if (const auto* found = scalar_at(*item, where)) return found;
  for (const auto& [key, value] : node.entries)
    if (const auto* found = scalar_at(*value, where)) return found;
  return nullptr;
}

// A truth in quotes is meant without them.
Fix parse_fix(const View& view, const Location& where) {
  const auto* node = view.registries_yaml() != nullptr ? scalar_at(*view.registries_yaml(), where) : nullptr;
  const auto text = view.facts().tree.read(view.registries_file()).value_or("");
  if (node != nullptr && node->quoted && (lower(node->text) == "true" || lower(node->text) == "false"))
    if (auto written = quoted_on(line_of_text(text, where.line), node->text); written.size() > node->text.size())
      return registries_fix(view, {substitute(where.line, std::move(written), lower(node->text))});
  return words_then_restart(view, ByHand::content, fmt::format("repair line {} of {}", where.line, where.file));
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
             .fix = parse_fix(view, where)});
}

Fix key_fix(const View& view, const RegistriesYamlIgnored& ignored, std::string_view near) {
  const auto line = line_of_text(view.facts().tree.read(view.registries_file()).value_or(""), ignored.line);
  if (auto written = near.empty() ? std::string() : quoted_on(line, ignored.key); !written.empty())
    return registries_fix(view, {substitute(ignored.line, std::move(written), std::string(near))});
  return words_then_restart(view, ByHand::choice,
                            "the keys are mirrors: HOST: endpoint, rewrite; configs: HOST: auth (username, password, "
                            "auth, identity_token), tls (ca_file, cert_file, key_file, insecure_skip_verify)");
}

void look_for_unknown_registries_key(const View& view, Findings& found) {
  const auto registries = registries_of(view);
  if (!registries) return;
  for (const auto& ignored : registries->ignored) {
    const auto near =
        nearest(ignored.key, {"mirrors", "configs", "endpoint", "rewrite", "auth", "tls", "username", "password",
                              "identity_token", "ca_file", "cert_file", "key_file", "insecure_skip_verify"});
    found.add({.cause = fmt::format("{} has no key {}{}", title(view),
                                    is_plain_key(ignored.key) ? ignored.key : "of that form",
                                    near.empty() ? "" : fmt::format("; did you mean {}?", near)),
               .where = Location{view.registries_file(), ignored.line, 0},
               .effect = fmt::format("{} ignores it silently", title(view)),
               .fix = key_fix(view, ignored, near)});
  }
}

// What keeps an endpoint from being asked with success; "" for nothing.
std::string_view endpoint_fault(const std::string& url) {
  if (url.empty()) return "is not a URL";
  if (!url.starts_with("http://") && !url.starts_with("https://")) return "is neither http nor https";
  return is_without_host(url) ? "has no host" : "";
}

void look_at_endpoints(const View& view, Findings& found) {
  const auto registries = registries_of(view);
  if (!registries) return;
  for (const auto& [registry, mirror] : registries->mirrors)
    for (const auto& endpoint : mirror.endpoints) {
      const auto url = registries_yaml_url(endpoint);
      const auto fault = endpoint_fault(url);
      if (fault.empty()) continue;
      const auto of = registry == "*" ? std::string("all other registries") : registry;
      found.add(
          {.cause = fmt::format("the endpoint \"{}\" of {} {}", endpoint, registry, fault),
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

Fix endpoint_fix(const View& view, const std::string& registry, const std::string& endpoint, const std::string& url) {
  const auto where = endpoint_line(view, registry, endpoint);
  auto written = quoted_on(line_of_text(view.facts().tree.read(where.file).value_or(""), where.line), endpoint);
  if (written.empty())
    return words_then_restart(view, ByHand::content, fmt::format("write {} for the endpoint {}", url, endpoint));
  return registries_fix(view, {substitute(where.line, std::move(written), yaml_quote(url))});
}

// An entry of configs under another name, unless there is one.
Fix config_entry_fix(const View& view, const RegistriesYaml& registries, const std::string& name,
                     const std::string& right) {
  const auto where = line_of(view, {"configs", name});
  auto written = quoted_on(line_of_text(view.facts().tree.read(where.file).value_or(""), where.line), name);
  if (right.empty() || written.empty() || registries.configs.contains(right))
    return words_then_restart(view, ByHand::choice, "write HOST or HOST:PORT, as in the endpoint's URL");
  return registries_fix(view, {substitute(where.line, std::move(written), yaml_quote(right))});
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
         .fix = endpoint_fix(view, registry, mirror.endpoints.back(),
                             fmt::format("https://{}:443", api_host_of(registry)))});
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
           .fix = config_entry_fix(view, registries, name, url->host)});
    }
}

std::string host_of_url(const std::string& text) {
  const auto url = parse_go_url(text.find("://") == text.npos ? "https://" + text : text);
  return url ? url->host : "";
}

// An entry for the registry that images name, where no endpoint of it has one: meant for the mirrors, most likely.
void look_for_images_registry(const View& view, const RegistriesYaml& registries, const std::string& name,
                              Findings& found) {
  const auto mirror = registries.mirrors.find(name);
  if (mirror == registries.mirrors.end()) return;
  // credentials-under-docker-io tells of these.
  if (name == hub_registry && registries.configs.at(name).auth) return;
  std::vector<std::string> hosts;
  for (const auto& endpoint : mirror->second.endpoints) {
    const auto host = host_of_url(registries_yaml_url(endpoint));
    if (host.empty() || host == api_host_of(name) || registries.configs.contains(host)) return;
    hosts.push_back(host);
  }
  if (hosts.empty()) return;
  found.add(
      Severity::warning,
      {.cause = fmt::format("configs has an entry for {}, but none for its {}", name,
                            hosts.size() == 1 ? "endpoint " + hosts.front() : "endpoints " + listed(hosts)),
       .where = line_of(view, {"configs", name}),
       .also = {line_of(view, {"mirrors", name})},
       .effect = fmt::format("{} looks entries up by the host and port of the endpoint it asks: credentials and "
                             "TLS settings of {} apply to that registry itself, not to its mirrors",
                             title(view), name),
       .fix = words_then_restart(view, ByHand::choice,
                                 fmt::format("if they are for the mirror, write configs: \"{}\"", hosts.front()))});
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
           .fix = config_entry_fix(view, *registries, host, host_of_url(host))});
    if (host == "*" && config.tls)
      found.add(Severity::warning,
                {.cause = "configs has TLS settings for \"*\"",
                 .where = where,
                 .effect = fmt::format("{} uses them for registries without an entry of their own, not for endpoints "
                                       "of mirrors, and not if mirrors has a \"*\" too",
                                       title(view)),
                 .fix = words_then_restart(view, ByHand::choice, "write one entry for each endpoint's host")});
    if (host != "*" && !is_used(*registries, host)) look_for_other_ports(view, *registries, host, found);
    look_for_images_registry(view, *registries, host, found);
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
    Rule{.id = "registries-yaml-repeated-key",
         .severity = Severity::warning,
         .by_hand = ByHand::choice,
         .look = look_for_repeated_keys},
    Rule{.id = "registries-yaml-endpoint",
         .severity = Severity::error,
         .by_hand = ByHand::choice,
         .look = look_at_endpoints},
    Rule{.id = "registries-yaml-rewrite-lost", .severity = Severity::error, .look = look_at_rewrites},
    Rule{.id = "registries-yaml-configs", .severity = Severity::error, .look = look_at_configs},
    Rule{.id = "registries-yaml-wildcard",
         .severity = Severity::error,
         .by_hand = ByHand::elsewhere,
         .look = look_at_wildcard},
    Rule{.id = "default-endpoint-kept",
         .severity = Severity::warning,
         .by_hand = ByHand::choice,
         .look = look_at_no_default},
};

}  // namespace

std::span<const Rule> registries_yaml_rules() { return registries_yaml; }

}  // namespace rf
