// A registry's host directory: which one containerd finds, and what it makes of the files in it.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_tree.h"
#include "base/version.h"
#include "containerd/chain/hosts_toml.h"
#include "containerd/config/effective_config.h"

namespace rf {

// How the operating system fails to open a path; the text is Go's: "open /a/b: no such file or directory".
struct OpenFailure {
  enum class Kind { missing, not_a_directory, is_a_directory, denied };
  Kind kind = Kind::missing;
  std::string text;
};
std::optional<OpenFailure> open_failure(const FileTree& tree, const std::string& path);

struct HostDirectory {
  std::string path;                   // "" when no root has one
  std::optional<std::string> error;   // the search itself failed
  std::optional<Error> unread;        // we could not look there
  std::vector<std::string> shadowed;  // directories of later roots, and _default, that would have matched too
};
HostDirectory find_host_directory(const FileTree& tree, const std::vector<std::string>& roots,
                                  std::string_view registry, const Version& containerd);

// Registries that have a directory or a mirror block of their own, sorted; "*" stands for every other one.
std::vector<std::string> configured_registries(const FileTree& tree, const EffectiveConfig& config);
// No image can name these registries: they get what "*" gives. People are shown neither.
inline constexpr std::string_view unnamed_registry = "unnamed.invalid";
inline constexpr std::string_view unnamed_registry_with_port = "unnamed.invalid:5000";
inline constexpr std::string_view shown_itself = "the registry itself";
std::string shown_registry(std::string_view registry);  // "docker.io", "*", "* with a port"
std::string shown_url(const ChainEndpoint& endpoint);   // "https://m1:5000/v2", or shown_itself
bool is_unnamed(std::string_view registry);

struct LoadedHosts {
  std::vector<HostEntry> entries = {};    // the last one is the root entry; never empty unless error or unread is set
  std::string file = {};                  // the hosts.toml they come from, "" for certificate files
  std::optional<std::string> error = {};  // the pull fails with it
  std::optional<Error> unread = {};       // we did not read the file; there are no entries then
  std::string dropped = {};               // what is wrong with a hosts.toml that is dropped whole, "" for none
  std::vector<IgnoredSetting> ignored = {};
};
LoadedHosts load_host_directory(const FileTree& tree, const std::string& directory, const Version& containerd);

}  // namespace rf
