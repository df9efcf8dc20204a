// In which order endpoints are asked, for what, and how long one that is down is waited for.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"
#include "containerd/go/go_url.h"
#include "diagnose/endpoints.h"
#include "diagnose/rule.h"
#include "node/managed.h"

namespace rf {
namespace {

void look_for_no_resolve(const View& view, Findings& found) {
  for (const auto& chain : view.chains()) {
    const bool any = std::any_of(chain.endpoints.begin(), chain.endpoints.end(),
                                 [](const auto& e) { return may(e, "pull") && may(e, "resolve"); });
    for (const auto& endpoint : chain.endpoints) {
      if (!endpoint.source || (may(endpoint, "pull") && may(endpoint, "resolve"))) continue;
      const auto text = view.tree().read(endpoint.source->file).value_or("");
      const int line = host_key_line(text, endpoint.source->line, "capabilities");
      const auto next = std::find_if(chain.endpoints.begin(), chain.endpoints.end(),
                                     [](const auto& e) { return may(e, "pull") && may(e, "resolve"); });
      const bool by_spegel = text.find("dial_timeout = '200ms'") != text.npos;
      found.add(
          !any                                  ? Severity::error
          : by_spegel || !may(endpoint, "pull") ? Severity::note
                                                : Severity::warning,
          {.cause = fmt::format("{} for {} may only {}", endpoint.url(), name_of(chain), listed(endpoint.capabilities)),
           .where = Location{endpoint.source->file, line == 0 ? endpoint.source->line : line, 0},
           .also = {*endpoint.source},
           .effect = fmt::format(
               "{} does not resolve tags there; {}. It is asked for content anyway, whatever its capabilities",
               view.who(),
               any ? fmt::format("tags are resolved at {}", next->url())
                   : std::string("no endpoint of this chain can resolve, so no tag can be pulled")),
           .fix = fmt::format("in {} write capabilities = [\"pull\", \"resolve\"] for it (no restart is needed)",
                              endpoint.source->file)});
    }
  }
}

struct Mirrors {
  std::vector<std::string> hosts = {};
  std::optional<Location> first = {};
  std::vector<Location> others = {};
  void add(const std::string& host, const Location& where) {
    if (std::find(hosts.begin(), hosts.end(), host) != hosts.end()) return;
    hosts.push_back(host);
    if (!first)
      first = where;
    else
      others.push_back(where);
  }
};

Mirrors mirrors_that(const View& view, bool (*holds)(const ChainEndpoint&)) {
  Mirrors mirrors;
  each_endpoint(view, [&](const Chain& chain, const ChainEndpoint& endpoint) {
    if (!is_last(chain, endpoint) && !is_local(endpoint) && !is_own(chain, endpoint) && holds(endpoint))
      mirrors.add(endpoint.host, view.place(chain, endpoint));
  });
  return mirrors;
}

void look_at_hanging(const View& view, Findings& found) {
  const auto mirrors = mirrors_that(view, [](const ChainEndpoint&) { return true; });
  if (!mirrors.first) return;
  found.add(
      {.cause = fmt::format("{} {} asked before other endpoints", listed(mirrors.hosts),
                            mirrors.hosts.size() == 1 ? "is" : "are"),
       .where = mirrors.first,
       .also = mirrors.others,
       .effect =
           view.has(Feature::response_timeout)
               ? fmt::format(
                     "when one accepts a connection and never answers, {} tries the next endpoint after 30 s, once per "
                     "object of an image",
                     view.who())
               : fmt::format(
                     "if one accepts a connection and never answers, {} waits forever and never tries the next one "
                     "(2.3 and later give up after 30 s)",
                     view.who()),
       .fix = "'regfallback doctor --probe' or 'regfallback test' asks each endpoint from the node; no setting "
              "of hosts.toml limits the wait "
              "for an answer"});
}

void look_at_dial_timeout(const View& view, Findings& found) {
  const auto mirrors = mirrors_that(view, [](const ChainEndpoint& endpoint) { return !endpoint.dial_timeout; });
  if (!mirrors.first) return;
  const bool can =
      view.has(Feature::dial_timeout) && !is_legacy(view.config()) && view.era().style != Style::registries_yaml;
  const bool tls = view.has(Feature::dial_timeout_is_tls);
  found.add(
      {.cause = fmt::format("{} {} no dial_timeout", listed(mirrors.hosts), mirrors.hosts.size() == 1 ? "has" : "have"),
       .where = mirrors.first,
       .also = mirrors.others,
       .effect = fmt::format(
           "if one is down and its packets are dropped, {} takes 30 s to try the next one, once per object of an image",
           view.who()),
       .fix =
           !can
               ? "dial_timeout in hosts.toml shortens that from 2.0.7 and 2.1 on; until then remove endpoints that may "
                 "be unreachable from the chain"
           : tls ? "dial_timeout = \"2s\" below its [host] header; on 2.0.7 to 2.0.11 for https endpoints only, since "
                   "with it http endpoints are asked over https first"
                 : "dial_timeout = \"2s\" below its [host] header, or under endpoints in the intent file (no "
                   "restart is needed)"});
}

void look_at_last(const View& view, Findings& found) {
  std::vector<std::string> texts;
  std::vector<Location> places;
  for (const auto& directory : view.directories()) {
    const auto& loaded = directory.loaded;
    const auto text = view.tree().read(loaded.file).value_or("");
    if (loaded.file.empty() || loaded.entries.size() < 2 || is_ours(text)) continue;
    const auto chain = std::find_if(view.chains().begin(), view.chains().end(), [&](const Chain& c) {
      return c.registry == directory.registry && !c.endpoints.empty();
    });
    if (chain == view.chains().end()) continue;
    const auto& last = chain->endpoints.back();
    const bool written = loaded.entries.back().line > 0;
    const auto url = directory.registry == "*" && !written ? std::string("the registry itself") : last.url();
    texts.push_back(fmt::format("{}: {}{}", directory.registry, url, written ? "" : ", although there is no server"));
    places.push_back(view.place(loaded.file, loaded.entries.back().line));
  }
  if (texts.empty()) return;
  found.add({.cause = fmt::format("after all [host] entries have failed, containerd asks one more endpoint ({})",
                                  join(texts, "; ")),
             .where = places.front(),
             .also = {places.begin() + 1, places.end()},
             .effect = fmt::format(
                 "{} always appends server, or the registry itself if there is no server; leaving out server does not "
                 "prevent that",
                 view.who()),
             .fix =
                 "none is needed if that is intended; to never ask the registry, make the last mirror the server too "
                 "(upstream: none in an intent file)"});
}

// TLS settings and headers above the first header, and a host of the same registry that lacks them.
void look_at_root_settings(const View& view, Findings& found) {
  for (const auto& directory : view.directories()) {
    const auto& entries = directory.loaded.entries;
    if (directory.loaded.file.empty() || entries.size() < 2 || view.is_rendered(directory.loaded.file)) continue;
    const auto& root = entries.back();
    const auto text = view.tree().read(directory.loaded.file).value_or("");
    for (const std::string_view key : {"skip_verify", "ca", "client"}) {
      const int line = host_key_line(text, 0, key);
      const auto lacking = std::find_if(entries.begin(), entries.end() - 1, [&](const HostEntry& entry) {
        return entry.scheme == "https" && entry.host == (root.host.empty() ? directory.registry : root.host) &&
               !entry.has_tls_options();
      });
      if (line == 0 || lacking == entries.end() - 1) continue;
      found.add(
          {.cause = fmt::format(
               "{} is written above the first header and applies only to server; https://{} on line {} has none", key,
               lacking->host, lacking->line),
           .where = Location{directory.loaded.file, line, 0},
           .also = {{directory.loaded.file, lacking->line, 0}},
           .effect = fmt::format("{} asks https://{} without it first, and with it as the last endpoint", view.who(),
                                 lacking->host),
           .fix = fmt::format("write {} below the header on line {} too (no restart is needed)", key, lacking->line)});
    }
  }
}

// A mirror that is asked only when the registry itself has failed.
void look_behind_upstream(const View& view, Findings& found) {
  if (view.era().style == Style::registries_yaml) return;
  for (const auto& chain : view.chains()) {
    const auto own = std::find_if(chain.endpoints.begin(), chain.endpoints.end(),
                                  [&](const auto& e) { return e.source && is_own(chain, e) && e.scheme == "https"; });
    if (own == chain.endpoints.end()) continue;
    const auto behind = std::find_if(own, chain.endpoints.end(),
                                     [&](const auto& e) { return !is_own(chain, e) && e.host != hub_registry; });
    if (behind == chain.endpoints.end() || !behind->source ||
        is_ours(view.tree().read(behind->source->file).value_or("")))
      continue;
    found.add(
        {.cause = fmt::format("{} comes after {}, which is {} itself", behind->url(), own->url(), chain.registry),
         .where = view.place(chain, *behind),
         .also = {view.place(chain, *own)},
         .effect =
             fmt::format("{} asks in the order of the file: {} is asked only for what {} does not have or refuses",
                         view.who(), behind->host, own->host),
         .fix = fmt::format("none is needed for a fallback; for a mirror, write {} before {} (the last one is server)",
                            behind->url(), own->url())});
  }
}

const std::array endpoint_order{
    Rule{.id = "mirror-does-not-resolve", .severity = Severity::error, .look = look_for_no_resolve},
    Rule{.id = "root-settings-are-servers", .severity = Severity::warning, .look = look_at_root_settings},
    Rule{.id = "mirror-behind-upstream", .severity = Severity::note, .look = look_behind_upstream},
    Rule{.id = "mirror-can-hang", .severity = Severity::note, .look = look_at_hanging},
    Rule{.id = "no-dial-timeout", .severity = Severity::note, .look = look_at_dial_timeout},
    Rule{.id = "server-is-asked-last", .severity = Severity::note, .look = look_at_last},
};

}  // namespace

std::span<const Rule> endpoint_order_rules() { return endpoint_order; }

}  // namespace rf
