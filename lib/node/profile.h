// Profiles: what is known about one distribution, as data (profiles/*.toml). Nothing in the code asks for a
// distribution's name.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/embedded.h"
#include "base/result.h"
#include "base/version.h"
#include "containerd/config/effective_config.h"
#include "node/facts.h"

namespace rf {

enum class Style { hosts_dir, registries_yaml, config_toml, patch };
std::string_view to_string(Style style);

enum class RestartBy {
  none,     // nothing may restart it
  systemd,  // systemctl restart UNIT
  snap,     // snap restart APP
  itself,   // the distribution does when a file changes; the transaction waits for it
};

// What must hold on a node for the profile to be the one. An empty list says nothing. Globs: '*' matches anything, '/'
// too.
struct ProfileMatch {
  // About the running containerd: one hit in any of these four lists is enough.
  std::vector<std::string> units;    // systemd unit: glob
  std::vector<std::string> exes;     // executable: glob
  std::vector<std::string> parents;  // parent's executable: glob
  std::vector<std::string> sockets;  // address: glob
  // About the node: every list that is not empty must hold, whatever runs.
  std::vector<std::string> files;      // all of these exist
  std::vector<std::string> any_file;   // at least one of these exists
  std::vector<std::string> absent;     // none of these exists
  std::vector<std::string> processes;  // any of these runs (Facts::processes)
  std::vector<std::string> os_ids;     // os-release ID is one of these
  std::vector<std::string> inits;      // process 1 is one of these: "systemd", "openrc", "other"
  // Marks of an installation, for nodes where no containerd runs: one is enough.
  std::vector<std::string> installed;
};

// How the distribution runs its kubelet, where that is not a `kubelet` process of its own.
struct ProfileKubelet {
  bool embedded = false;                    // part of the distribution's own process
  std::string process;                      // that process (Facts::processes): "k3s"
  std::string socket;                       // the endpoint it has unless told otherwise
  std::vector<std::string> endpoint_flags;  // flags of that process that name another endpoint
  std::vector<std::string> refuse_flags;    // flags with which containerd is not used at all
};

struct ProfileService {
  std::string role;  // "server", "agent", ""
  std::string unit;  // "k3s.service"
  RestartBy restart_by = RestartBy::systemd;
  std::string restart_name;  // unit or snap app
  int order = 0;             // lower ones are restarted first
  int serial = 0;            // how many at once; 0: no limit
  int wait_seconds = 60;     // for health
};

// A node has this role when the file exists; the first one that does.
struct ProfileRole {
  std::string name;  // "control-plane"
  std::string file;
};

// Settings that depend on the distribution's or containerd's version; the last one whose conditions are met wins.
struct ProfileEra {
  std::vector<Version> since;  // of the distribution: one release, or the first one of each maintained branch
  std::optional<Version> containerd_since;
  std::string when_file;        // this file exists, ...
  std::string when_first_line;  // ... and this is its first line
  Style style = Style::hosts_dir;
  std::string hosts_dir;               // "/etc/containerd/certs.d"; relative: beside the running config.toml
  std::string config_file;             // root config.toml a change goes to; "" = the running one's
  std::string drop_in;                 // file to write config_path into instead, "" = edit config_file in place
  int drop_in_version = 0;             // the oldest config version it starts with in a drop-in; 0: it takes any
  std::string drop_ins_merged;         // the file it merges the drop-ins of the CRI into; imported before the others
  std::string made_into;               // the running config.toml that it makes from config_file at every start ...
  std::vector<std::string> made_with;  // ... with these words filled in: "${SNAP_DATA}=/var/snap/microk8s/current"
  std::string registries_file;         // "/etc/rancher/k3s/registries.yaml"
  std::string rendered_by;             // "k3s" or "rke2" for the registries-yaml style: the header's program name
  std::string dialect;           // patch style: the native form, "talos"; registries-yaml: "config-toml" or "certs.d"
  bool config_managed = false;   // the distribution rewrites config_file: never edit it
  bool always_read = false;      // hosts_dir is read whatever config.toml says
  bool restarts_itself = false;  // it notices a change of drop_in and restarts containerd
};

struct Profile {
  std::string name;        // "k3s"
  std::string title;       // "K3s"
  std::string origin;      // "built in" or the file it came from
  int rank = 100;          // lower ones are tried first
  bool kubernetes = true;  // false: its containerd never is a kubelet's (Docker Engine)
  ProfileMatch match;
  ProfileKubelet kubelet;
  std::string version_of;     // which of Facts::versions tells the distribution's version
  std::string version_file;   // or a file that does, ...
  std::string version_after;  // ... behind this text: "version:"
  std::vector<ProfileService> services;
  std::vector<ProfileRole> roles;         // where the service does not tell
  std::vector<Version> wildcard_is_last;  // releases of whose containerd Fork says so
  std::vector<ProfileEra> eras;
  std::vector<std::string> render;      // forms `render --for` prints; empty: the one of the style
  std::vector<std::string> fact_files;  // globs the facts script must read for it
  unsigned file_mode = 0644;
  unsigned directory_mode = 0755;
  bool keep_group = false;      // new files take the group of the directory
  std::string manager;          // who else writes its registry configuration, and when; "" for nobody
  std::string without_runtime;  // what it means when its process runs and no containerd does
  std::string note;             // one line for people
};

// All problems of one file are found at the first one: Error with file, line, column and a suggestion. A profile in
// `extra` replaces the built-in one of its name. Sorted by rank, then name.
Result<std::vector<Profile>> load_profiles(std::span<const embedded::File> built_in,
                                           std::span<const embedded::File> extra = {});

// What the facts script must look at so that every profile can be decided, without duplicates, sorted.
std::vector<std::string> fact_globs(std::span<const Profile> profiles);
std::vector<std::string> service_units(std::span<const Profile> profiles);

// Who else writes a node's registry configuration.
struct Manager {
  enum class Kind {
    distribution,  // as its profile says
    spegel,
    generator,  // a program that names itself at the top of its files
  };
  Kind kind = Kind::distribution;
  std::string program = {};  // of a generator: "k3s"
  std::string text = {};     // with the place it was seen at: "Spegel (/etc/containerd/certs.d/_backup)"
  bool operator==(const Manager&) const = default;
};

// How sure it is that this runtime is the kubelet's.
enum class Confidence {
  high,
  given,  // forced by name
  low,    // none runs: nothing may be written
};
std::string_view to_string(Confidence confidence);  // "low (not running)"

// What the running containerd makes of registry configuration.
enum class RegistryState {
  live,               // hosts.toml files in hosts_dir are read
  needs_config_path,  // it reads none yet
  several_roots,      // config_path lists directories, and this containerd then reads none of them
  legacy_mirrors,     // mirrors are in config.toml
  managed_elsewhere,  // the distribution renders its files, from registries.yaml or from outside of the node
  cri_disabled,       // not a runtime for Kubernetes
  broken,             // it does not serve images, or will not start again
  not_running,
};
std::string_view to_string(RegistryState state);  // "multi-root: ignored"

// The node's runtime that the kubelet uses, and the profile that describes it.
struct Detection {
  Profile profile;
  ProfileEra era;  // with version-dependent settings chosen
  std::optional<ProfileService> service;
  std::string distribution_version;  // "" when not known
  std::string role;
  RuntimeProcess runtime;  // pid 0 when none runs
  Version containerd;
  Confidence confidence = Confidence::high;
  EffectiveConfig config;   // what that containerd does now
  std::string config_file;  // of that containerd
  std::string hosts_dir;    // where hosts.toml files go
  RegistryState state = RegistryState::not_running;
  std::vector<Manager> managers;  // who else manages registries
  std::vector<std::string> notes;
};
// How effective_config has to look at this node: the running containerd's file, or the one directory a program reads
// whatever its configuration says.
ConfigSource config_source(const Detection& detection);

struct DetectOptions {
  std::string distribution = {};  // forces a profile by name
};
// Errors: `unsupported` when the kubelet uses another runtime or none runs and nothing tells what is installed;
// `refused` when more than one answer is right and --distribution must decide.
Result<Detection> detect(const Facts& facts, std::span<const Profile> profiles, const DetectOptions& options = {});
// The runtime a node's kubelet uses in place of a containerd, by the endpoint or by a flag of its process; with it, and
// without a profile that is forced by name, `detect` gives this Error.
struct OtherRuntime {
  enum class Told { by_endpoint, by_flag } told = Told::by_endpoint;
  Error error;
};
std::optional<OtherRuntime> other_runtime(const Facts& facts, std::span<const Profile> profiles);
// Whether the distribution makes the runtime's config.toml from era.config_file at every start, so that only the latter
// may be edited.
bool is_made_from_another(const Detection& detection, const FileTree& tree);

}  // namespace rf
