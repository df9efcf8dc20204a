#include "containerd/pull/answer.h"

#include <fmt/format.h>

namespace rf {
namespace {

std::string with_detail(std::string words, std::string_view detail) {
  return detail.empty() ? std::move(words) : fmt::format("{} ({})", words, detail);
}

}  // namespace

std::string_view to_string(Answer answer) {
  switch (answer) {
    case Answer::serves: return "serves";
    case Answer::wants_token: return "wants-token";
    case Answer::unauthorized: return "unauthorized";
    case Answer::not_found: return "not-found";
    case Answer::redirects: return "redirects";
    case Answer::wrong_content: return "wrong-content";
    case Answer::rate_limited: return "rate-limited";
    case Answer::server_error: return "server-error";
    case Answer::dns: return "dns";
    case Answer::refused: return "refused";
    case Answer::unreachable: return "unreachable";
    case Answer::timeout: return "timeout";
    case Answer::tls: return "tls";
    case Answer::plain_http: return "plain-http";
    case Answer::closed: return "closed";
    case Answer::not_asked: return "not-asked";
  }
  return "";
}

bool is_out_of_reach(Answer answer) {
  switch (answer) {
    case Answer::dns:
    case Answer::refused:
    case Answer::unreachable:
    case Answer::timeout:
    case Answer::tls:
    case Answer::plain_http:
    case Answer::closed: return true;
    default: return false;
  }
}

std::string answer_words(const AnswerTold& told) {
  switch (told.answer) {
    case Answer::serves: return "serves";
    case Answer::wants_token: return "serves, with a token";
    case Answer::unauthorized:
      return with_detail(fmt::format("answers {}: other credentials are needed", told.status), told.detail);
    case Answer::not_found: return fmt::format("answers {}: not found", told.status);
    case Answer::redirects: return with_detail(fmt::format("answers {}, a redirect", told.status), told.detail);
    case Answer::wrong_content: return with_detail("the answer is not from a registry", told.detail);
    case Answer::rate_limited: return fmt::format("answers {}: too many requests", told.status);
    case Answer::server_error: return fmt::format("answers {}", told.status);
    case Answer::dns: return "its name cannot be resolved";
    case Answer::refused: return "connection refused";
    case Answer::unreachable: return "no route to it";
    case Answer::timeout: return "no answer in time";
    case Answer::tls: return with_detail("TLS fails", told.detail);
    case Answer::plain_http: return "it speaks plain http, but is asked over https";
    case Answer::closed: return with_detail("connected, but no HTTP answer came", told.detail);
    case Answer::not_asked: return with_detail("not asked", told.detail);
  }
  return "";
}

std::string answer_sentence(const AnswerTold& told) {
  return fmt::format("{}: {}: {}", told.registry, told.url, answer_words(told));
}

}  // namespace rf
