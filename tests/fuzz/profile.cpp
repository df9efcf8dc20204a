// Any text as a profile: an error with its place, or a profile; never a crash.
#include <cstdint>
#include <cstdlib>

#include "node/profile_toml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto profile = rf::parse_profile("f.toml", {reinterpret_cast<const char*>(data), size});
  if (!profile && !profile.error().where) std::abort();
  if (profile && profile->eras.empty()) std::abort();
  return 0;
}
