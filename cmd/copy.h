// A copy of a node's files in place of the node (--root): for commands that only look.
#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "command.h"
#include "containerd/chain.h"
#include "node/profile.h"

namespace rf::cmd {

struct Copy {
  Facts facts = {};          // the files, and which containerd reads them
  Detection detection = {};  // with the configuration that --containerd-version and --pull-mode make of them
  // The copy holds every certificate file that is named, or the node has it not.
  ChainOptions chain = {.missing_certificates = ChainOptions::Missing::fails};
};
// An Error of kind usage where --containerd-version is missing; `command` is the one it speaks of.
Result<Copy> read_copy(const Options& options, std::string_view command);

Result<Version> wanted_version(const Options& options, std::string_view command);
Result<std::optional<PullMode>> wanted_pull_mode(const Options& options, const Version& containerd);

std::vector<Flag> copy_flags(Options& options);

}  // namespace rf::cmd
