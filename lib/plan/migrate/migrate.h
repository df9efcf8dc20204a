// Migration of registry configuration from one form to another: legacy settings in config.toml (mirrors, configs.*.tls,
// auths), hosts.toml files, and registries.yaml of K3s and RKE2. Proven: for every registry that is named anywhere, and
// for one that is not, the chain before equals the chain after, or it is refused.
#pragma once
#include <string>
#include <vector>

#include "base/file_tree.h"
#include "base/result.h"
#include "containerd/chain/chain.h"
#include "containerd/k3s/registries_yaml.h"
#include "plan/chain_difference.h"
#include "plan/file_changes.h"
#include "plan/plan.h"

namespace rf {

struct MigrateOptions {
  enum class Form { hosts_dir, registries_yaml } to = Form::hosts_dir;
  // Where the files go: onto the node they come from, or to a directory, for a node of another distribution.
  enum class Place { same_node, elsewhere } place = Place::same_node;
  // Where the hosts.toml files go; "": the one directory that config_path names already, else /etc/containerd/certs.d.
  std::string hosts_dir = {};
  // What cannot be kept: refuse with the difference, or take the closest form and say what is lost.
  enum class Differences { refuse, accept } differences = Differences::refuse;
  // Credentials stay in config.toml, where every version up to 2.4 takes them beside config_path; or they go into
  // Authorization headers of hosts.toml files that only root can read. Of hosts.toml files alone.
  enum class Credentials { in_config, in_headers } credentials = Credentials::in_config;
  // Of the node elsewhere: its containerd (absent: that of the node the files come from), or its K3s or RKE2.
  std::optional<Version> containerd = {};
  std::string program = "k3s";
  std::optional<Version> program_version = {};
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
  std::vector<Chain> chains() const;  // after
};

// The legacy settings of config.toml become hosts.toml files and one config_path, on the same node.
Result<Migration> make_migration(const NodeFiles& node, const ConfigSource& source, const Version& containerd,
                                 const MigrateOptions& options = {});

// registries.yaml, and every hosts.toml file beside what is rendered from it, become hosts.toml files for a plain
// containerd elsewhere, with a config.toml that holds what they need of it. `containerd` is the one that `node`'s
// program runs.
Result<Migration> migrate_from_registries_yaml(const FileTree& tree, const RegistriesYamlNode& node,
                                               const Version& containerd, const MigrateOptions& options);

// hosts.toml files and legacy settings become a registries.yaml. `target` is the program that will read it: on the same
// node, where the directories it did not render itself are taken into its file and removed; or elsewhere. Certificates
// below directories that are given up are copied beside registries.yaml.
Result<Migration> migrate_to_registries_yaml(const NodeFiles& node, const ConfigSource& source,
                                             const Version& containerd, const RegistriesYamlNode& target,
                                             const MigrateOptions& options);
// A node elsewhere that runs the program of the options, in its usual places.
RegistriesYamlNode usual_registries_yaml_node(const MigrateOptions& options);

// A plan that carries a migration out: `lost` lines are its warnings, the explanation its notes.
Plan with_migration(Plan plan, Migration migration);
// The migration of a node as a plan: its files, and the restart that makes them count. Empty where nothing is to be
// migrated. A plan for elsewhere has no restart and is not for this node.
Result<Plan> plan_migration(const Facts& facts, const Detection& detection, const MigrateOptions& options,
                            RestartPolicy restart);

}  // namespace rf
