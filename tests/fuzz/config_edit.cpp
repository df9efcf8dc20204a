// Any bytes as config.toml, for any version: never a crash; an edit that is made is the only change, comes into effect,
// and is made once. The first byte chooses the version of containerd.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "containerd/config/config_edit.h"
#include "containerd/toml/toml_document.h"

namespace {

constexpr std::array versions{"1.5.18", "1.6.20", "1.7.24", "2.0.0",       "2.1.9",
                              "2.2.0",  "2.2.7",  "2.3.4",  "2.4.0-beta.0"};
constexpr auto path = "/etc/containerd/certs.d";

void require(bool holds) {
  if (!holds) std::abort();
}

// Without the setting, and without tables that hold nothing.
void strip(rf::TomlNode& node) {
  for (auto entry = node.entries.begin(); entry != node.entries.end();) {
    strip(entry->second);
    const bool setting = entry->first == "config_path" && entry->second.is_string();
    const bool empty = entry->second.is_table() && entry->second.entries.empty();
    if (setting || empty)
      entry = node.entries.erase(entry);
    else
      ++entry;
  }
}

void check_edit(std::string_view text, const rf::Version& containerd) {
  const auto edited = rf::set_config_path(text, containerd, path);
  if (!edited) return;
  auto before = rf::parse_toml(text, "before");
  auto after = rf::parse_toml(*edited, "after");
  require(before.ok() && after.ok());
  if (before->entries.empty()) after->entries.erase("version");  // a file without settings gets its version line
  strip(*before);
  strip(*after);
  require(rf::same_meaning(*before, *after));
  const auto again = rf::set_config_path(*edited, containerd, path);
  require(again.ok() && *again == *edited);
}

void check_mirrors(std::string_view text, const rf::Version& containerd) {
  const rf::MirrorEndpoints mirrors{{"docker.io", {"http://m:5000", "https://it's.corp"}}, {"*", {"http://w"}}};
  const auto once = rf::set_mirrors(text, containerd, mirrors);
  if (!once) return;
  const auto again = rf::set_mirrors(*once, containerd, mirrors);
  require(again.ok() && *again == *once);
  const auto removed = rf::remove_legacy(*once, containerd, rf::LegacyAuth::remove);
  require(!removed.ok() || rf::parse_toml(*removed, "removed").ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 8192) return 0;
  const auto containerd = rf::parse_version(versions.at(data[0] % versions.size()));
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  rf::FileTree tree;
  tree.put_file("/etc/containerd/config.toml", std::string(text));
  const auto config = rf::effective_config(tree, {}, *containerd);
  require(!config.load_error || !config.load_error->message.empty());
  check_edit(text, *containerd);
  check_mirrors(text, *containerd);
  return 0;
}
