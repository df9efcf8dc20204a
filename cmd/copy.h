// A copy of a node's files, or directories of this machine, in place of a node.
#pragma once
#include <optional>
#include <string_view>

#include "containerd/effective_config.h"
#include "containerd/registries_yaml.h"
#include "node/profile.h"
#include "options.h"

namespace rf::cmd {

struct FileCopy {
  FileTree tree;  // with the certificates that the configuration names
  ConfigSource source;
  EffectiveConfig config;
  std::optional<Detection> detection;  // what the files tell of the node; nothing for --config-path
};
// --root. K3s and RKE2 make config.toml and certs.d when they start: of a copy that holds only registries.yaml these are `rendered`, or
// left as they were `found`. `command` is named in errors.
enum class GeneratedFiles { found, rendered };
Result<FileCopy> copy_below_root(const Options& options, std::string_view command, GeneratedFiles generated);
// --config-path.
Result<FileCopy> copy_of_config_path(const Options& options, std::string_view command);

// The program of a copy that reads registries.yaml, as it will start with the copy's files.
RegistriesYamlNode registries_yaml_node_of(const Options& options, const Detection& detection, const FileTree& tree);

Result<Version> wanted_version(const Options& options, std::string_view command);
Result<std::optional<PullMode>> wanted_pull_mode(const Options& options, const Version& containerd);

}  // namespace rf::cmd
