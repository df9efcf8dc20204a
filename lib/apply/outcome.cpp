#include "apply/outcome.h"

#include <algorithm>
#include <array>
#include <utility>

namespace rf {
namespace {

// The words of templates/node: 6-main.sh and front.sh end a transaction, status.sh says `none` of one it does not know.
constexpr std::array<std::pair<std::string_view, Outcome>, 8> end_words{{
    {"applied", Outcome::applied},
    {"unchanged", Outcome::unchanged},
    {"conflict", Outcome::conflict},
    {"rolled-back", Outcome::rolled_back},
    {"stuck", Outcome::stuck},
    {"refused", Outcome::refused},
    {"busy", Outcome::busy},
    {"none", Outcome::not_begun},
}};

}  // namespace

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::unchanged: return "unchanged";
    case Outcome::applied: return "applied";
    case Outcome::not_begun: return "not-begun";
    case Outcome::unreachable: return "unreachable";
    case Outcome::refused: return "refused";
    case Outcome::busy: return "busy";
    case Outcome::conflict: return "conflict";
    case Outcome::rolled_back: return "rolled-back";
    case Outcome::unknown: return "unknown";
    case Outcome::stuck: return "stuck";
  }
  return "unknown";
}

std::optional<Outcome> outcome_of_end(std::string_view word) {
  const auto known =
      std::find_if(end_words.begin(), end_words.end(), [&](const auto& one) { return one.first == word; });
  return known == end_words.end() ? std::nullopt : std::optional(known->second);
}

Outcome outcome_before(const Error& error) {
  switch (error.kind) {
    case ErrorKind::connect:
    case ErrorKind::host_key:
    case ErrorKind::auth:
    case ErrorKind::timeout:
    case ErrorKind::protocol: return Outcome::unreachable;
    case ErrorKind::interrupted: return Outcome::not_begun;
    case ErrorKind::conflict: return Outcome::conflict;
    default: return Outcome::refused;
  }
}

Outcome outcome_after(const Error& error) {
  switch (error.kind) {
    case ErrorKind::refused:
    case ErrorKind::usage: return Outcome::refused;
    case ErrorKind::conflict: return Outcome::conflict;
    default: return Outcome::unknown;
  }
}

std::string_view how_it_ended(const Applied& ended) {
  switch (ended.outcome) {
    case Outcome::applied: return "has been applied";
    case Outcome::rolled_back: return "was rolled back";
    case Outcome::stuck: return "is stuck";
    default: return "has changed nothing";
  }
}

void settle(NodeResult& result, const Result<Applied>& applied) {
  if (!applied) {
    result.outcome = outcome_after(applied.error());
    result.error = applied.error();
    return;
  }
  result.outcome = applied->outcome;
  result.detail = applied->cause;
  for (const auto& warning : applied->warnings) result.detail += (result.detail.empty() ? "" : "; ") + warning;
  if (applied->settling)
    result.detail +=
        std::string(result.detail.empty() ? "" : "; ") + "the runtime is still being watched; see 'regfallback status'";
  if (result.outcome == Outcome::unchanged) result.transaction.clear();
}

bool is_well(const NodeResult& result) {
  return (result.outcome == Outcome::applied || result.outcome == Outcome::unchanged) && result.verified.value_or(true);
}

Verdict verdict_of(std::span<const NodeResult> results, RunEnd end) {
  const auto any = [&](auto test) { return std::any_of(results.begin(), results.end(), test); };
  if (any([](const NodeResult& one) { return one.outcome == Outcome::stuck || one.outcome == Outcome::unknown; }))
    return Verdict::needs_person;
  if (end == RunEnd::interrupted) return Verdict::interrupted;
  if (any([](const NodeResult& one) { return one.verified == std::optional(false); })) return Verdict::not_as_declared;
  return any([](const NodeResult& one) { return !is_well(one); }) ? Verdict::failed : Verdict::well;
}

}  // namespace rf
