#include "containerd/pull/predict.h"

#include <fmt/format.h>
#include <algorithm>
#include <charconv>
#include <set>

#include "base/names.h"
#include "containerd/config/features.h"
#include "containerd/go/go_url.h"
#include "containerd/pull/pull_errors.h"

namespace rf {
namespace {

enum class Last { no, yes };

// `kind` is "manifests" or "blobs".
const Assumption& assumed_of(const Assumptions& assumptions, const std::string& host, const std::string& kind) {
  static const Assumption answers;
  for (const auto& key : {host + "/" + kind, host, "*/" + kind, std::string("*")})
    if (const auto found = assumptions.find(key); found != assumptions.end()) return found->second;
  return answers;
}

bool is_transport(const Assumption& assumption) { return assumption.kind != Assumption::Kind::status; }
bool is_usable(const ChainEndpoint& endpoint) {
  return !endpoint.host.empty() && (endpoint.scheme == "http" || endpoint.scheme == "https");
}

struct Object {
  std::string step;
  std::string kind;  // "manifests", "blobs"
  std::string reference;
};

// Plays one pull: which requests a version makes of endpoints that answer as assumed.
class Pull {
 public:
  Pull(const Chain& chain, const ImageReference& image, const Assumptions& assumptions, const EffectiveConfig& config)
      : chain_(chain), image_(image), assumptions_(assumptions), config_(config) {}

  Prediction run() {
    Prediction out;
    const auto digest = image_.digest.empty() ? std::string("sha256:<digest>") : image_.digest;
    const auto resolved = resolve();
    ended_ = !resolved.failure.empty();
    new_clients();
    const auto manifest = fetch({"manifest", "manifests", digest});
    const auto config = fetch({"config", "blobs", "sha256:<digest>"});
    const auto layer = fetch({"layer", "blobs", "sha256:<digest>"});
    out.requests = std::move(requests_);
    out.pulled =
        resolved.failure.empty() && manifest.failure.empty() && config.failure.empty() && layer.failure.empty();
    if (resolved.failure.empty()) out.used = manifest.host;
    out.verdict = verdict(resolved, manifest, config, layer);
    return out;
  }

 private:
  struct Outcome {
    std::string host;     // that answered
    std::string failure;  // the error shown; "" when it answered
  };

  bool has(Feature feature) const { return has_feature(config_.containerd, feature); }

  // A new resolver or fetcher builds new clients, which forget that a host fell back to http.
  void new_clients() { fallen_back_.clear(); }

  std::string url(const ChainEndpoint& endpoint, const Object& object, std::string_view scheme) const {
    const auto path =
        escape_path(clean_path(fmt::format("/{}/{}", endpoint.path, rewritten(endpoint.rewrites, image_.repository))));
    // Go drops a port that is empty: the "https:" of https://https://m becomes the host "https".
    const auto& host = endpoint.host;
    const auto length = host.ends_with(':') ? host.size() - 1 : host.size();
    return fmt::format("{}://{}{}/{}/{}{}", scheme, std::string_view(host).substr(0, length), path, object.kind,
                       object.reference, namespace_query(host));
  }
  std::string namespace_query(std::string_view host) const {
    return host == chain_.registry || host == api_host_of(chain_.registry) ? ""
                                                                           : "?ns=" + query_escape(chain_.registry);
  }

  void send(const ChainEndpoint& endpoint, const Object& object, std::string_view method, std::string_view scheme,
            const Assumption& assumed) {
    requests_.push_back(
        {object.step, std::string(method), url(endpoint, object, scheme), assumption_text(assumed), !ended_});
  }

  // One request as the client's transport makes it: with its fall-back to http. A fault of TLS is none for plain http.
  Assumption round_trip(const ChainEndpoint& endpoint, const Object& object, std::string_view method) {
    const auto& assumed = assumed_of(assumptions_, endpoint.host, object.kind);
    const auto plain =
        assumed.kind == Assumption::Kind::tls || assumed.kind == Assumption::Kind::http ? Assumption{} : assumed;
    if (endpoint.scheme == "http" || fallen_back_.contains(endpoint.host)) {
      send(endpoint, object, method, "http", plain);
      return plain;
    }
    send(endpoint, object, method, endpoint.scheme, assumed);
    if (!endpoint.http_fallback) return assumed;
    const bool no_port = split_host_port(endpoint.host).port.empty();
    const bool port_error = no_port && has(Feature::fallback_on_refused) &&
                            (assumed.kind == Assumption::Kind::refused || assumed.kind == Assumption::Kind::timeout);
    if (assumed.kind != Assumption::Kind::http && !port_error) return assumed;
    if (has(Feature::fallback_is_sticky)) fallen_back_.insert(endpoint.host);
    send(endpoint, object, method, "http", plain);
    return plain;
  }

