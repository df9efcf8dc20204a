#include "diagnose/pull_advice.h"

#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "containerd/go/go_url.h"
#include "diagnose/endpoints.h"
#include "diagnose/failing_pull.h"
#include "diagnose/mend.h"

namespace rf {
namespace {

constexpr std::array<std::string_view, 2> http_notes{"skip-verify-is-not-http", "http-mirror-as-registry"};
constexpr std::array<std::string_view, 1> secret_notes{"pull-secret-for-all"};
constexpr std::array<std::string_view, 2> silence_notes{"mirror-can-hang", "no-dial-timeout"};

// An endpoint as the user names it, where the text or the chain names one.
std::string host_of(const PullFailure& failure, const ChainEndpoint* endpoint) {
  if (!failure.host.empty()) return failure.host;
  return endpoint != nullptr ? endpoint->host : "";
}

// The table of this endpoint, for settings of it.
std::string settings_of(const View& view, const Chain* chain, const ChainEndpoint* endpoint) {
  if (chain == nullptr || endpoint == nullptr || !endpoint->source || is_legacy(view.config()) ||
      view.is_rendered(endpoint->source->file))
    return "";
  return fmt::format("in {} write it below [host.{}]", at(view.place(*chain, *endpoint)), toml_quote(endpoint->url()));
}

std::string other_scheme(const PullFailure& failure, const View& view, const Chain* chain,
                         const ChainEndpoint* endpoint, std::string_view scheme) {
  const auto host = host_of(failure, endpoint);
  if (chain != nullptr && endpoint != nullptr && endpoint->source)
    return url_fix(view, *chain, *endpoint,
                   fmt::format("{}://{}{}", scheme, endpoint->host, endpoint->path == "/v2" ? "" : endpoint->path))
        .text;
  if (host.empty()) return fmt::format("write {}:// in the endpoint's URL", scheme);
  return fmt::format("no file names {0}: 'regfallback apply -m {0}={1}://{0}' writes one", host, scheme);
}

std::string credentials_fix(const PullFailure& failure, const ChainEndpoint* endpoint) {
  const auto host = host_of(failure, endpoint);
  const auto registry = failure.image ? failure.image->registry : std::string("the image's registry");
  return fmt::format(
      "check that the image exists and that the account may read it. Credentials for {} go into endpoints.{}.auth of "
      "the intent file, then regfallback apply; a pod's pull secret counts only if it is for {}",
      host.empty() ? "an endpoint" : host, host.empty() ? "HOST" : host, registry);
}

std::string certificate_fix(const PullFailure& failure, const View& view, const Chain* chain,
                            const ChainEndpoint* endpoint, std::string_view setting, std::string_view intent_key) {
  const auto host = host_of(failure, endpoint);
  const auto place = settings_of(view, chain, endpoint);
  return fmt::format(
      "endpoints.{}.tls.{} in the intent file, then regfallback apply{}", host.empty() ? "HOST" : host, intent_key,
      place.empty() ? "" : fmt::format("; by hand: copy the file to the node, and {}: {}", place, setting));
}

std::string name_fix(const PullFailure& failure, const ChainEndpoint* endpoint) {
  const auto parts = split_host_port(host_of(failure, endpoint));
  const auto name = parts.valid ? parts.host : host_of(failure, endpoint);
  return fmt::format(
      "on the node: getent hosts {}. Correct the name, or the node's /etc/hosts or name server; names of Kubernetes "
      "Services exist in pods only, so use an address or a NodePort here",
      name.empty() ? "NAME" : name);
}

std::string reach_fix(const PullFailure& failure, const ChainEndpoint* endpoint) {
  const auto url = endpoint != nullptr ? endpoint->url() : failure.url;
  return fmt::format(
      "on the node: curl -i {}/. Start the registry, correct host and port, or open the way to it; until then "
      "another endpoint in front of it keeps pulls working",
      url.empty() ? "URL" : url);
}

std::string image_fix(const PullFailure& failure) {
  return fmt::format("check name and tag; 'regfallback test --image {}' shows what each endpoint answers",
                     failure.image ? to_string(*failure.image) : "IMAGE");
}

// Of causes that no line of the node's configuration decides.
std::string plain_fix(PullCause cause) {
  switch (cause) {
    case PullCause::proxy:
      return "check HTTPS_PROXY and HTTP_PROXY of containerd's unit, or add the host to its NO_PROXY; then restart "
             "containerd";
    case PullCause::short_read:
    case PullCause::corrupt:
      return "delete the image from the mirror or cache that serves it and fill it again; check its disk and what is "
             "between it and the node";
    case PullCause::wrong_content:
      return "on the node: curl -i the URL. It must be a registry's API, not a web page or a login page: correct the "
             "URL, or the proxy in between";
    case PullCause::no_platform:
      return "use an image that is built for this machine ('uname -m' on the node), or a mirror that keeps all "
             "platforms";
    case PullCause::no_endpoint:
      return "allow pull and resolve for an endpoint: capabilities = [\"pull\", \"resolve\"]";
    case PullCause::certificate_file: return "put the certificate file where hosts.toml names it, or remove that line";
    case PullCause::no_cri: return "repair the setting that keeps the CRI plugin from loading, then restart containerd";
    case PullCause::no_space:
      return "on the node: df -h /var/lib/containerd; free space, for example crictl rmi --prune";
    case PullCause::invalid_name: return "correct the image's name in the pod";
    case PullCause::server_error:
      return "read the registry's own log; until it is repaired another endpoint keeps pulls working";
    case PullCause::other_status: return "read the registry's own log; the URL may lead to something else";
    default:
      return "run 'regfallback doctor' and 'regfallback test' on the node; paste the line that follows in the journal: "
             "journalctl -u containerd -g 'failed|next host'";
  }
}

}  // namespace

PullPages pages_of(PullCause cause) {
  switch (cause) {
    case PullCause::plain_http: return {"endpoint-speaks-http", http_notes};
    case PullCause::timeout: return {"endpoint-silent", silence_notes};
    case PullCause::not_found:
    case PullCause::server_error:
    case PullCause::other_status:
    case PullCause::tls_wanted:
    case PullCause::unknown_authority:
    case PullCause::wrong_name:
    case PullCause::expired:
    case PullCause::client_certificate:
    case PullCause::tls:
    case PullCause::dns:
    case PullCause::refused:
    case PullCause::unreachable:
    case PullCause::closed:
    case PullCause::wrong_content: return {"endpoint-does-not-serve", {}};
    case PullCause::unauthorized:
    case PullCause::no_credentials:
    case PullCause::forbidden: return {"pull-secret-for-all", secret_notes};
    case PullCause::token_refused: return {"two-repositories-refused", secret_notes};
    case PullCause::no_endpoint: return {"mirror-does-not-resolve", {}};
    case PullCause::certificate_file: return {"certificate-unusable", {}};
    case PullCause::no_cri: return {"cri-plugin-failed", {}};
    case PullCause::unknown:
    case PullCause::rate_limited:
    case PullCause::proxy:
    case PullCause::short_read:
    case PullCause::corrupt:
    case PullCause::no_platform:
    case PullCause::no_space:
    case PullCause::invalid_name: return {"", {}};
  }
  return {"", {}};
}

std::string pull_fix(const PullFailure& failure, const View& view, const Chain* chain, const ChainEndpoint* endpoint) {
  const auto certificate = [&](std::string_view setting, std::string_view key) {
    return certificate_fix(failure, view, chain, endpoint, setting, key);
  };
  switch (failure.cause) {
    case PullCause::not_found: return image_fix(failure);
    case PullCause::unauthorized:
    case PullCause::no_credentials:
    case PullCause::forbidden: return credentials_fix(failure, endpoint);
    case PullCause::token_refused:
      return credentials_fix(failure, endpoint) +
             "; where an endpoint has a path its token service is asked for two repositories, and some refuse that";
    case PullCause::rate_limited:
      return credentials_fix(failure, endpoint) + "; or put a cache in front of it: regfallback apply -m REGISTRY=URL";
    case PullCause::plain_http: return other_scheme(failure, view, chain, endpoint, "http");
    case PullCause::tls_wanted: return other_scheme(failure, view, chain, endpoint, "https");
    case PullCause::unknown_authority: return certificate("ca = \"/path/ca.crt\"", "ca");
    case PullCause::client_certificate: return certificate("client = [[\"/path/c.crt\", \"/path/c.key\"]]", "client");
    case PullCause::wrong_name:
      return "ask it by a name that its certificate has, or give it a certificate for this name";
    case PullCause::expired: return "renew the certificate; if it is valid, set the node's clock";
    case PullCause::tls:
      return fmt::format("on the node: openssl s_client -connect {} shows where the handshake ends",
                         host_of(failure, endpoint).empty() ? "HOST:PORT" : host_of(failure, endpoint));
    case PullCause::dns: return name_fix(failure, endpoint);
    case PullCause::refused:
    case PullCause::unreachable:
    case PullCause::timeout:
    case PullCause::closed: return reach_fix(failure, endpoint);
    default: return plain_fix(failure.cause);
  }
}

std::string pull_cause_text(const PullFailure& failure) {
  const auto who = failure.host.empty() ? std::string("an endpoint") : failure.host;
  switch (failure.cause) {
    case PullCause::unknown: return "the text does not say why in words that are known here";
    case PullCause::not_found:
      return failure.host.empty() ? "no endpoint that answered has the image" : who + " does not have it (404)";
    case PullCause::unauthorized:
      return who + " refuses without the right credentials; registries also say so of images that do not exist";
    case PullCause::no_credentials: return who + " asks for a user and a password, and the right ones were not offered";
    case PullCause::forbidden: return who + " refuses this account or this image (403)";
    case PullCause::token_refused: return fmt::format("the token service {} gives no token for this image", who);
    case PullCause::rate_limited: return who + " allows no more pulls for now (429)";
    case PullCause::server_error: return fmt::format("{} fails itself ({})", who, failure.status);
    case PullCause::other_status: return fmt::format("{} answers with status {}", who, failure.status);
    case PullCause::plain_http: return who + " speaks plain http and is asked by https";
    case PullCause::tls_wanted: return who + " speaks https and is asked by plain http";
    case PullCause::unknown_authority: return "the node does not trust the authority of the certificate of " + who;
    case PullCause::wrong_name: return "the certificate is not for the name " + who;
    case PullCause::expired: return fmt::format("the certificate of {} is not valid at this time", who);
    case PullCause::client_certificate: return who + " wants a client certificate, or does not accept the one it gets";
    case PullCause::tls: return "no TLS connection comes about with " + who;
    case PullCause::dns: return fmt::format("the node cannot resolve the name {}", who);
    case PullCause::refused: return fmt::format("nothing listens at {}", who);
    case PullCause::unreachable: return fmt::format("the node has no route to {}", who);
    case PullCause::timeout: return who + " does not answer in time";
    case PullCause::closed: return who + " ends the connection without an answer";
    case PullCause::proxy: return fmt::format("containerd's proxy does not connect to {}", who);
    case PullCause::short_read: return "the content ends too early";
    case PullCause::corrupt: return "the content has another checksum than the image says";
    case PullCause::wrong_content: return "a web page came in place of the image";
    case PullCause::no_platform: return "the image is not built for this machine";
    case PullCause::no_endpoint: return "no endpoint of the chain may be asked for a tag";
    case PullCause::certificate_file: return "a certificate file that hosts.toml names is missing or unusable";
    case PullCause::no_cri: return "containerd runs without its CRI plugin";
    case PullCause::no_space: return "the node's disk is full";
    case PullCause::invalid_name: return "the image's name is not valid";
  }
  return "";
}

}  // namespace rf
