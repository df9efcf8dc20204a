// Any bytes as an intent file: never a crash, and what is accepted has a normal form that reads back.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "intent/intent.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = rf::parse_intent({.file = "f", .text = std::string(text), .mode_bits = 0600});
  for (const auto& problem : parsed.problems)
    if (!problem.where || problem.message.empty()) std::abort();
  if (parsed.ok()) {
    const auto again = rf::parse_intent({.file = "f", .text = rf::starter_intent({}, &parsed.intent)});
    if (!parsed.intent.registries.empty() && !again.ok()) std::abort();
    for (const auto& registry : parsed.intent.registries)
      if (again.intent.registry(registry.name)->chain() != registry.chain()) std::abort();
  }
  (void)rf::parse_nodes(text);
  if (const auto endpoint = rf::parse_endpoint(text); endpoint && *rf::parse_endpoint(endpoint->url()) != *endpoint)
    std::abort();
  return 0;
}
