// The node against the intent: registries that are not as declared, and why they cannot become so.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/endpoints.h"
#include "diagnose/rule.h"
#include "diagnose/view.h"

namespace rf {
namespace {

struct Compared {
  std::vector<std::string> declared;
  std::vector<std::string> now;
  Chain chain;
};

Compared compare(const View& view, const Registry& registry) {
  const bool others = registry.name == "*";
  Compared compared;
  compared.chain = resolve_chain(view.facts().tree, view.config(),
                                 others ? unnamed_registry : std::string_view(registry.name), view.subject().chain);
  for (const auto& endpoint : registry.chain()) compared.declared.push_back(endpoint.url());
  for (const auto& endpoint : compared.chain.endpoints) compared.now.push_back(shown_url(endpoint));
  if (others && registry.upstream == Registry::Upstream::standard) compared.declared.emplace_back(shown_itself);
  return compared;
}

// K3s and RKE2 put an endpoint of their own before and behind what is declared.
bool as_declared(const View& view, const Compared& compared) {
  const auto& [declared, now, chain] = compared;
  if (declared == now) return true;
  if (view.era().style != Style::registries_yaml || now.size() > declared.size() + 2) return false;
  return std::search(now.begin(), now.end(), declared.begin(), declared.end()) != now.end();
}

std::string named(const std::vector<std::string>& urls) {
  return urls.empty() ? std::string("nothing") : join(urls, ", ");
}

Fix apply_the_intent() {
  auto fix = fix_by({OurCommand::apply});
  fix.text += " (regfallback plan shows the change)";
  return fix;
}

void look_for_difference(const View& view, Findings& found) {
  const auto& wanted = view.subject().wanted;
  if (!wanted || wanted->intent == nullptr || wanted->changes == std::size_t{0}) return;  // an empty plan is the proof
  const auto way = wanted->refusal
                       ? fix_by_hand(ByHand::choice, fmt::format("fix what prevents it: {}", wanted->refusal->message))
                       : apply_the_intent();
  bool any = false;
  for (const auto& registry : wanted->intent->registries) {
    const auto compared = compare(view, registry);
    if (as_declared(view, compared)) continue;
    any = true;
    const auto& error = compared.chain.error;
    Finding finding{.cause = fmt::format("{} is declared as {}, but is {} on this node", registry.name,
                                         named(compared.declared), error ? "failing" : named(compared.now)),
                    .where = registry.where.file.empty()
                                 ? std::nullopt
                                 : std::optional(Location{registry.where.file, registry.where.line, 0}),
                    .effect = error ? fmt::format("{}: {}", view.who(), *error)
                                    : fmt::format("{} asks {}", view.who(), named(compared.now)),
                    .fix = way};
    const auto& endpoints = compared.chain.endpoints;
    const auto source =
        std::find_if(endpoints.begin(), endpoints.end(), [](const auto& e) { return e.source.has_value(); });
    if (source != endpoints.end()) finding.also.push_back(*source->source);
    found.add(std::move(finding));
  }
  if (any || !wanted->changes) return;
  found.add(Severity::note,
            {.cause = fmt::format("the plan for this node has {} {}, although every registry is asked as declared",
                                  *wanted->changes, *wanted->changes == 1 ? "change" : "changes"),
             .where = wanted->intent->file.empty() ? std::nullopt : std::optional(Location{wanted->intent->file, 0, 0}),
             .effect = "files, their modes or properties of endpoints differ from what regfallback would write",
             .fix = way});
}

void look_for_refusal(const View& view, Findings& found) {
  const auto& wanted = view.subject().wanted;
  if (!wanted || !wanted->refusal) return;
  const auto& refusal = *wanted->refusal;
  found.add(
      {.cause = fmt::format("the intent cannot be applied to this node: {}", refusal.message),
       .where = refusal.where ? std::optional(Location{refusal.where->file, refusal.where->line, 0}) : std::nullopt,
       .effect = "regfallback apply writes nothing here",
       .fix = refusal.hint.empty() ? "regfallback plan shows more" : refusal.hint});
}

void look_at_warnings(const View& view, Findings& found) {
  const auto& wanted = view.subject().wanted;
  if (!wanted || wanted->intent == nullptr) return;
  for (const auto& warning : wanted->warnings)
    found.add(
        {.cause = warning,
         .where = wanted->intent->file.empty() ? std::nullopt : std::optional(Location{wanted->intent->file, 0, 0}),
         .effect = "the plan for this node gives this warning",
         .fix = "regfallback plan shows what would be written; change the intent if that is not wanted"});
}

const std::array declared{
    Rule{.id = "not-as-declared", .severity = Severity::warning, .look = look_for_difference},
    Rule{.id = "cannot-be-applied", .severity = Severity::warning, .by_hand = ByHand::choice, .look = look_for_refusal},
    Rule{.id = "plan-warns", .severity = Severity::note, .by_hand = ByHand::nothing, .look = look_at_warnings},
};

}  // namespace

std::span<const Rule> declared_rules() { return declared; }

}  // namespace rf
