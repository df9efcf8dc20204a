// In which order endpoints are asked, for what, and how long one that is down is waited for.
#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"
#include "containerd/go/go_url.h"
#include "containerd/pull/silence.h"
#include "diagnose/endpoints.h"
#include "diagnose/hosts_edits.h"
#include "diagnose/mend.h"
#include "diagnose/rule.h"
#include "node/managed.h"

namespace rf {
namespace {

Fix resolve_fix(const View& view, const ChainEndpoint& endpoint, int line, bool by_spegel) {
  if (by_spegel) return fix_by_hand(ByHand::nothing, "none is needed: Spegel writes it so");
  auto edits = capabilities_edits(view.tree().read(endpoint.source->file).value_or(""), line);
  if (!edits.empty()) return hosts_fix(view, endpoint.source->file, std::move(edits));
  return hosts_fix_by_hand(view, endpoint.source->file, ByHand::content,
                           "write capabilities = [\"pull\", \"resolve\"] for it");
}

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
      found.add(!any                                  ? Severity::error
                : by_spegel || !may(endpoint, "pull") ? Severity::note
                                                      : Severity::warning,
                {.cause = fmt::format("{} for {} may only {}", shown_url(endpoint), name_of(chain),
                                      listed(endpoint.capabilities)),
                 .where = Location{endpoint.source->file, line == 0 ? endpoint.source->line : line, 0},
                 .also = {*endpoint.source},
                 .effect = fmt::format(
                     "{} does not resolve tags there; {}. It is asked for content anyway, whatever its capabilities",
                     view.who(),
                     any ? fmt::format("tags are resolved at {}", shown_url(*next))
                         : std::string("no endpoint of this chain can resolve, so no tag can be pulled")),
                 .fix = resolve_fix(view, endpoint, line, by_spegel)});
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

bool may_hang(const Chain& chain, const ChainEndpoint& endpoint) {
  return !is_last(chain, endpoint) && !is_local(endpoint) && !is_own(chain, endpoint);
}

Mirrors mirrors_that(const View& view, const std::function<bool(const ChainEndpoint&)>& holds) {
  Mirrors mirrors;
  each_endpoint(view, [&](const Chain& chain, const ChainEndpoint& endpoint) {
    if (!endpoint.host.empty() && may_hang(chain, endpoint) && holds(endpoint))
      mirrors.add(endpoint.host, view.place(chain, endpoint));
  });
  return mirrors;
}

// Whether a setting of this node's files limits the time to connect.
bool takes_dial_timeout(const View& view) {
  return view.has(Feature::dial_timeout) && !is_legacy(view.config()) && view.era().style != Style::registries_yaml;
}

std::string on_silence(const View& view) {
  return fmt::format("if one accepts a connection and never answers, {} {}{}", view.who(),
                     after_silence(view.containerd(), view.config().pull_mode),
                     view.has(Feature::response_timeout) ? "" : " (2.3 and later try it after 30 s)");
}

std::string on_dropped_packets(std::string_view hint) {
  return fmt::format("; if one drops packets, the next one is tried after 30 s, once per object of an image{}", hint);
}

// Each endpoint is told once: here, or in no-dial-timeout where one can be written.
void look_at_hanging(const View& view, Findings& found) {
  const bool limited = takes_dial_timeout(view);
  const auto mirrors =
      mirrors_that(view, [&](const ChainEndpoint& endpoint) { return !limited || endpoint.dial_timeout.has_value(); });
  if (!mirrors.first) return;
  found.add(
      {.cause = fmt::format("{} {} asked before other endpoints", listed(mirrors.hosts),
                            mirrors.hosts.size() == 1 ? "is" : "are"),
       .where = mirrors.first,
       .also = mirrors.others,
       .effect =
           on_silence(view) +
           (limited ? "" : on_dropped_packets(" (dial_timeout in hosts.toml shortens that from 2.0.7 and 2.1 on)")),
       .fix = "'regfallback doctor --probe' or 'regfallback test' asks each endpoint from the node; no setting "
              "of hosts.toml limits the wait "
              "for an answer"});
}

Fix dial_timeout_fix(const View& view) {
  if (view.has(Feature::dial_timeout_is_tls))
    return fix_by_hand(ByHand::choice,
                       "dial_timeout = \"2s\" below its [host] header; on 2.0.7 to 2.0.11 for https "
                       "endpoints only, since with it http endpoints are asked over https first");
  std::map<std::string, std::set<int>> headers;  // by file
  bool ours = false;
  each_endpoint(view, [&](const Chain& chain, const ChainEndpoint& endpoint) {
    if (!may_hang(chain, endpoint) || endpoint.dial_timeout) return;
    headers[endpoint.source->file].insert(endpoint.source->line);
    ours = ours || is_ours(view.tree().read(endpoint.source->file).value_or(""));
  });
  if (ours) return fix_by_hand(ByHand::choice, "dial_timeout: 2s under endpoints in the intent file");
  std::vector<FixStep> steps;
  for (const auto& [file, lines] : headers) {
    EditLines step{file, {}};
    for (const int line : lines) step.edits.push_back(insert_below(line, "dial_timeout = \"2s\""));
    steps.emplace_back(std::move(step));
  }
  return live_fix(std::move(steps));
}

void look_at_dial_timeout(const View& view, Findings& found) {
  if (!takes_dial_timeout(view)) return;
  const auto mirrors = mirrors_that(view, [](const ChainEndpoint& endpoint) { return !endpoint.dial_timeout; });
  if (!mirrors.first) return;
  found.add(
      {.cause = fmt::format("{} {} no dial_timeout", listed(mirrors.hosts), mirrors.hosts.size() == 1 ? "has" : "have"),
       .where = mirrors.first,
       .also = mirrors.others,
       .effect = on_silence(view) + on_dropped_packets(""),
       .fix = dial_timeout_fix(view)});
}

void look_at_last(const View& view, Findings& found) {
  std::vector<std::string> texts;
  std::vector<Location> places;
  for (const auto& directory : view.directories()) {
    const auto& loaded = directory.loaded;
    const auto text = view.tree().read(loaded.file).value_or("");
    if (loaded.file.empty() || loaded.entries.size() < 2 || is_ours(text)) continue;
    if (directory.registry == "*" && view.config().fork.wildcard_is_last) continue;
    const auto chain = std::find_if(view.chains().begin(), view.chains().end(), [&](const Chain& c) {
      return c.registry == directory.registry && !c.endpoints.empty();
    });
    if (chain == view.chains().end()) continue;
    const auto& last = chain->endpoints.back();
    // docker-hub-web-page says more of it; and to ask the same endpoint again is nothing more.
    const auto again = [&](const ChainEndpoint& e) { return &e != &last && e.url() == last.url(); };
    if (is_hub_web_page(last.host) || std::any_of(chain->endpoints.begin(), chain->endpoints.end(), again)) continue;
    const bool written = loaded.entries.back().line > 0;
    const auto url = directory.registry == "*" && !written ? std::string(shown_itself) : shown_url(last);
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

// TLS settings of one table, with their lines.
struct WrittenKeys {
  std::vector<std::string> keys;
  std::vector<int> lines;
  std::string names() const { return listed(keys); }
};

WrittenKeys tls_keys(std::string_view text, int entry_line) {
  WrittenKeys written;
  for (const std::string_view key : {"skip_verify", "ca", "client"})
    if (const int line = host_key_line(text, entry_line, key); line != 0) {
      written.keys.emplace_back(key);
      written.lines.push_back(line);
    }
  return written;
}

// The lines of these keys, below a header too; above the first header where `header` is 0.
Fix copy_keys(const View& view, const std::string& file, const WrittenKeys& written, int header) {
  const auto text = view.tree().read(file).value_or("");
  std::vector<LineEdit> edits;
  for (const int line : written.lines) {
    const auto statement = std::string(trim(line_of_text(text, line)));
    if (!parse_toml(statement, ""))
      return hosts_fix_by_hand(view, file, ByHand::content,
                               header == 0
                                   ? fmt::format("write {} above the first header too", written.names())
                                   : fmt::format("write {} below the header on line {} too", written.names(), header));
    edits.push_back(header == 0 ? insert_above(first_header_line(text), statement) : insert_below(header, statement));
  }
  return hosts_fix(view, file, std::move(edits));
}

std::vector<Location> further_lines(const std::string& file, const WrittenKeys& written) {
  std::vector<Location> places;
  for (auto line = written.lines.begin() + 1; line < written.lines.end(); ++line) places.push_back({file, *line, 0});
  return places;
}

// TLS settings and headers above the first header, and a host of the same registry that lacks them.
void look_at_root_settings(const View& view, Findings& found) {
  for (const auto& directory : view.directories()) {
    const auto& entries = directory.loaded.entries;
    const auto& file = directory.loaded.file;
    if (file.empty() || entries.size() < 2 || view.is_rendered(file)) continue;
    const auto& root = entries.back();
    const auto written = tls_keys(view.tree().read(file).value_or(""), 0);
    const auto lacking = std::find_if(entries.begin(), entries.end() - 1, [&](const HostEntry& entry) {
      return entry.scheme == "https" && entry.host == (root.host.empty() ? directory.registry : root.host) &&
             !entry.has_tls_options();
    });
    if (written.lines.empty() || lacking == entries.end() - 1) continue;
    const bool one = written.lines.size() == 1;
    auto also = further_lines(file, written);
    also.push_back({file, lacking->line, 0});
    found.add({.cause = fmt::format("{} {} written above the first header and {} only to server; https://{} on line {} "
                                    "has none",
                                    written.names(), one ? "is" : "are", one ? "applies" : "apply", lacking->host,
                                    lacking->line),
               .where = Location{file, written.lines.front(), 0},
               .also = std::move(also),
               .effect = fmt::format("{} asks https://{} without {} first, and with {} as the last endpoint",
                                     view.who(), lacking->host, one ? "it" : "them", one ? "it" : "them"),
               .fix = copy_keys(view, file, written, lacking->line)});
  }
}

// The registry itself is a host with TLS settings, and is asked again, as the last endpoint, without them.
void look_at_appended_host(const View& view, Findings& found) {
  for (const auto& directory : view.directories()) {
    const auto& entries = directory.loaded.entries;
    const auto& file = directory.loaded.file;
    if (file.empty() || entries.size() < 2 || view.is_rendered(file)) continue;
    const auto& root = entries.back();
    const auto host = root.host.empty() ? std::string(api_host_of(directory.registry)) : root.host;
    const auto own = std::find_if(entries.begin(), entries.end() - 1, [&](const HostEntry& entry) {
      return entry.scheme == "https" && entry.host == host && entry.has_tls_options();
    });
    if (own == entries.end() - 1 || root.has_tls_options() || (!root.scheme.empty() && root.scheme != "https"))
      continue;
    const auto written = tls_keys(view.tree().read(file).value_or(""), own->line);
    if (written.lines.empty()) continue;
    const bool one = written.lines.size() == 1;
    found.add({.cause = fmt::format("{} of the [host] table of {} {} only there", written.names(), host,
                                    one ? "applies" : "apply"),
               .where = Location{file, written.lines.front(), 0},
               .also = further_lines(file, written),
               .effect = fmt::format("{} appends {} as the last endpoint and asks it there without {}: that fails, and "
                                     "its error may be the one that is shown",
                                     view.who(), host, written.names()),
               .fix = copy_keys(view, file, written, 0)});
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
    Rule{.id = "appended-host-without-tls", .severity = Severity::warning, .look = look_at_appended_host},
    Rule{.id = "mirror-behind-upstream",
         .severity = Severity::note,
         .by_hand = ByHand::choice,
         .look = look_behind_upstream},
    Rule{.id = "mirror-can-hang", .severity = Severity::note, .by_hand = ByHand::nothing, .look = look_at_hanging},
    Rule{.id = "no-dial-timeout", .severity = Severity::note, .look = look_at_dial_timeout},
    Rule{.id = "server-is-asked-last", .severity = Severity::note, .by_hand = ByHand::nothing, .look = look_at_last},
};

}  // namespace

std::span<const Rule> endpoint_order_rules() { return endpoint_order; }

}  // namespace rf
