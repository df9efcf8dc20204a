// What an endpoint answered when it was asked as containerd asks it.
#pragma once
#include <string_view>

namespace rf {

enum class Answer {
  serves,         // a registry answered; with an image: it has the image
  wants_token,    // a registry that hands out tokens to anybody who asks; pulls may work
  unauthorized,   // 401 or 403 for what we have
  not_found,      // with an image: it is not there. Without: this is no registry's API (404 on /v2/)
  redirects,      // to somewhere we do not follow
  wrong_content,  // an answer no registry gives: a captive portal, a web page
  rate_limited,   // 429
  server_error,   // 5xx and other refusals
  dns,            // the name is not known, or the name server is silent
  refused,        // nothing listens there
  unreachable,    // no route, no such host
  timeout,        // nothing came in time
  tls,            // no trust, wrong name, expired, or no TLS at all
  closed,         // connected, then no proper HTTP
  not_asked,      // no client on the node, or an address we never ask
};
std::string_view to_string(Answer answer);

}  // namespace rf
