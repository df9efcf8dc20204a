// config.toml and what it imports, read and merged as the given containerd does it: order, globs, versions, disabled
// plugins. effective_config() draws the registry settings from the result.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_tree.h"
#include "base/result.h"
#include "base/version.h"
#include "containerd/config/effective_config.h"
#include "containerd/toml/toml_document.h"

namespace rf {

// Where the CRI plugin's image settings stand, by version of the file.
inline constexpr std::string_view cri_plugin_v1 = "cri";
inline constexpr std::string_view cri_plugin_v2 = "io.containerd.grpc.v1.cri";
inline constexpr std::string_view cri_plugin_v3 = "io.containerd.cri.v1.images";
inline constexpr std::string_view cri_runtime_plugin =
    "io.containerd.cri.v1.runtime";  // the other half of the CRI plugin
inline constexpr std::string_view transfer_plugin = "io.containerd.transfer.v1.local";

// The keys of config.toml's top level that are looked at.
inline constexpr std::string_view root_keys[] = {"version", "imports", "plugins", "disabled_plugins",
                                                 "required_plugins"};

struct ListedPlugin {
  std::string name;
  Location where;
  bool operator==(const ListedPlugin&) const = default;
};

struct ConfigFiles {
  std::optional<Error> unread;     // beyond our limits or rights; the rest holds what was read before
  std::optional<Error> error;      // containerd does not start; the rest holds what was read before
  std::vector<std::string> files;  // read, in order
  std::vector<TomlNode> roots;     // one for each of `files`
  int root_version = 0;            // as written in the first file; 0: none
  TomlNode plugins;                // the tables of all plugins under the names this containerd gives them, merged
  std::string cri_plugin;          // the name among them whose registry settings count
  // 2.0 to 2.2: the registry settings stood under the name of version 2, and were moved to that one. What stood there
  // under its own name is lost.
  bool registry_was_migrated = false;
  std::vector<ListedPlugin> disabled;
  std::vector<ListedPlugin> required;
};

ConfigFiles read_config_files(const FileTree& tree, const ConfigSource& source, const Version& containerd);

// One file's root table with root_keys under these names wherever this containerd takes them for such: it matches the
// keys of the top level, and only these, in other cases too (1.x VERSION, 2.x Version as well).
Result<TomlNode> parse_config(std::string_view text, std::string_view file, const Version& containerd);

// The plugin name under which the registry settings of one file count, given what the whole configuration makes of it.
// `file_version` is the file's own (0: none).
std::string_view cri_plugin_name(int file_version, const Version& containerd);
// The highest config version this containerd takes.
int newest_config_version(const Version& containerd);

}  // namespace rf
