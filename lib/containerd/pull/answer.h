// What an endpoint answered when it was asked as containerd asks it.
#pragma once
#include <string>
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
  tls,            // no trust, wrong name, expired
  plain_http,     // asked by https, and no TLS is spoken there
  closed,         // connected, then no proper HTTP
  not_asked,      // no client on the node, or an address we never ask
};
std::string_view to_string(Answer answer);
// No connection a registry could answer on came about: there is nothing to ask until it is repaired.
bool is_out_of_reach(Answer answer);

// One endpoint of a registry's chain and what it answered, in the words every command uses: "docker.io:
// http://m:5000/v2: connection refused". They are the same whichever program on the node asked; its own words follow
// only where they say what is wrong with a certificate, or what came in place of an answer.
struct AnswerTold {
  std::string registry;
  std::string url;
  Answer answer = Answer::not_asked;
  int status = 0;  // of HTTP; 0 when none came
  std::string detail = {};
};
std::string answer_words(const AnswerTold& told);     // "connection refused"
std::string answer_sentence(const AnswerTold& told);  // all of it

}  // namespace rf
