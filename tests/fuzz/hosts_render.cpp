// Any accepted intent, rendered for a version and read back by that version's rules, gives the declared endpoints in
// their order.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "containerd/chain/hosts_toml.h"
#include "intent/intent.h"
#include "plan/hosts_render.h"

namespace {

const std::array versions{rf::Version{1, 6, 20}, rf::Version{1, 7, 24}, rf::Version{2, 0, 7}, rf::Version{2, 1, 9},
                          rf::Version{2, 3, 4}};

void check(const rf::Registry& registry, const rf::Intent& intent, const rf::Version& version) {
  const auto files = rf::hosts_files(registry, intent, {}, version);
  if (!files) return;
  const bool open = registry.name == "*" && registry.upstream == rf::Registry::Upstream::standard;
  const auto text = rf::render_hosts_toml(files->chain, open ? rf::LastHost::own_upstream : rf::LastHost::server,
                                          rf::describe(registry));
  const auto read = rf::parse_hosts_toml(text.expose(), "/x", version);
  if (!read || read->entries.size() != files->chain.size() + (open ? 1 : 0)) std::abort();
  for (std::size_t i = 0; i < files->chain.size(); ++i) {
    const auto& wanted = files->chain[i];
    const auto& found = read->entries[i];
    if (wanted.endpoint.scheme != found.scheme || wanted.endpoint.host != found.host ||
        wanted.endpoint.path != found.path)
      std::abort();
    if (wanted.headers.size() != found.headers.size()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto& version = versions[data[0] % versions.size()];
  const auto parsed = rf::parse_intent({.file = "f", .text = std::string(data + 1, data + size), .mode_bits = 0600});
  if (!parsed.ok()) return 0;
  for (const auto& registry : parsed.intent.registries) check(registry, parsed.intent, version);
  return 0;
}
