// Any text as what a node's probe printed: put back to the chains that were asked, or an error; what people are shown
// of it is safe.
#include "probe/probe.h"
#include "input.h"
#include "probe/plan.h"
#include "report/test.h"

using namespace rf;
using fuzz::require;

namespace {

std::vector<Chain> chains() {
  Chain chain{.registry = "docker.io", .hosts_dir = {}, .error = {}, .ignored = {}, .endpoints = {}};
  chain.endpoints.push_back({.scheme = "http", .host = "m:5000", .path = "/v2", .capabilities = {"pull", "resolve"}});
  chain.endpoints.push_back({.scheme = "https",
                             .host = "registry-1.docker.io",
                             .path = "/v2",
                             .capabilities = {"pull", "resolve"},
                             .http_fallback = true});
  return {chain};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 8192) return 0;
  const auto text = fuzz::text_of(data, size);
  static const auto asked = chains();
  const ProbeOptions options{.image = *parse_image("docker.io/library/alpine:3")};
  // As it is, and as the answer to the first question and the log of a pull, which travel as base64.
  const auto encoded = base64_encode(text);
  for (const auto& output : {std::string(text), "client curl\nanswer 0 curl " + encoded + "\npull 0 3 " + encoded +
                                                    "\nlog " + encoded + "\n"}) {
    const auto probe = read_probe(output, asked, options);
    if (!probe) {
      require(terminal_safe(probe.error().message, Lines::escape) == probe.error().message);
      continue;
    }
    require(probe->registries.size() == 1 && probe->registries[0].endpoints.size() == 2);
    for (const auto& one : probe->registries[0].endpoints) require(one.milliseconds >= 0 && one.status >= 0);
    const std::vector<TestRow> rows{{.node = "n", .error = {}, .probe = &*probe}};
    require(fuzz::is_safe_for_terminal(test_text(rows, {.width = 100})));
    (void)to_json(test_value(rows));
    (void)test_findings(rows);
  }
  return 0;
}
