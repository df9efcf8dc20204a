// URLs that are asked in another way than they look.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"
#include "containerd/go/go_url.h"
#include "diagnose/endpoints.h"
#include "diagnose/mend.h"
#include "diagnose/rule.h"

namespace rf {
namespace {

Fix with_override(const View& view, const Chain& chain, const ChainEndpoint& endpoint, const std::string& path) {
  const auto url = endpoint.scheme + "://" + endpoint.host + path;
  const auto text = view.tree().read(endpoint.source->file).value_or("");
  const bool written = host_key_line(text, endpoint.source->line, "override_path") != 0;
  std::vector<LineEdit> more;
  if (!written) more.push_back(insert_below(endpoint.source->line, "override_path = true"));
  return url_fix(view, chain, endpoint, url, std::move(more));
}

std::string request(const ChainEndpoint& endpoint) { return endpoint.path + "/NAME/manifests/TAG"; }

bool serves_below_a_path(std::string_view path) {
  return path.find("/api/docker/") != path.npos || path.find("/repository/") != path.npos;
}

// containerd appended /v2 to a path.
void look_for_appended(const View& view, Findings& found) {
  each_endpoint(view, [&](const Chain& chain, const ChainEndpoint& endpoint) {
    const auto& path = endpoint.path;
    if (path == "/v2" || path == "//v2" || !path.ends_with("/v2")) return;
    const auto written = path.substr(0, path.size() - 3);
    const auto statement = view.tree().read(endpoint.source->file).value_or("");
    if (host_key_line(statement, endpoint.source->line, "override_path") != 0 || is_legacy(view.config())) return;
    const bool twice = path.starts_with("/v2/");
    // A path that was written with its /v2 at the end is taken as it is.
    const auto line = lines(statement);
    const auto number = static_cast<std::size_t>(endpoint.source->line);
    if (!twice && number >= 1 && number <= line.size() && line[number - 1].find(path) != std::string_view::npos) return;
    const auto right = twice ? written : "/v2" + written;
    found.add(twice                       ? Severity::error
              : serves_below_a_path(path) ? Severity::note
                                          : Severity::warning,
              {.cause = fmt::format("{}://{}{} for {} has a path but no override_path = true", endpoint.scheme,
                                    endpoint.host, written, name_of(chain)),
               .where = view.place(chain, endpoint),
               .effect = fmt::format(
                   "{} appends /v2 to the path and asks for {}{}", view.who(), request(endpoint),
                   twice ? ", which no registry serves: it answers 404, and the next endpoint is tried"
                         : "; a project or organisation (Harbor, Nexus, GHCR) is served below /v2, not before it"),
               .fix = !twice && serves_below_a_path(path)
                          ? fix_by_hand(ByHand::nothing,
                                        "none is needed if the registry serves its API below that "
                                        "path, as Artifactory and Nexus do")
                      : view.has(Feature::override_path)
                          ? with_override(view, chain, endpoint, right)
                          : fix_by_hand(ByHand::elsewhere,
                                        "containerd 1.5 has no override_path; use an endpoint without a path, or "
                                        "upgrade")});
  });
}

// A path taken as written that has no /v2 in it.
void look_for_no_v2(const View& view, Findings& found) {
  each_endpoint(view, [&](const Chain& chain, const ChainEndpoint& endpoint) {
    const auto& path = endpoint.path;
    if (path.find("/v2/") != path.npos || path.ends_with("/v2") || endpoint.host.empty()) return;
    const bool legacy = is_legacy(view.config());
    const auto right = path.empty() || path == "/" ? std::string("/v2")
                       : path.ends_with('/')       ? "/v2" + path.substr(0, path.size() - 1)
                                                   : "/v2" + path;
    const auto why = legacy ? "a path in a mirror block is taken as written"
                     : view.is_rendered(endpoint.source->file)
                         ? fmt::format("{} takes a path as written", view.detection().profile.title)
                         : std::string("override_path = true takes the path as written");
    found.add({.cause = fmt::format("{} for {} has no /v2: {}", endpoint.url(), name_of(chain), why),
               .where = view.place(chain, endpoint),
               .effect = fmt::format(
                   "{} asks for {}, which no registry serves: it answers 404, and the next endpoint is tried",
                   view.who(), request(endpoint)),
               .fix = url_fix(view, chain, endpoint,
                              endpoint.scheme + "://" + endpoint.host +
                                  (path == "/" || path.empty() ? (legacy ? "" : "/v2") : right))});
  });
}

// --- hosts ---

void look_for_hub_pages(const View& view, Findings& found) {
  each_endpoint(view, [&](const Chain& chain, const ChainEndpoint& endpoint) {
    if (!is_hub_web_page(endpoint.host)) return;
    const bool after_hub = std::any_of(chain.endpoints.begin(), chain.endpoints.end(), [&](const ChainEndpoint& other) {
      return &other < &endpoint && other.host == hub_api && may(other, "resolve");
    });
    found.add(
        after_hub ? Severity::note : Severity::error,
        {.cause =
             fmt::format("{} is an endpoint of {}, but serves web pages, not images", endpoint.url(), name_of(chain)),
         .where = view.place(chain, endpoint),
         .effect =
             after_hub
                 ? fmt::format("{} asks it only if registry-1.docker.io failed, and then shows its misleading error "
                               "(text/html) instead of the real one",
                               view.who())
                 : fmt::format("{} takes the host literally and gets a web page (text/html) or a "
                               "redirect: the tag is not resolved, or the pull fails",
                               view.who()),
         .fix = url_fix(view, chain, endpoint, fmt::format("https://{}", hub_api))});
  });
}

// A scheme in capital letters, or none before a name that begins with http, is meant without a doubt.
Fix usable_url(const View& view, const Chain& chain, const ChainEndpoint& endpoint) {
  const auto written = written_url(view, chain, endpoint);
  const auto scheme = written.find("://");
  const auto small = lower(written.substr(0, scheme == written.npos ? 0 : scheme));
  if ((small == "http" || small == "https") && !written.starts_with(small))
    return url_fix(view, chain, endpoint, small + written.substr(scheme));
  if (scheme == written.npos && lower(written).starts_with("http"))
    return url_fix(view, chain, endpoint, "https://" + written);
  return fix_by_hand(ByHand::choice,
                     fmt::format("write https://HOST or http://HOST at {}", at(view.place(chain, endpoint))));
}

void look_for_unusable_endpoint(const View& view, Findings& found) {
  each_endpoint(view, [&](const Chain& chain, const ChainEndpoint& endpoint) {
    const auto port = endpoint.host.rfind(':');
    const bool odd_port = port != std::string::npos && !endpoint.host.ends_with(']') &&
                          endpoint.host.find_first_not_of("0123456789", port + 1) != std::string::npos;
    const bool no_port = endpoint.host.ends_with(':');
    const bool scheme = endpoint.scheme == "http" || endpoint.scheme == "https";
    if (scheme && !endpoint.host.empty() && !odd_port && !no_port) return;
    if (view.is_rendered(endpoint.source->file)) return;  // told of the endpoint in registries.yaml
    found.add({.cause = fmt::format("the endpoint on line {} for {} is read as {}", endpoint.source->line,
                                    name_of(chain), endpoint.url()),
               .where = view.place(chain, endpoint),
               .effect = fmt::format("{} puts https:// before everything that does not begin with \"http\", so another "
                                     "scheme or capital letters become a host, and a bare "
                                     "name that begins with http becomes a path: no request can succeed",
                                     view.who()),
               .fix = usable_url(view, chain, endpoint)});
  });
}

// Kubernetes serves a Service's NodePort on every node, also on localhost: the registry add-on of MicroK8s is one.
bool is_node_port(std::string_view host) {
  const auto port = split_host_port(host).port;
  return port.size() == 5 && port >= "30000" && port <= "32767";
}

void look_at_localhost(const View& view, Findings& found) {
  each_endpoint(view, [&](const Chain& chain, const ChainEndpoint& endpoint) {
    if (!is_local(endpoint)) return;
    if (endpoint.scheme == "https" && !endpoint.http_fallback && split_host_port(endpoint.host).port != "443" &&
        !view.is_rendered(endpoint.source->file))
      found.add({.cause = fmt::format("{} for {} is https", endpoint.url(), name_of(chain)),
                 .where = view.place(chain, endpoint),
                 .effect = fmt::format(
                     "{} treats localhost as a registry without TLS only if it is the registry itself and there is no "
                     "server; a [host] table or server without http:// is https, {}",
                     view.who(), endpoint.skip_verify ? "without verification" : "verified"),
                 .fix = url_fix(view, chain, endpoint, "http://" + endpoint.host)});
  });
  if (!view.facts().in_container) return;
  std::vector<std::string> hosts;
  std::vector<Location> places;
  each_endpoint(view, [&](const Chain& chain, const ChainEndpoint& endpoint) {
    if (!is_local(endpoint) || is_node_port(endpoint.host) ||
        std::find(hosts.begin(), hosts.end(), endpoint.host) != hosts.end())
      return;
    hosts.push_back(endpoint.host);
    places.push_back(view.place(chain, endpoint));
  });
  if (hosts.empty()) return;
  found.add(
      Severity::note,
      {.cause = fmt::format("{} is this node itself, which is a container", listed(hosts)),
       .where = places.front(),
       .also = {places.begin() + 1, places.end()},
       .effect = fmt::format(
           "{} asks a port of the node; a registry on the host machine, or in another container, is not reached that "
           "way",
           view.who()),
       .fix = fix_by_hand(ByHand::choice,
                          "none is needed for a registry that listens on the node; otherwise write the name of the "
                          "registry's container or of the host machine instead of localhost")});
}

const std::array endpoint_urls{
    Rule{.id = "path-without-override", .severity = Severity::error, .look = look_for_appended},
    Rule{.id = "path-without-v2", .severity = Severity::error, .look = look_for_no_v2},
    Rule{.id = "docker-hub-web-page", .severity = Severity::error, .look = look_for_hub_pages},
    Rule{.id = "endpoint-unusable", .severity = Severity::error, .look = look_for_unusable_endpoint},
    Rule{.id = "localhost-endpoint", .severity = Severity::warning, .look = look_at_localhost},
};

}  // namespace

std::span<const Rule> endpoint_url_rules() { return endpoint_urls; }

}  // namespace rf
