// The words for what became of a node, from the worker's last line to the verdict of a run.
#include "apply/outcome.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

using namespace rf;

namespace {

std::string script(const std::string& name) {
  std::ifstream file(RF_SOURCE_DIR "/templates/node/" + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Every word a script of a node ends a transaction with.
std::set<std::string> end_words(const std::string& file) {
  static const std::regex comment("\n *#[^\n]*"), ending("(?:\n *|; *|'|then )(?:end|rf_end|refuse) ([a-z-]+)");
  const auto code = std::regex_replace(script(file), comment, "");
  std::set<std::string> words;
  for (std::sregex_iterator one(code.begin(), code.end(), ending), last; one != last; ++one) words.insert((*one)[1]);
  return words;
}

NodeResult with(Outcome outcome, std::optional<bool> verified = {}) {
  NodeResult result;
  result.outcome = outcome;
  result.verified = verified;
  return result;
}

Verdict verdict(std::vector<NodeResult> results, RunEnd end = RunEnd::complete) { return verdict_of(results, end); }

}  // namespace

TEST_CASE("every word the node's scripts end with is an outcome") {
  std::set<std::string> words;
  for (const auto* const file : {"worker/6-main.sh", "front.sh", "rollback.sh", "undo.sh", "remove.sh", "status.sh"})
    words.merge(end_words(file));
  CHECK(words.size() >= 7);
  for (const auto& word : words) {
    CAPTURE(word);
    CHECK(outcome_of_end(word));
  }
  CHECK_FALSE(outcome_of_end("done"));
}

TEST_CASE("the worker's word is the table's word, but for a transaction the node does not know") {
  for (const auto* const word : {"applied", "unchanged", "conflict", "rolled-back", "stuck", "refused", "busy"})
    CHECK(to_string(*outcome_of_end(word)) == word);
  CHECK(outcome_of_end("none") == Outcome::not_begun);
}

TEST_CASE("an error before the change was sent leaves the node as it was; one after may not") {
  const auto before = [](ErrorKind kind) { return outcome_before({.kind = kind, .message = ""}); };
  const auto after = [](ErrorKind kind) { return outcome_after({.kind = kind, .message = ""}); };
  for (const auto kind :
       {ErrorKind::connect, ErrorKind::host_key, ErrorKind::auth, ErrorKind::timeout, ErrorKind::protocol})
    CHECK(before(kind) == Outcome::unreachable);
  CHECK(before(ErrorKind::unsupported) == Outcome::refused);
  CHECK(before(ErrorKind::privilege) == Outcome::refused);
  CHECK(before(ErrorKind::conflict) == Outcome::conflict);
  CHECK(before(ErrorKind::interrupted) == Outcome::not_begun);
  for (const auto kind : {ErrorKind::connect, ErrorKind::timeout, ErrorKind::protocol, ErrorKind::interrupted,
                          ErrorKind::internal, ErrorKind::io})
    CHECK(after(kind) == Outcome::unknown);
  CHECK(after(ErrorKind::refused) == Outcome::refused);
}

TEST_CASE("a result takes what the transaction told") {
  NodeResult result{.transaction = "t-1"};
  Applied applied{.outcome = Outcome::rolled_back, .id = "t-1", .cause = "cri=error", .warnings = {"w"}};
  settle(result, applied);
  CHECK(result.outcome == Outcome::rolled_back);
  CHECK(result.detail == "cri=error; w");
  CHECK(result.transaction == "t-1");
  settle(result, Applied{.outcome = Outcome::unchanged, .id = "t-1"});
  CHECK(result.transaction.empty());
  settle(result, Error{.kind = ErrorKind::timeout, .message = "late"});
  CHECK(result.outcome == Outcome::unknown);
  CHECK(result.error->message == "late");
}

TEST_CASE("the worst node is the verdict") {
  const auto good = with(Outcome::applied, true);
  CHECK(verdict({}) == Verdict::well);
  CHECK(verdict({good, with(Outcome::unchanged), with(Outcome::applied)}) == Verdict::well);
  for (const auto outcome : {Outcome::not_begun, Outcome::unreachable, Outcome::refused, Outcome::busy,
                             Outcome::conflict, Outcome::rolled_back})
    CHECK(verdict({good, with(outcome)}) == Verdict::failed);
  CHECK(verdict({good, with(Outcome::rolled_back), with(Outcome::applied, false)}) == Verdict::not_as_declared);
  CHECK(verdict({with(Outcome::applied, false), with(Outcome::not_begun)}, RunEnd::interrupted) ==
        Verdict::interrupted);
  CHECK(verdict({good}, RunEnd::interrupted) == Verdict::interrupted);
  CHECK(verdict({with(Outcome::stuck), with(Outcome::applied, false)}, RunEnd::interrupted) == Verdict::needs_person);
  CHECK(verdict({with(Outcome::unknown), good}) == Verdict::needs_person);
}
