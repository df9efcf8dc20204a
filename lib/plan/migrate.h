// Migration of legacy registry settings in config.toml (mirrors, configs.*.tls, auths) to hosts.toml files and one config_path. Proven:
// for every registry that is named anywhere, and for one that is not, the chain before equals the chain after, or it is refused.
#pragma once
#include <string>
#include <vector>

#include "base/file_tree.h"
#include "base/result.h"
#include "containerd/chain.h"
#include "plan/chain_difference.h"
#include "plan/plan.h"

namespace rf {

struct MigrateOptions {
  // Where the hosts.toml files go; "": the one directory that config_path names already, else /etc/containerd/certs.d.
  std::string hosts_dir = {};
  // What cannot be kept on this version: refuse with the difference, or take the closest form and say what is lost.
  enum class Differences { refuse, accept } differences = Differences::refuse;
  // Credentials stay in config.toml, where every version up to 2.4 takes them beside config_path; or they go into Authorization
  // headers of hosts.toml files that only root can read.
  enum class Credentials { in_config, in_headers } credentials = Credentials::in_config;
};

struct ChainProof {
  std::string registry;
  Chain before;
  Chain after;
  std::string difference;  // "" when equal
};

struct Migration {
  std::vector<FileChange> files;         // in commit order; empty when there is nothing to migrate
  std::vector<std::string> explanation;  // what goes where, one line each
  std::vector<std::string> lost;         // only with Differences::accept
  std::vector<ChainProof> proofs;
  std::vector<Chain> chains() const;     // after
};

Result<Migration> make_migration(const FileTree& tree, const ConfigSource& source, const Version& containerd, const MigrateOptions& options = {});

// The migration of a node as a plan: its files, and the restart that makes containerd read config.toml again. Empty where nothing is to
// be migrated. `lost` lines are warnings of the plan, the explanation its notes.
Result<Plan> plan_migration(const Facts& facts, const Detection& detection, const MigrateOptions& options, RestartPolicy restart);

}  // namespace rf
