// Any text as what `ssh -G` prints: jump hosts are names that no program takes for an option.
#include "input.h"
#include "transport/config/ssh_settings.h"

using namespace rf;
using fuzz::require;

namespace {

const LocalUser local{"me", "/home/me", "1000", "/run/agent"};

void check_settings(std::string_view text, const Target& target) {
  const auto settings = parse_ssh_settings(text, target, local);
  if (!settings) return require(!settings.error().message.empty());
  require(!settings->host_name.empty() && !settings->user.empty());
  for (const auto& jump : settings->jumps) require(check_target(jump).ok());
  require(settings->connect_timeout >= 0 && settings->port > 0 && settings->port <= 65535);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const auto text = fuzz::text_of(data, size);
  Target target;
  target.host = "node";
  check_settings(text, target);
  return 0;
}
