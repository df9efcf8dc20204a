// What the answers mean.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <string>
#include <vector>

#include "base/text.h"
#include "probe/plan.h"
#include "probe/probe.h"

namespace rf {
namespace {

int number_or_zero(std::string_view text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// The parts of an answer that matter, from curl's, wget's or openssl's words.
struct Heard {
  int status = 0;
  int rc = 0;
  int milliseconds = 0;
  std::string address;
  std::map<std::string, std::string, std::less<>> headers;  // of the last response, names in lower case
  bool in_body = false;
  std::vector<std::string> words;  // lines the tool itself said
};

void hear_line(Heard& heard, std::string_view line) {
  const auto text = trim(line);
  if (text.empty()) {
    heard.in_body = heard.status != 0;
    return;
  }
  const auto parts = split(text, ' ');
  if (text.substr(0, 5) == "HTTP/" && parts.size() > 1) {
    heard.status = std::clamp(number_or_zero(parts[1]), 0, 999);
    heard.headers.clear();
    heard.in_body = false;
    return;
  }
  if (parts[0] == "ms" && parts.size() == 2) {
    heard.milliseconds = std::max(number_or_zero(parts[1]), 0);
    return;
  }
  if (parts[0] == "rc" && parts.size() == 2) {
    heard.rc = number_or_zero(parts[1]);
    return;
  }
  if (parts[0] == "rf" && parts.size() >= 3) {
    const auto seconds = parts[2];
    const auto dot = seconds.find_first_of(".,");
    auto fraction = dot == std::string_view::npos ? std::string("000") : std::string(seconds.substr(dot + 1, 3));
    fraction.resize(3, '0');
    heard.milliseconds =
        std::clamp(number_or_zero(seconds.substr(0, dot)), 0, 1'000'000) * 1000 + std::max(number_or_zero(fraction), 0);
    if (parts.size() > 3) heard.address = parts[3];
    return;
  }
  if (heard.in_body) return;
  const auto colon = text.find(": ");
  if (heard.status != 0 && colon != std::string_view::npos &&
      text.substr(0, colon).find(' ') == std::string_view::npos) {
    heard.headers[lower(text.substr(0, colon))] = std::string(trim(text.substr(colon + 1)));
    return;
  }
  // bash says which line of its program it was at: ours, and no help to anybody.
  constexpr std::string_view place = "rf: line ";
  const auto after = text.starts_with(place) ? text.find(": ", place.size()) : text.npos;
  heard.words.emplace_back(after == text.npos ? text : text.substr(after + 2));
}

std::string header(const Heard& heard, std::string_view name) {
  const auto found = heard.headers.find(name);
  return found == heard.headers.end() ? "" : found->second;
}

// What the tools' words mean where no HTTP answer came. A tool says several lines (openssl and bash a second error that
// follows from the first; one a tried address), so the first row that fits any line decides: an address that refuses
// says more than another one without a route.
struct Words {
  Answer answer;
  std::vector<std::string_view> parts;
};
const std::array wordings{
    Words{Answer::dns,
          {"resolve host", "resolving timed out", "bad address", "unable to resolve", "name or service", "getaddrinfo",
           "name resolution", "does not resolve", "no address associated"}},
    Words{Answer::refused, {"refused"}},
    Words{Answer::plain_http,
          {"wrong version number", ":http request", "packet length", "record layer", "unexpected tls packet",
           "rx_record_too_long", "maximum permissible length"}},
    Words{Answer::timeout, {"timed out", "timeout"}},
    Words{Answer::unreachable, {"no route", "unreachable"}},
    Words{Answer::tls, {"ssl", "tls", "certificate", "verify error"}},
    Words{Answer::not_asked, {"no client for"}}};

bool is_name_character(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; }

// The line, in lower case, without the endpoint's own name, which may hold any of these words.
std::string without_name(std::string_view line, const ChainEndpoint& endpoint) {
  auto text = lower(line);
  const auto host = lower(endpoint.host);
  const auto name = host.substr(0, host.rfind(':'));
  for (auto at = text.find(name); !name.empty() && at != text.npos; at = text.find(name, at + 1)) {
    const auto end = at + name.size();
    const bool whole = (at == 0 || !is_name_character(text[at - 1])) &&
                       (end == text.size() || !is_name_character(text[end]) || text[end] == '.');
    if (whole) text.replace(at, name.size(), name.size(), ' ');
  }
  return text;
}

bool fits(const Words& words, std::string_view line, const ChainEndpoint& endpoint) {
  const auto text = without_name(line, endpoint);
  return std::any_of(words.parts.begin(), words.parts.end(),
                     [&](std::string_view part) { return contains(text, part); });
}

// An answer without a status: the tool says why.
Answer reason(const Heard& heard, const ChainEndpoint& endpoint) {
  for (const auto& words : wordings)
    if (std::any_of(heard.words.begin(), heard.words.end(),
                    [&](const std::string& line) { return fits(words, line, endpoint); }) &&
        (words.answer != Answer::plain_http || endpoint.scheme == "https"))
      return words.answer;
  if (heard.rc == 124) return Answer::timeout;
  switch (heard.rc) {
    case 6: return Answer::dns;
    case 7: return Answer::refused;
    case 28: return Answer::timeout;
    case 35:
    case 51:
    case 58:
    case 60:
    case 77:
    case 83: return Answer::tls;
    default: return Answer::closed;
  }
}

Answer of_ok(const Question& question, const Heard& heard) {
  const auto type = lower(header(heard, "content-type"));
  if (contains(type, "html")) return Answer::wrong_content;
  if (!question.for_image) return Answer::serves;
  const bool manifest = contains(type, "manifest") || contains(type, "image.index");
  return manifest || !header(heard, "docker-content-digest").empty() ? Answer::serves : Answer::wrong_content;
}

Answer of_status(const Question& question, const Heard& heard) {
  const int status = heard.status;
  if (status == 401) {
    return contains(lower(header(heard, "www-authenticate")), "bearer") ? Answer::wants_token : Answer::unauthorized;
  }
  if (status == 403) return Answer::unauthorized;
  if (status == 404 && question.for_image) return Answer::not_found;
  if (status == 404)
    return header(heard, "docker-distribution-api-version").empty() ? Answer::not_found : Answer::serves;
  if (status == 405 && question.for_image) return Answer::serves;  // containerd then asks with GET
  if (status == 429) return Answer::rate_limited;
  if (status >= 300 && status < 400) return Answer::redirects;
  if (status >= 200 && status < 300) return of_ok(question, heard);
  return Answer::server_error;
}

// The line that says why, or the last one.
std::string telling_line(Answer answer, const Heard& heard, const ChainEndpoint& endpoint) {
  for (const auto& words : wordings)
    if (words.answer == answer)
      for (const auto& line : heard.words)
        if (fits(words, line, endpoint)) return line;
  return heard.words.empty() ? "" : heard.words.back();
}

std::string detail_of(Answer answer, const Heard& heard, const ChainEndpoint& endpoint) {
  switch (answer) {
    case Answer::redirects: return "to " + header(heard, "location");
    case Answer::wants_token:
    case Answer::unauthorized: return header(heard, "www-authenticate");
    case Answer::wrong_content: return "content type " + header(heard, "content-type");
    case Answer::serves: return "";
    default: return heard.status != 0 ? "" : telling_line(answer, heard, endpoint);
  }
}

}  // namespace

bool is_finding(Answer answer, bool for_image) {
  switch (answer) {
    case Answer::serves:
    case Answer::wants_token: return false;
    case Answer::not_found: return !for_image;
    default: return true;
  }
}

EndpointProbe read_answer(const Question& question, const RawAnswer& raw) {
  Heard heard;
  for (const auto line : lines(raw.text)) hear_line(heard, line);
  EndpointProbe probe{.endpoint = question.endpoint};
  probe.status = heard.status;
  probe.milliseconds = heard.milliseconds;
  probe.address = heard.address;
  if (raw.tool == ProbeTool::none) {
    probe.detail = "no client on the node: curl, GNU wget, bash (http) or openssl (https) is needed";
    return probe;
  }
  probe.answer = heard.status == 0 ? reason(heard, question.endpoint) : of_status(question, heard);
  if (is_forbidden_host(heard.address)) probe.answer = Answer::not_asked;
  probe.detail = detail_of(probe.answer, heard, question.endpoint);
  if (raw.tool == ProbeTool::wget && probe.answer == Answer::unauthorized && !question.headers.empty()) {
    probe.detail = "asked without the credentials: wget would expose them in the process list";
  }
  return probe;
}

}  // namespace rf
