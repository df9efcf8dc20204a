#include "diagnose/pull_message.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/text.h"
#include "diagnose/pull_records.h"

namespace rf {
namespace {

struct CauseMark {
  std::string_view words;
  PullCause cause;
};

// What containerd, and the network and TLS libraries of Go, print. The first that a text holds counts: the more exact
// ones come first, and a name server that refuses is a fault of names.
constexpr std::array cause_marks{
    CauseMark{"certificate signed by unknown authority", PullCause::unknown_authority},
    CauseMark{"certificate has expired", PullCause::expired},
    CauseMark{"certificate is valid for", PullCause::wrong_name},
    CauseMark{"certificate is not valid for any names", PullCause::wrong_name},
    CauseMark{"cannot validate certificate for", PullCause::wrong_name},
    CauseMark{"certificate relies on legacy Common Name", PullCause::wrong_name},
    CauseMark{"tls: certificate required", PullCause::client_certificate},
    CauseMark{"remote error: tls: bad certificate", PullCause::client_certificate},
    CauseMark{"remote error: tls: unknown certificate authority", PullCause::client_certificate},
    CauseMark{"server gave HTTP response to HTTPS client", PullCause::plain_http},
    CauseMark{"sent an HTTP request to an HTTPS server", PullCause::tls_wanted},
    CauseMark{"malformed HTTP response", PullCause::tls_wanted},
    CauseMark{"proxyconnect", PullCause::proxy},
    CauseMark{"unable to read CA cert", PullCause::certificate_file},
    CauseMark{"unable to load CA cert", PullCause::certificate_file},
    CauseMark{"failed to load X509 key pair", PullCause::certificate_file},
    CauseMark{"dial tcp: lookup", PullCause::dns},
    CauseMark{"no such host", PullCause::dns},
    CauseMark{"server misbehaving", PullCause::dns},
    CauseMark{"connection refused", PullCause::refused},
    CauseMark{"no route to host", PullCause::unreachable},
    CauseMark{"network is unreachable", PullCause::unreachable},
    CauseMark{"host is down", PullCause::unreachable},
    CauseMark{"TLS handshake timeout", PullCause::timeout},
    CauseMark{"i/o timeout", PullCause::timeout},
    CauseMark{"context deadline exceeded", PullCause::timeout},
    CauseMark{"Client.Timeout exceeded", PullCause::timeout},
    CauseMark{"timeout awaiting response headers", PullCause::timeout},
    CauseMark{"connection timed out", PullCause::timeout},
    CauseMark{"toomanyrequests:", PullCause::rate_limited},
    CauseMark{"no basic auth credentials", PullCause::no_credentials},
    CauseMark{"unexpected media type", PullCause::wrong_content},
    CauseMark{"no match for platform", PullCause::no_platform},
    CauseMark{"no space left on device", PullCause::no_space},
    CauseMark{"unexpected commit digest", PullCause::corrupt},
    CauseMark{"failed size validation", PullCause::corrupt},
    CauseMark{"short read", PullCause::short_read},
    CauseMark{"failed to read expected number of bytes", PullCause::short_read},
    CauseMark{"unexpected EOF", PullCause::short_read},
    CauseMark{"unknown service runtime.v1", PullCause::no_cri},
    CauseMark{"InvalidImageName", PullCause::invalid_name},
    CauseMark{"invalid reference format", PullCause::invalid_name},
    CauseMark{"couldn't parse image", PullCause::invalid_name},
    CauseMark{"no resolve hosts", PullCause::no_endpoint},
    CauseMark{"no pull hosts", PullCause::no_endpoint},
    CauseMark{"connection reset by peer", PullCause::closed},
    CauseMark{"broken pipe", PullCause::closed},
    CauseMark{": EOF", PullCause::closed},
};
// Of texts with none of these and no status.
constexpr std::array weak_cause_marks{
    CauseMark{"insufficient_scope", PullCause::unauthorized},
    CauseMark{"may require authorization", PullCause::unauthorized},
    CauseMark{"pull access denied", PullCause::unauthorized},
    CauseMark{"authentication required", PullCause::unauthorized},
    CauseMark{"failed to authorize", PullCause::token_refused},
    CauseMark{"manifest unknown", PullCause::not_found},
    CauseMark{"name unknown", PullCause::not_found},
    CauseMark{"code = NotFound", PullCause::not_found},
    CauseMark{": not found", PullCause::not_found},
    CauseMark{"x509:", PullCause::tls},
    CauseMark{"tls:", PullCause::tls},
};
constexpr std::array token_marks{std::string_view{"failed to authorize"}, std::string_view{"to fetch anonymous token"},
                                 std::string_view{"to fetch oauth token"}};

struct FoundCause {
  PullCause cause = PullCause::unknown;
  std::size_t at = std::string_view::npos;
};

template <std::size_t N>
FoundCause find_cause(std::string_view text, const std::array<CauseMark, N>& marks) {
  for (const auto& mark : marks)
    if (const auto at = text.find(mark.words); at != text.npos) return {mark.cause, at};
  return {};
}

PullCause cause_of_status(int status) {
  switch (status) {
    case 401: return PullCause::unauthorized;
    case 403: return PullCause::forbidden;
    case 404: return PullCause::not_found;
    case 429: return PullCause::rate_limited;
    default: return status >= 500 ? PullCause::server_error : PullCause::other_status;
  }
}

struct FoundStatus {
  int status = 0;
  std::size_t at = std::string_view::npos;
};

// "unexpected status from HEAD request to URL: 503 Service Unavailable", "... with status code [manifests 1]: 401 ...",
// "after status: 503 ...", "response was http.StatusNotFound".
FoundStatus find_status(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, int>, 3> names{
      {{"http.StatusNotFound", 404}, {"http.StatusUnauthorized", 401}, {"http.StatusForbidden", 403}}};
  for (const auto& [name, status] : names)
    if (const auto at = text.find(name); at != text.npos) return {status, at};
  auto from = text.find("status");
  if (from == text.npos) return {};
  for (auto at = text.find(": ", from); at != text.npos; at = text.find(": ", at + 2)) {
    int status = 0;
    const auto* begin = text.data() + at + 2;
    const auto* end = text.data() + text.size();
    const auto [stop, failed] = std::from_chars(begin, std::min(begin + 4, end), status);
    if (failed == std::errc{} && stop == begin + 3 && status >= 100) return {status, at};
  }
  return {};
}

// The quoted or bare word after a mark: `failed to resolve reference "X"`.
std::string_view word_after(std::string_view text, std::string_view mark, std::size_t from = 0) {
  const auto at = text.find(mark, from);
  if (at == text.npos) return {};
  auto rest = text.substr(at + mark.size());
  const bool quoted = rest.starts_with('"');
  if (quoted) rest.remove_prefix(1);
  return rest.substr(0, rest.find_first_of(quoted ? "\"" : " ,\"\t"));
}

std::optional<ImageReference> image_of_record(std::string_view text) {
  for (const std::string_view mark :
       {"and unpack image ", "to resolve reference ", "pull image ", "pulling image ", "PullImage ", " image="})
    for (auto at = text.find(mark); at != text.npos; at = text.find(mark, at + mark.size())) {
      const auto word = word_after(text, mark, at);
      if (word.empty()) continue;
      if (auto image = parse_image(word)) return *std::move(image);
    }
  return std::nullopt;
}

struct FoundUrl {
  std::string url = {};
  std::string host = {};
};

// The URL before the cause, and where there is none the first after it.
FoundUrl url_of_record(std::string_view text, std::size_t cause_at) {
  auto at = cause_at == text.npos ? text.npos : text.substr(0, cause_at).rfind("://");
  if (at == text.npos) at = text.find("://");
  if (at == text.npos) return {};
  const std::string_view scheme = at >= 5 && text.substr(at - 5, 5) == "https" ? "https" : "http";
  auto rest = text.substr(at + 3);
  rest = rest.substr(0, rest.find_first_of("\"' \t)?,"));
  while (!rest.empty() && (rest.back() == ':' || rest.back() == '.')) rest.remove_suffix(1);
  const auto slash = rest.find('/');
  auto host = rest.substr(0, slash);
  if (const auto user = host.rfind('@'); user != host.npos) host.remove_prefix(user + 1);
  if (host.empty()) return {};
  const auto path = slash == rest.npos ? std::string_view() : rest.substr(slash);
  return {std::string(scheme) + "://" + std::string(host) + std::string(path), std::string(host)};
}

std::string host_of_record(std::string_view text, PullCause cause) {
  for (const std::string_view mark : {"pulling from host ", " host="})
    if (const auto word = word_after(text, mark); !word.empty()) return std::string(word);
  return cause == PullCause::dns ? std::string(word_after(text, "lookup ")) : std::string();
}

// The part that the layers above containerd's client only repeat is left out.
std::string innermost(std::string_view text) {
  constexpr std::size_t most_shown = 400;
  std::size_t begin = 0;
  for (const std::string_view mark :
       {"failed to resolve image: ", "failed open: ", "failed to resolve reference ", "and unpack image ",
        "failed to pull image ", "Failed to pull image ", " desc = ", " msg=\"", "error=\"", " err=\""}) {
    const auto at = text.rfind(mark);
    if (at == text.npos) continue;
    auto end = at + mark.size();
    if (end < text.size() && text[end] == '"') end = std::min(text.find("\": ", end), text.size() - 3) + 3;
    if (end < text.size()) begin = std::max(begin, end);
  }
  text = text.substr(begin);
  text = text.substr(0, std::min({text.find("\" "), text.find("\", "), text.size()}));
  std::string out;
  for (std::size_t i = 0; i < text.size() && out.size() < most_shown; ++i) {
    out += text[i];
    if (!std::string_view(out).ends_with("://")) continue;
    const auto end = std::min(text.find_first_of("\"' \t)", i), text.size());
    auto url = text.substr(i + 1, end - i - 1);
    const bool colon = url.ends_with(':');
    if (const auto user = url.substr(0, url.find('/')).rfind('@'); user != url.npos) url.remove_prefix(user + 1);
    out += url.substr(0, url.find('?'));
    if (colon && !out.ends_with(':')) out += ':';
    i = end - 1;
  }
  if (out.ends_with('"') && std::count(out.begin(), out.end(), '"') % 2 == 1) out.pop_back();
  if (out.size() > most_shown) out.resize(most_shown);
  return valid_utf8(trim(out));
}

PullFailure failure_of(const PullRecord& record) {
  const std::string_view text = record.text;
  PullFailure failure{.image = image_of_record(text), .node = record.node, .said = innermost(text)};
  for (const auto mark : token_marks)
    if (text.find(mark) != text.npos) failure.asked = PullFailure::Asked::token_service;
  const bool token = failure.asked == PullFailure::Asked::token_service;
  auto found = find_cause(text, cause_marks);
  if (const auto status = find_status(text); status.status != 0) {
    failure.status = status.status;
    if (found.cause == PullCause::unknown)
      found = {token && status.status < 500 && status.status != 429 ? PullCause::token_refused
                                                                    : cause_of_status(status.status),
               status.at};
  }
  if (found.cause == PullCause::unknown) found = find_cause(text, weak_cause_marks);
  failure.cause = found.cause;
  if (found.cause == PullCause::unknown) return failure;
  auto [url, host] = url_of_record(text, found.at);
  failure.url = std::move(url);
  failure.host = host.empty() ? host_of_record(text, found.cause) : std::move(host);
  return failure;
}

bool same_image(const PullFailure& a, const PullFailure& b) {
  return a.image && b.image && to_string(*a.image) == to_string(*b.image);
}

// Told by another one as well, or better: the same of the same host; without a cause, anything of the same image.
bool is_told_by(const PullFailure& failure, const PullFailure& other) {
  if (failure.cause == PullCause::unknown) return !failure.image || same_image(failure, other);
  return failure.cause == other.cause && failure.host == other.host && failure.status == other.status &&
         (failure.node.empty() || failure.node == other.node) && (!failure.image || same_image(failure, other));
}

}  // namespace

std::string_view to_string(PullCause cause) {
  switch (cause) {
    case PullCause::unknown: return "unknown";
    case PullCause::not_found: return "not-found";
    case PullCause::unauthorized: return "unauthorized";
    case PullCause::no_credentials: return "no-credentials";
    case PullCause::forbidden: return "forbidden";
    case PullCause::token_refused: return "token-refused";
    case PullCause::rate_limited: return "rate-limited";
    case PullCause::server_error: return "server-error";
    case PullCause::other_status: return "other-status";
    case PullCause::plain_http: return "plain-http";
    case PullCause::tls_wanted: return "tls-wanted";
    case PullCause::unknown_authority: return "unknown-authority";
    case PullCause::wrong_name: return "wrong-name";
    case PullCause::expired: return "expired";
    case PullCause::client_certificate: return "client-certificate";
    case PullCause::tls: return "tls";
    case PullCause::dns: return "dns";
    case PullCause::refused: return "refused";
    case PullCause::unreachable: return "unreachable";
    case PullCause::timeout: return "timeout";
    case PullCause::closed: return "closed";
    case PullCause::proxy: return "proxy";
    case PullCause::short_read: return "short-read";
    case PullCause::corrupt: return "corrupt";
    case PullCause::wrong_content: return "wrong-content";
    case PullCause::no_platform: return "no-platform";
    case PullCause::no_endpoint: return "no-endpoint";
    case PullCause::certificate_file: return "certificate-file";
    case PullCause::no_cri: return "no-cri";
    case PullCause::no_space: return "no-space";
    case PullCause::invalid_name: return "invalid-name";
  }
  return "";
}

Result<std::vector<PullFailure>> read_pull_messages(std::string_view text) {
  if (text.size() > largest_pull_message) return unread_error("larger than 1 MiB", {.file = "the text of --error"});
  std::vector<PullFailure> all;
  for (const auto& record : pull_records(text)) {
    if (all.size() == 4 * most_pull_failures) break;
    auto failure = failure_of(record);
    const auto told =
        std::find_if(all.begin(), all.end(), [&](const auto& other) { return is_told_by(failure, other); });
    if (told != all.end()) continue;
    std::erase_if(all, [&](const auto& other) { return is_told_by(other, failure); });
    all.push_back(std::move(failure));
  }
  if (all.size() > most_pull_failures) all.resize(most_pull_failures);
  if (all.empty()) all.push_back({.said = innermost(one_line(text.substr(0, 4096)))});
  return all;
}

}  // namespace rf
