// What endpoints answered when they were asked from the node.
#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "containerd/go/go_url.h"
#include "containerd/pull/silence.h"
#include "diagnose/endpoints.h"
#include "diagnose/rule.h"

namespace rf {
namespace {

template <class Visit>
void each_answer(const View& view, Visit visit) {
  std::set<std::string> seen;
  for (const auto& answer : view.subject().answers) {
    if (!seen.insert(answer.registry + " " + answer.endpoint.url()).second) continue;
    const auto chain = std::find_if(view.chains().begin(), view.chains().end(),
                                    [&](const Chain& c) { return c.registry == answer.registry; });
    const bool last = chain != view.chains().end() && !chain->endpoints.empty() &&
                      chain->endpoints.back().url() == answer.endpoint.url();
    visit(answer, last);
  }
}

std::optional<Location> place_of(const View& view, const EndpointAnswer& answer) {
  if (!answer.endpoint.source) return std::nullopt;
  return view.place(answer.endpoint.source->file, answer.endpoint.source->line);
}

std::string sentence(const EndpointAnswer& answer) {
  return answer_sentence({.registry = answer.registry,
                          .url = shown_url(answer.endpoint),
                          .answer = answer.answer,
                          .status = answer.status,
                          .detail = answer.detail});
}

void look_for_silence(const View& view, Findings& found) {
  each_answer(view, [&](const EndpointAnswer& answer, bool last) {
    if (answer.answer != Answer::timeout) return;
    found.add(
        {.cause = sentence(answer),
         .where = place_of(view, answer),
         .effect =
             last ? fmt::format("{} has no further endpoint to try", view.who())
                  : fmt::format("if it accepts connections and never answers, {} {}; if it drops packets, each object "
                                "costs 30 s{}",
                                view.who(), after_silence(view.containerd(), view.config().pull_mode),
                                view.has(Feature::dial_timeout) ? " or dial_timeout" : ""),
         .fix =
             "repair it, or remove it from the chain until it answers; dial_timeout only helps if packets are dropped "
             "(2.0.7, 2.1 and later)"});
  });
}

void look_for_http(const View& view, Findings& found) {
  each_answer(view, [&](const EndpointAnswer& answer, bool) {
    if (answer.answer != Answer::plain_http) return;
    found.add(
        {.cause = sentence(answer),
         .where = place_of(view, answer),
         .effect = fmt::format("{} gets \"server gave HTTP response to HTTPS client\" and tries the next "
                               "endpoint; skip_verify does not change that",
                               view.who()),
         .fix = fmt::format("write http://{} if the registry is meant to speak plain http", answer.endpoint.host)});
  });
}

void look_for_others(const View& view, Findings& found) {
  // Silence and plain http have rules of their own; a registry that wants credentials serves those who have them.
  constexpr std::array fine{Answer::serves, Answer::wants_token, Answer::unauthorized, Answer::timeout,
                            Answer::plain_http};
  each_answer(view, [&](const EndpointAnswer& answer, bool last) {
    if (std::find(fine.begin(), fine.end(), answer.answer) != fine.end()) return;
    found.add({.cause = sentence(answer),
               .where = place_of(view, answer),
               .effect = answer.answer == Answer::not_asked ? "its answer is unknown"
                         : last ? fmt::format("{} has no further endpoint to try", view.who())
                                : fmt::format("{} tries the next endpoint at once", view.who()),
               .fix = "regfallback test checks every endpoint from every node"});
  });
}

const std::array answers{
    Rule{.id = "endpoint-silent", .severity = Severity::error, .by_hand = ByHand::elsewhere, .look = look_for_silence},
    Rule{.id = "endpoint-speaks-http", .severity = Severity::error, .by_hand = ByHand::choice, .look = look_for_http},
    Rule{.id = "endpoint-does-not-serve",
         .severity = Severity::warning,
         .by_hand = ByHand::elsewhere,
         .look = look_for_others},
};

}  // namespace

std::span<const Rule> answer_rules() { return answers; }

}  // namespace rf
