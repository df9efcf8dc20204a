#include "apply/apply.h"

#include <sys/random.h>
#include <chrono>

#include "base/text.h"

namespace rf {
namespace {

constexpr std::size_t most_output = 16u << 20;
// The lock is waited for, then what is left of the last transaction.
constexpr std::chrono::seconds removal_limit{90};

// What is no line of the log is a fact.
std::optional<ApplyEvent> event_of(std::string_view line) {
  using Kind = ApplyEvent::Kind;
  if (line.starts_with("step ")) return ApplyEvent{Kind::step, std::string(line.substr(5))};
  if (line.starts_with("warn ")) return ApplyEvent{Kind::warning, std::string(line.substr(5))};
  if (line.starts_with("error ")) return ApplyEvent{Kind::error, std::string(line.substr(6))};
  return std::nullopt;
}

// The worker waits for a service at most twice (once more on the way back), and its watchdog ends it after three times
// that. An earlier transaction may have to settle first.
RunLimits limits_for(int wait_seconds) {
  return {.time = std::chrono::seconds(wait_seconds * 3 + 210), .bytes = most_output};
}

asio::awaitable<Result<Applied>> run(Shell& shell, std::string_view program, std::string id, int wait_seconds,
                                     ApplyEvents on_event) {
  bool ended = false;
  const std::function<void(std::string_view)> on_line = [&](std::string_view line) {
    ended = ended || line.starts_with("end ");
    if (ended || !on_event) return;
    if (const auto event = event_of(line)) on_event(*event);
  };
  auto output = co_await shell.run(program, limits_for(wait_seconds), on_line);
  if (!output) co_return std::move(output).error().doing("carrying out transaction " + id);
  co_return read_outcome(output->text, id);
}

}  // namespace

Result<std::string> new_transaction_id() {
  unsigned char bytes[8];
  if (getrandom(bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes))
    return Error{.kind = ErrorKind::io, .message = "the system returned no random bytes"};
  std::string id;
  for (const unsigned char byte : bytes) {
    id += "0123456789abcdef"[byte >> 4];
    id += "0123456789abcdef"[byte & 15];
  }
  return id;
}

Result<Applied> read_outcome(std::string_view output, const std::string& id) {
  Applied applied;
  applied.id = id;
  std::string end;
  std::size_t at = 0;
  for (const auto line : lines(output)) {
    if (line == "facts 1") break;
    at = static_cast<std::size_t>(line.data() - output.data()) + line.size();
    if (!end.empty()) continue;
    if (line.starts_with("end ")) {
      end = line.substr(4);
      continue;
    }
    applied.settling = line.starts_with("settling ");
    if (const auto event = event_of(line); event && event->kind == ApplyEvent::Kind::warning)
      applied.warnings.push_back(event->text);
    else if (event && event->kind == ApplyEvent::Kind::error)
      applied.cause += (applied.cause.empty() ? "" : "; ") + event->text;
  }
  const auto outcome = outcome_of_end(end);
  if (!outcome) {
    return Error{.kind = ErrorKind::protocol,
                 .message = "the transaction " + id + " did not report its result",
                 .hint = "run regfallback status to ask the node again"};
  }
  applied.outcome = *outcome;
  // Facts that could not be read do not change what happened.
  const auto rest = output.substr(std::min(at + 1, output.size()));
  if (auto facts = parse_facts(rest)) applied.facts_after = *std::move(facts);
  return applied;
}

asio::awaitable<Result<Applied>> apply_plan(Shell& shell, const Plan& plan, const TransactionOptions& options,
                                            ApplyEvents on_event) {
  if (plan.empty()) {
    Applied unchanged;
    unchanged.id = options.id;
    co_return unchanged;
  }
  RF_CO_TRY(const Secret program, transaction_program(plan, options));
  co_return co_await run(shell, program.expose(), options.id, plan.service.wait_seconds, std::move(on_event));
}

asio::awaitable<Result<Applied>> roll_back(Shell& shell, const RollbackOptions& options, ApplyEvents on_event) {
  RF_CO_TRY(const std::string program, rollback_program(options));
  // The stored settings say how long a service may take; the longest of any distribution is allowed for.
  co_return co_await run(shell, program, options.transaction.id, 300, std::move(on_event));
}

asio::awaitable<Result<Applied>> remove_traces(Shell& shell, std::string newest, const FactsQuery& query) {
  RF_CO_TRY(const std::string program, removal_program(newest, query));
  RF_CO_TRY(const auto output, co_await shell.run(program, {.time = removal_limit, .bytes = most_output}));
  co_return read_outcome(output.text, "removal");
}

asio::awaitable<Result<Applied>> follow_transaction(Shell& shell, const TransactionOptions& options, int wait_seconds,
                                                    ApplyEvents on_event) {
  RF_CO_TRY(const std::string program, status_program(options));
  co_return co_await run(shell, program, options.id, wait_seconds, std::move(on_event));
}

}  // namespace rf
