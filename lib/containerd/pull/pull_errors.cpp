#include "containerd/pull/pull_errors.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "containerd/config/features.h"
#include "containerd/go/go_url.h"

namespace rf {
namespace {

std::string status_text(int status) {
  constexpr std::array<std::pair<int, std::string_view>, 34> names{{{201, "Created"},
                                                                    {202, "Accepted"},
                                                                    {204, "No Content"},
                                                                    {206, "Partial Content"},
                                                                    {300, "Multiple Choices"},
                                                                    {301, "Moved Permanently"},
                                                                    {302, "Found"},
                                                                    {303, "See Other"},
                                                                    {304, "Not Modified"},
                                                                    {307, "Temporary Redirect"},
                                                                    {308, "Permanent Redirect"},
                                                                    {400, "Bad Request"},
                                                                    {401, "Unauthorized"},
                                                                    {402, "Payment Required"},
                                                                    {403, "Forbidden"},
                                                                    {404, "Not Found"},
                                                                    {405, "Method Not Allowed"},
                                                                    {406, "Not Acceptable"},
                                                                    {407, "Proxy Authentication Required"},
                                                                    {408, "Request Timeout"},
                                                                    {409, "Conflict"},
                                                                    {410, "Gone"},
                                                                    {411, "Length Required"},
                                                                    {412, "Precondition Failed"},
                                                                    {413, "Request Entity Too Large"},
                                                                    {416, "Requested Range Not Satisfiable"},
                                                                    {418, "I'm a teapot"},
                                                                    {421, "Misdirected Request"},
                                                                    {429, "Too Many Requests"},
                                                                    {500, "Internal Server Error"},
                                                                    {501, "Not Implemented"},
                                                                    {502, "Bad Gateway"},
                                                                    {503, "Service Unavailable"},
                                                                    {504, "Gateway Timeout"}}};
  const auto found = std::find_if(names.begin(), names.end(), [&](const auto& name) { return name.first == status; });
  return found == names.end() ? std::to_string(status) : fmt::format("{} {}", status, found->second);
}

std::string transport_text(const Assumption& answer, std::string_view host) {
  const auto parts = split_host_port(host);
  const auto name = parts.valid ? parts.host : std::string(host);
  switch (answer.kind) {
    case Assumption::Kind::refused: return "dial tcp: connect: connection refused";
    case Assumption::Kind::dns: return fmt::format("dial tcp: lookup {}: no such host", name);
    case Assumption::Kind::tls: return "tls: failed to verify certificate";
    case Assumption::Kind::http: return "http: server gave HTTP response to HTTPS client";
    case Assumption::Kind::timeout: return "dial tcp: i/o timeout";
    default: return "EOF";
  }
}

}  // namespace

std::string assumption_text(const Assumption& assumption) {
  switch (assumption.kind) {
    case Assumption::Kind::status: return std::to_string(assumption.status);
    case Assumption::Kind::refused: return "refused";
    case Assumption::Kind::dns: return "dns";
    case Assumption::Kind::tls: return "tls";
    case Assumption::Kind::http: return "http";
    case Assumption::Kind::timeout: return "timeout";
    case Assumption::Kind::eof: return "eof";
  }
  return "";
}

std::string PullErrors::text_of(std::string_view method, std::string_view host, std::string_view url,
                                std::string_view object, const Assumption& answer) const {
  if (answer.kind != Assumption::Kind::status)
    return fmt::format("failed to do request: {} {}: {}", method == "HEAD" ? "Head" : "Get", go_quote(url),
                       transport_text(answer, host));
  if (method == "GET") {
    if (answer.status == 404)
      return fmt::format("could not fetch content descriptor {} (<media type>) from remote: not found",
                         object.substr(object.find(' ') + 1));
    // Pulls with 1.6.20 and 1.7.24 show the older text, with 2.1.9 the newer, which came with the transfer service.
    return has_feature(containerd_, Feature::transfer_service)
               ? fmt::format("unexpected status from GET request to {}: {}", url, status_text(answer.status))
               : fmt::format("unexpected status code {}: {}", url, status_text(answer.status));
  }
  if (answer.status == 404) return to_string(image_) + ": not found";
  if (has_feature(containerd_, Feature::unexpected_status_text))
    return fmt::format("unexpected status from {} request to {}: {}", method, url, status_text(answer.status));
  return fmt::format("pulling from host {} failed with {}status code [{}]: {}", host,
                     answer.status < 400 ? "unexpected " : "", object, status_text(answer.status));
}

void PullErrors::add(std::string_view method, std::string_view host, std::string_view url, std::string_view object,
                     const Assumption& answer) {
  const auto rank = answer.kind != Assumption::Kind::status ? transport : answer.status == 404 ? not_found : http_error;
  take(rank, text_of(method, host, url, object, answer));
}

void PullErrors::add_unusable(std::string_view method, std::string_view url) {
  take(transport, fmt::format("failed to do request: {} {}: http: no Host in request URL", method, go_quote(url)));
}

void PullErrors::take(Rank rank, std::string text) {
  rank_ = std::max(rank_, rank);
  const auto weight = [&](Rank of) {
    if (step_ == Step::fetch) return of == none ? 0 : 1;
    if (has_feature(containerd_, Feature::ranked_errors)) return static_cast<int>(of);
    return of == none ? 0 : of == not_found ? 1 : 2;
  };
  if (weight(rank) <= weight(shown_rank_)) return;
  shown_rank_ = rank;
  shown_ = std::move(text);
}

}  // namespace rf
