// Any bytes as a node's answer: never a crash, and what is accepted is written back in a form that reads as the same
// facts.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "node/facts.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto facts = rf::parse_facts({reinterpret_cast<const char*>(data), size});
  if (!facts) {
    if (facts.error().message.empty()) std::abort();
    return 0;
  }
  const auto kept = rf::serialize_facts(*facts, rf::FactSecrets::keep);
  const auto again = rf::parse_facts(kept);
  if (!again || rf::serialize_facts(*again, rf::FactSecrets::keep) != kept) std::abort();
  const auto masked = rf::serialize_facts(*facts, rf::FactSecrets::mask);
  const auto read = rf::parse_facts(masked);
  if (!read || rf::serialize_facts(*read, rf::FactSecrets::mask) != masked) std::abort();
  return 0;
}
