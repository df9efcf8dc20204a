// Edits of containerd's config.toml that keep comments and layout: the one config_path, legacy mirror blocks in and
// out. Pure text in, text out; each edit is proven against effective_config(): what was asked for is in effect
// afterwards, and nothing else changed.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_tree.h"
#include "base/result.h"
#include "base/version.h"
#include "containerd/config/effective_config.h"

namespace rf {

// The config.toml of a node with one explicit config_path. `file` is what has to change: the root file, or the drop-in
// whose value would win. Not changed when the value is in effect already.
struct ConfigEdit {
  std::string file;
  std::string before;  // "" when the file does not exist
  std::string after;
  std::string why;
  bool changed() const { return before != after; }
};

// Refused (kind refused; hint names `regfallback migrate`) where mirrors, or on 1.x configs.tls, stand beside it; where
// the CRI plugin is disabled; and where containerd does not load the files as they are.
Result<ConfigEdit> edit_config_path(const FileTree& tree, const ConfigSource& source, const Version& containerd,
                                    std::string_view path);

// The same for one file by itself; what it imports is not looked at. "" makes a minimal file of the right version.
Result<std::string> set_config_path(std::string_view text, const Version& containerd, std::string_view path);

// Without the legacy registry settings that count: mirrors, configs.<host>.tls and, if asked for, configs.<host>.auth
// and auths. Tables that are left empty go too.
enum class LegacyAuth { keep, remove };
Result<std::string> remove_legacy(std::string_view text, const Version& containerd, LegacyAuth auth);
// The same for all files of a node; one edit for each file that changes.
Result<std::vector<ConfigEdit>> remove_legacy(const FileTree& tree, const ConfigSource& source,
                                              const Version& containerd, LegacyAuth auth);

// Legacy mirror blocks for exactly these registries (registry -> endpoints); others that stand there stay. Run again,
// it changes nothing. Refused where a config_path is in effect.
using MirrorEndpoints = std::map<std::string, std::vector<std::string>, std::less<>>;
Result<std::string> set_mirrors(std::string_view text, const Version& containerd, const MirrorEndpoints& mirrors);

}  // namespace rf