  // With the version's retries. `method` is GET afterwards when a HEAD was answered 405.
  Assumption ask(const ChainEndpoint& endpoint, const Object& object, std::string_view method, Last last) {
    const std::size_t limit = has(Feature::five_tries) ? 5 : 6;
    int previous = 0;
    for (std::size_t tries = 1;; ++tries) {
      const auto answer = round_trip(endpoint, object, method);
      if (is_transport(answer)) {
        const bool again = last == Last::yes && has(Feature::retry_transport) &&
                           (answer.kind == Assumption::Kind::eof || answer.kind == Assumption::Kind::timeout);
        if (!again || tries >= 5) return answer;
        continue;
      }
      if (tries >= limit) return answer;
      const int status = answer.status;
      const bool busy = status == 408 || status == 429;
      const bool head_refused = status == 405 && method == "HEAD" && object.kind == "manifests";
      const bool broken = (status == 500 || status == 503 || status == 504) && last == Last::yes &&
                          previous != status && has(Feature::retry_server_errors);
      if (head_refused)
        method = "GET";
      else if (!busy && !broken)
        return answer;
      previous = status;
    }
  }

  static bool able(const ChainEndpoint& endpoint, std::string_view capability) {
    return std::find(endpoint.capabilities.begin(), endpoint.capabilities.end(), capability) !=
           endpoint.capabilities.end();
  }

  std::vector<const ChainEndpoint*> endpoints_for_resolve() const {
    std::vector<const ChainEndpoint*> able_ones;
    for (const auto& endpoint : chain_.endpoints)
      if (able(endpoint, "pull") && (!image_.digest.empty() || able(endpoint, "resolve")))
        able_ones.push_back(&endpoint);
    return able_ones;
  }

  Outcome resolve() {
    const auto endpoints = endpoints_for_resolve();
    if (endpoints.empty()) return {"", "no resolve hosts: not found"};
    std::vector<Object> objects;
    if (image_.digest.empty())
      objects = {{"resolve", "manifests", image_.tag}};
    else
      objects = {{"resolve", "manifests", image_.digest}, {"resolve", "blobs", image_.digest}};
    PullErrors errors(config_.containerd, image_, PullErrors::Step::resolve);
    for (const auto& object : objects) {
      if (object.kind == "blobs" && has(Feature::blobs_unless_http_error) && errors.has_http_error()) break;
      for (std::size_t i = 0; i < endpoints.size(); ++i) {
        const auto last = i + 1 == endpoints.size() ? Last::yes : Last::no;
        if (const auto outcome = resolve_at(*endpoints[i], object, last, errors)) return *outcome;
      }
    }
    return {"", errors.shown()};
  }

  // Nothing: the next endpoint is tried.
  std::optional<Outcome> resolve_at(const ChainEndpoint& endpoint, const Object& object, Last last,
                                    PullErrors& errors) {
    const auto where = url(endpoint, object, endpoint.scheme);
    if (!is_usable(endpoint)) {
      errors.add_unusable("Head", where);
      return std::nullopt;
    }
    const auto answer = ask(endpoint, object, "HEAD", last);
    if (is_transport(answer) || answer.status > 399) {
      if (answer.status == 403 && !is_transport(answer) && has(Feature::forbidden_get))
        round_trip(endpoint, object, "GET");
      errors.add("HEAD", endpoint.host, where, object.kind + " " + object.reference, answer);
      return std::nullopt;
    }
    if (answer.status > 299)
      return Outcome{"", errors.text_of("HEAD", endpoint.host, where, object.kind + " " + object.reference, answer)};
    // Only a plain 200 is assumed to carry the digest, which a reference by digest does not need.
    if (answer.status != 200 && image_.digest.empty()) round_trip(endpoint, object, "GET");
    return Outcome{endpoint.host, ""};
  }

