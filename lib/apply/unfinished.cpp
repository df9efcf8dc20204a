#include "apply/unfinished.h"

#include <fmt/format.h>

#include "node/history.h"

namespace rf {
namespace {

// Its plan is not known; the longest that any distribution takes is allowed for.
constexpr int longest_wait_seconds = 300;

}  // namespace

BeforeChange before_change(const Facts& facts) {
  if (!facts.unfinished) return BeforeChange::nothing;
  if (!facts.busy.empty()) return BeforeChange::wait;
  return facts.unfinished->state == Unfinished::State::stuck ? BeforeChange::only_retry : BeforeChange::take_over;
}

asio::awaitable<Result<std::optional<Applied>>> end_unfinished(Shell& shell, const Facts& facts,
                                                               const FactsQuery& query) {
  const auto first = before_change(facts);
  if (first == BeforeChange::nothing || first == BeforeChange::only_retry) co_return std::optional<Applied>();
  TransactionOptions unfinished;
  unfinished.id = facts.unfinished->id;
  unfinished.query = query;
  auto ended = co_await follow_transaction(shell, unfinished, longest_wait_seconds);
  if (!ended) co_return std::move(ended).error().doing("waiting for an earlier transaction to end");
  co_return std::optional<Applied>(*std::move(ended));
}

Result<void> check_ended(const Facts& facts) {
  if (!facts.unfinished) return {};
  return Error{.kind = ErrorKind::refused,
               .message = fmt::format("{} is unfinished ({})",
                                      facts.under_way ? describe(*facts.under_way) : "an earlier transaction",
                                      to_string(*facts.unfinished)),
               .hint = "'regfallback doctor' shows what it left behind and what to do"};
}

}  // namespace rf
