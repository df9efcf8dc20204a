// Profiles: what is known about one distribution, as data (profiles/*.toml). Nothing in the code asks for a distribution's name.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/embedded.h"
#include "base/result.h"
#include "base/version.h"
#include "containerd/effective_config.h"
#include "node/facts.h"

namespace rf {

enum class Style { hosts_dir, registries_yaml, config_toml, patch };
std::string_view to_string(Style style);

enum class RestartBy {
  none,     // the distribution notices by itself
  systemd,  // systemctl restart UNIT
  snap,     // snap restart APP
};

// What must hold on a node for the profile to be the one. Each list is "any of"; an empty list says nothing.
struct ProfileMatch {
  std::vector<std::string> units;        // unit of the kubelet's containerd: glob
  std::vector<std::string> exes;         // its executable: glob
  std::vector<std::string> parents;      // its parent's executable: glob
  std::vector<std::string> sockets;      // its address: glob
  std::vector<std::string> files;        // all of these exist
  std::vector<std::string> absent;       // none of these exists
  std::vector<std::string> processes;    // any of these runs (Facts::processes)
  std::vector<std::string> os_ids;       // os-release ID
};

struct ProfileService {
  std::string role;                 // "server", "agent", ""
  std::string unit;                 // "k3s.service"
  RestartBy restart_by = RestartBy::systemd;
  std::string restart_name;         // unit or snap app
  int order = 0;                    // lower ones are restarted first
  int serial = 0;                   // how many at once; 0: no limit
  int wait_seconds = 60;            // for health
};

// Settings that depend on the distribution's or containerd's version; the last one whose `since` is met wins.
struct ProfileEra {
  std::optional<Version> since;             // of the distribution
  std::optional<Version> containerd_since;
  Style style = Style::hosts_dir;
  std::string hosts_dir;                    // "/etc/containerd/certs.d"
  std::string config_file;                  // root config.toml a change goes to; "" = the running one's
  std::string drop_in;                      // file to write config_path into instead, "" = edit config_file in place
  std::string registries_file;              // "/etc/rancher/k3s/registries.yaml"
  std::string rendered_by;                  // "k3s" or "rke2" for the registries-yaml style: the header's program name
  bool config_managed = false;              // the distribution rewrites config_file: never edit it
};

struct Profile {
  std::string name;         // "k3s"
  std::string title;        // "K3s"
  std::string origin;       // "built in" or the file it came from
  int rank = 100;           // lower ones are tried first
  ProfileMatch match;
  std::string version_of;   // which of Facts::versions tells the distribution's version
  std::string socket;       // the kubelet's socket where it is fixed
  std::vector<ProfileService> services;
  std::vector<ProfileEra> eras;
  std::vector<std::string> fact_files;     // globs facts.sh must read for it
  unsigned file_mode = 0644;
  unsigned directory_mode = 0755;
  bool keep_group = false;  // new files take the group of the directory
  std::string note;         // one line for people
};

Result<std::vector<Profile>> load_profiles(std::span<const embedded::File> files);

// The node's runtime that the kubelet uses, and the profile that describes it.
struct Detection {
  Profile profile;
  ProfileEra era;                  // with version-dependent settings chosen
  std::optional<ProfileService> service;
  std::string distribution_version;  // "" when not known
  std::string role;
  RuntimeProcess runtime;          // pid 0 when none runs
  Version containerd;
  std::string confidence;          // "high"; "low (not running)"
  EffectiveConfig config;          // what that containerd does now
  std::string config_file;         // of that containerd
  std::string hosts_dir;           // where hosts.toml files go
  std::string state;               // "live", "needs config_path", "multi-root: ignored", "legacy mirrors", "managed elsewhere", "CRI disabled", "broken"
  std::vector<std::string> managers;  // who else manages registries: "Spegel (certs.d/_backup)"
  std::vector<std::string> notes;
};
struct DetectOptions {
  std::string distribution = {};   // forces a profile by name
};
Result<Detection> detect(const Facts& facts, std::span<const Profile> profiles, const DetectOptions& options = {});

}  // namespace rf
