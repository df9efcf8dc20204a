#include "containerd/pull/answer.h"

namespace rf {

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
    case Answer::closed: return "closed";
    case Answer::not_asked: return "not-asked";
  }
  return "";
}

}  // namespace rf
