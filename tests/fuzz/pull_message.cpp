// Any text as the text of a failed pull: each failure it tells is different, its URL holds no user and no query, and
// what is said of it on a node is safe for a terminal.
#include "diagnose/pull_message.h"

#include <algorithm>

#include "input.h"
#include "report/failing_pull.h"

using namespace rf;
using fuzz::require;

namespace {

void check_failure(const PullFailure& failure) {
  require(failure.url.empty() || failure.url.starts_with("http://") || failure.url.starts_with("https://"));
  require(failure.url.find_first_of("?\" \n") == std::string::npos);
  require(failure.host.find_first_of("@/\" \n") == std::string::npos || failure.url.empty());
  require(failure.status == 0 || (failure.status >= 100 && failure.status <= 999));
  require(failure.said.find('\n') == std::string::npos && failure.said.size() <= 2048);
  require(!to_string(failure.cause).empty() && !pull_cause_text(failure).empty());
  if (failure.image) require(parse_image(to_string(*failure.image)).ok());
}

bool is_same(const PullFailure& a, const PullFailure& b) {
  const auto image = [](const PullFailure& failure) { return failure.image ? to_string(*failure.image) : ""; };
  return a.cause == b.cause && a.host == b.host && a.status == b.status && a.node == b.node && image(a) == image(b);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 16384) return 0;
  const auto failures = read_pull_messages(fuzz::text_of(data, size));
  require(failures.ok() && !failures->empty() && failures->size() <= most_pull_failures);
  std::vector<FailingPull> pulls;
  for (const auto& failure : *failures) {
    check_failure(failure);
    require(std::count_if(failures->begin(), failures->end(),
                          [&](const auto& other) { return is_same(failure, other); }) == 1);
    pulls.push_back({.failure = failure, .nodes = {}});
  }
  require(fuzz::is_safe_for_terminal(failing_pulls_text(pulls, {}, {.width = 100})));
  (void)to_json(failing_pulls_value(pulls, {}));
  return 0;
}
