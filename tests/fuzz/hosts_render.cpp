// Any accepted intent, rendered for a version and read back by that version's rules, gives what was written, field by
// field. The first byte chooses the version.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "containerd/chain/hosts_toml.h"
#include "containerd/go/go_duration.h"
#include "intent/intent.h"
#include "plan/hosts_render.h"

namespace {

const std::array versions{rf::Version{1, 6, 20}, rf::Version{1, 7, 24}, rf::Version{2, 0, 7}, rf::Version{2, 1, 9},
                          rf::Version{2, 3, 4}};

// An entry in the words its reader uses: capabilities in its order, a duration as Go prints it, paths absolute.
rf::HostEntry as_read(rf::HostEntry entry, const rf::Version& version) {
  std::vector<std::string> capabilities;
  for (const auto& word : rf::all_capabilities(version))
    if (entry.host.empty() ||
        std::find(entry.capabilities.begin(), entry.capabilities.end(), word) != entry.capabilities.end())
      capabilities.push_back(word);
  entry.capabilities = std::move(capabilities);
  if (entry.dial_timeout) entry.dial_timeout = rf::print_go_duration(*rf::parse_go_duration(*entry.dial_timeout));
  entry.line = 0;
  std::sort(entry.headers.begin(), entry.headers.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return entry;
}

void check(const rf::Registry& registry, const rf::Intent& intent, const rf::Version& version) {
  const auto files = rf::hosts_files(registry, intent, {}, version);
  if (!files) return;
  const auto text = rf::render_hosts_toml(files->chain, rf::describe(registry));
  const auto read = rf::parse_hosts_toml(text.text().expose(), "/x", version);
  if (!read || read->entries.size() != files->chain.size()) std::abort();
  for (std::size_t i = 0; i < files->chain.size(); ++i)
    if (as_read(files->chain[i], version) != as_read(read->entries[i], version)) std::abort();
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
