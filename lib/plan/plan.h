// A plan: the changes that take one node from its facts to the intent. Pure data, comparable; made without IO.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file_tree.h"
#include "base/result.h"
#include "base/secret.h"
#include "containerd/chain/chain.h"
#include "intent/intent.h"
#include "intent/resolved.h"
#include "node/profile.h"
#include "plan/chain_difference.h"

namespace rf {

struct FileChange {
  // Directories are made before everything else, and removed last and only when empty.
  enum class Op { create, replace, remove, make_directory, remove_directory };
  Op op = Op::create;
  std::string path;               // absolute, symlinks above it resolved at plan time
  std::string before_sha256;      // "-" when it did not exist
  std::string before;             // content, for the diff; masked where it holds secrets
  Secret after;                   // content; empty for remove and for directories
  std::string after_sha256 = {};  // where the content is not known here; empty: it is that of `after`
  unsigned mode = 0644;
  unsigned uid = 0;
  unsigned gid = 0;
  // What the path is: a file comes after those it refers to, and goes before them. See sort_for_commit().
  // `own` is what regfallback keeps for itself: shown, and in no transaction.
  enum class Class { directory, certificate, hosts, config, own } kind = Class::hosts;
  bool holds_secrets = false;  // diffs show masks; mode is 0600
  std::string why;             // "registry docker.io: 1 mirror before the upstream"
  bool operator==(const FileChange&) const = default;
};

// A configuration that nobody writes now: what the distribution will give to containerd at its next start. It is tried
// before anything is changed.
struct Trial {
  std::string path;  // where it will be
  Secret content;
  bool operator==(const Trial&) const = default;
};

struct ServiceAction {
  RestartBy by = RestartBy::none;
  std::string name;  // unit or snap app; "" for none
  std::string why;   // "config_path was not set in /etc/containerd/config.toml"
  int order = 0;
  int serial = 0;
  int wait_seconds = 60;
  bool needed() const { return !name.empty(); }
  bool operator==(const ServiceAction&) const = default;
};

struct Plan {
  std::string node;
  std::vector<FileChange> files;  // in commit order
  ServiceAction service;
  // For the health check after it, and for validation: the runtime the plan is about.
  std::string runtime_exe;     // "/usr/bin/containerd"
  std::string runtime_socket;  // "/run/containerd/containerd.sock"
  std::string runtime_config;  // config.toml that is validated when it is among the files
  std::vector<Trial> trials;
  std::vector<std::string> warnings;
  std::vector<std::string> notes;
  std::vector<Chain> chains;  // what every declared registry will do after it
  // Of these and of all others the node has something for: those that will do something else than now.
  std::vector<ChainChange> chain_changes;
  std::vector<std::string> dropped;  // registries we wrote and the intent does not name any more, sorted
  // The files are for another place than the node they were made from: nothing is carried out.
  bool elsewhere = false;
  bool empty() const { return files.empty() && !service.needed(); }
};

// What is counted of plans wherever numbers are said. Directories are not counted: they come and go with their files. A
// registry counts once, however many nodes it is on.
struct PlanCounts {
  std::size_t nodes = 0;       // with something to do
  std::size_t written = 0;     // files that are new or changed
  std::size_t removed = 0;     // files
  std::size_t dropped = 0;     // registries
  std::size_t undeclared = 0;  // registries whose chain changes and of which the intent does not speak
  std::size_t restarts = 0;
  std::size_t files() const { return written + removed; }
  bool operator==(const PlanCounts&) const = default;
};
PlanCounts counts_of(std::span<const Plan* const> plans);
PlanCounts counts_of(const Plan& plan);

enum class RestartPolicy { automatic, never, always };
struct PlanOptions {
  std::optional<Style> style = {};  // forces a style
  RestartPolicy restart = RestartPolicy::automatic;
  // What becomes of the files we wrote for registries the intent does not name.
  enum class Undeclared { remove, keep } undeclared = Undeclared::remove;
};

// Every problem that forbids writing is an Error that explains itself, the self-check's included.
Result<Plan> make_plan(const Intent& intent, const ResolvedEndpoints& resolved, const Facts& facts,
                       const Detection& detection, const PlanOptions& options = {});

// The tree as it will be after the plan: what verification and the self-check look at.
FileTree project(const Plan& plan, const FileTree& tree);

}  // namespace rf
