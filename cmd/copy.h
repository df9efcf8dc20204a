// A copy of a node's files, or directories of this machine, in place of a node.
#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "containerd/chain/chain.h"
#include "containerd/k3s/registries_yaml.h"
#include "line/command.h"
#include "node/profile.h"

namespace rf::cmd {

struct FileCopy {
  Facts facts = {};  // the files, with the certificates that the configuration names, and the version that reads them
  ConfigSource source = {};
  EffectiveConfig config = {};  // that --containerd-version and --pull-mode make of them
  std::optional<Detection> detection =
      {};  // what the files tell of the node, with that configuration; nothing for --config-path
  // The copy holds every certificate file that is named, or the node has it not.
  ChainOptions chain = {.missing_certificates = ChainOptions::Missing::fails};
};
// --root. K3s and RKE2 make config.toml and certs.d when they start: of a copy that holds only registries.yaml these
// are `rendered`, or left as they were `found`. With `rendered_if_it_starts` they are left too where these programs
// would not start, which is no error then. An Error of kind usage where --containerd-version is missing; `command` is
// the one it speaks of.
enum class GeneratedFiles { found, rendered, rendered_if_it_starts };
Result<FileCopy> copy_below_root(const Options& options, std::string_view command, GeneratedFiles generated);
// --config-path.
Result<FileCopy> copy_of_config_path(const Options& options, std::string_view command);

// The program of a copy that reads registries.yaml, as it will start with the copy's files.
RegistriesYamlNode registries_yaml_node_of(const Options& options, const Detection& detection, const FileTree& tree);

Result<Version> wanted_version(const Options& options, std::string_view command);
Result<std::optional<PullMode>> wanted_pull_mode(const Options& options, const Version& containerd);

// Of commands that only look.
std::vector<Flag> copy_flags(Options& options);

}  // namespace rf::cmd