  // One endpoint that may pull is enough for all of them to be asked.
  Outcome fetch(const Object& object) {
    if (std::none_of(chain_.endpoints.begin(), chain_.endpoints.end(),
                     [](const auto& endpoint) { return able(endpoint, "pull"); }))
      return {"", "no pull hosts: not found"};
    PullErrors errors(config_.containerd, image_, PullErrors::Step::fetch);
    for (std::size_t i = 0; i < chain_.endpoints.size(); ++i) {
      const auto& endpoint = chain_.endpoints[i];
      const auto where = url(endpoint, object, endpoint.scheme);
      if (!is_usable(endpoint)) {
        errors.add_unusable("Get", where);
        continue;
      }
      const auto answer = ask(endpoint, object, "GET", i + 1 == chain_.endpoints.size() ? Last::yes : Last::no);
      if (!is_transport(answer) && answer.status < 300) return {endpoint.host, ""};
      errors.add("GET", endpoint.host, where, object.kind + " " + object.reference, answer);
    }
    ended_ = true;
    return {"", errors.shown()};
  }

  std::string verdict(const Outcome& resolved, const Outcome& manifest, const Outcome& config,
                      const Outcome& layer) const {
    const auto name = to_string(image_);
    if (!resolved.failure.empty())
      return fmt::format("fails: failed to pull and unpack image \"{}\": failed to resolve {}: {}", name,
                         config_.pull_mode == PullMode::transfer ? "image" : fmt::format("reference \"{}\"", name),
                         resolved.failure);
    for (const auto* fetched : {&manifest, &config, &layer})
      if (!fetched->failure.empty())
        return fmt::format(
            "fails: failed to pull and unpack image \"{}\": failed to copy: httpReadSeeker: failed open: {}", name,
            fetched->failure);
    if (resolved.host == manifest.host && manifest.host == layer.host)
      return fmt::format("pulls: everything comes from {}", layer.host);
    return fmt::format("pulls: {} resolves, the manifest comes from {}, the blobs from {}", resolved.host,
                       manifest.host, layer.host);
  }

  const Chain& chain_;
  const ImageReference& image_;
  const Assumptions& assumptions_;
  const EffectiveConfig& config_;
  std::vector<Request> requests_;
  std::set<std::string, std::less<>> fallen_back_;
  bool ended_ = false;
};

}  // namespace

Result<std::pair<std::string, Assumption>> parse_assumption(std::string_view text) {
  const auto equals = text.rfind('=');
  const auto wrong = [&](std::string_view why) {
    return Error{.kind = ErrorKind::usage,
                 .message = fmt::format("--assume {}: {}", text, why),
                 .hint =
                     "write HOST=CODE or HOST=refused|dns|tls|http|timeout|eof; * means every other host, "
                     "HOST/manifests and HOST/blobs for one kind of request"};
  };
  if (equals == text.npos || equals == 0) return wrong("expected HOST=ANSWER");
  const std::string host(text.substr(0, equals));
  if (const auto slash = host.find('/');
      slash != host.npos && host.substr(slash) != "/manifests" && host.substr(slash) != "/blobs")
    return wrong("after HOST/ only manifests or blobs is allowed");
  const auto answer = text.substr(equals + 1);
  constexpr std::pair<std::string_view, Assumption::Kind> words[] = {
      {"refused", Assumption::Kind::refused}, {"dns", Assumption::Kind::dns},         {"tls", Assumption::Kind::tls},
      {"http", Assumption::Kind::http},       {"timeout", Assumption::Kind::timeout}, {"eof", Assumption::Kind::eof}};
  for (const auto& [word, kind] : words)
    if (answer == word) return std::pair{host, Assumption{.kind = kind, .status = 0}};
  int status = 0;
  const auto [end, failed] = std::from_chars(answer.data(), answer.data() + answer.size(), status);
  if (failed != std::errc{} || end != answer.data() + answer.size() || status < 200 || status > 599)
    return wrong("the answer must be an HTTP status from 200 to 599 or one of the words");
  return std::pair{host, Assumption{.kind = Assumption::Kind::status, .status = status}};
}

Prediction predict_pull(const Chain& chain, const ImageReference& image, const Assumptions& assumptions,
                        const EffectiveConfig& config) {
  if (chain.error) {
    Prediction out;
    out.verdict = fmt::format("fails before any request: {}", *chain.error);
    return out;
  }
  return Pull(chain, image, assumptions, config).run();
}

}  // namespace rf
