// Facts: all that was read from one node in one go. Plain data; everything in it is hostile until checked.
// parse_facts reads what templates/node/facts prints (the format stands there); serialize_facts writes the same form.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_tree.h"
#include "base/result.h"
#include "containerd/pull/proxy.h"

namespace rf {

// As `ctr plugins ls` says; `unknown` is what no containerd known to us says.
enum class PluginState { unknown, ok, error, skip };
std::string_view to_string(PluginState state);

// A running containerd (shims excluded).
struct RuntimeProcess {
  int pid = 0;
  std::string exe = {};          // "/usr/bin/containerd"
  std::string version = {};      // what `exe --version` printed
  std::string config_file = {};  // --config/-c, "/etc/containerd/config.toml" when not given
  std::string address = {};      // --address/-a or grpc.address; "/run/containerd/containerd.sock" when not known
  std::string root = {};         // --root or ""
  std::string unit = {};         // systemd unit of its cgroup, "" when none
  std::string parent_exe = {};   // "/usr/local/bin/k3s" where containerd is a child of its distribution
  std::vector<std::string> argv = {};
  std::vector<std::string> apart = {};  // paths at which a mount of its own shows it something else than us
  ProxyEnvironment proxy = {};          // may hold passwords
  std::map<std::string, PluginState, std::less<>> plugins = {};  // of the CRI; empty when ctr could not be asked
  bool operator==(const RuntimeProcess&) const = default;
};

// systemd's words for a unit; `unknown` where it was not asked or said something else.
enum class ActiveState {
  unknown,
  active,
  reloading,
  refreshing,
  activating,
  deactivating,
  inactive,
  failed,
  maintenance
};
enum class EnabledState {
  unknown,
  enabled,
  enabled_runtime,
  linked,
  linked_runtime,
  alias,
  masked,
  masked_runtime,
  static_unit,
  indirect,
  disabled,
  generated,
  transient,
  bad
};
std::string_view to_string(ActiveState state);   // as systemctl is-active prints it, "" for unknown
std::string_view to_string(EnabledState state);  // as systemctl is-enabled prints it, "" for unknown

struct ServiceState {
  ActiveState active = ActiveState::unknown;
  EnabledState enabled = EnabledState::unknown;
  bool operator==(const ServiceState&) const = default;
};

// How a transaction ended, as its receipt says.
enum class ReceiptResult { unknown, settling, applied, rolling_back, rolled_back, stuck };
std::string_view to_string(ReceiptResult result);  // "rolled-back"

struct ReceiptSummary {
  int sequence = 0;  // counts up; the highest is the newest
  std::string id;    // transaction id
  std::string time;  // ISO 8601 UTC by the operator's clock; for people only
  ReceiptResult result = ReceiptResult::unknown;
  std::string tool_version;
  std::string reason;    // one line
  std::string run = {};  // id of the run it is part of, the same on every node of it; "" of older versions
  std::string by = {};   // who began the run, and where: "ana@laptop"
  std::vector<std::string> undoes = {};  // ids of the transactions it undid: it is a rollback
  // Paths the transaction changed, with checksums before and after ("-" for did not exist).
  struct File {
    std::string path;
    std::string before;
    std::string after;
    bool operator==(const File&) const = default;
  };
  std::vector<File> files;
  bool operator==(const ReceiptSummary&) const = default;
};

// A transaction that has not ended on its node: its files may be in the new state, in the old one, or in between.
struct Unfinished {
  // Up to `staged` nothing is changed; `stuck`: some path could not be put back; `other`: of a newer version.
  enum class State { none, staged, committing, applied, rolling_back, rolled_back, stuck, refused, other };
  std::string id;
  State state = State::none;
  bool operator==(const Unfinished&) const = default;
};
std::string to_string(const Unfinished& transaction);  // "t1 rolling-back"

struct Facts {
  std::string hostname;
  std::map<std::string, std::string, std::less<>> os_release;  // ID, VERSION_ID, PRETTY_NAME, ...
  std::string kernel;                                          // uname -r
  std::string arch;                                            // uname -m
  std::string init;                                            // "systemd", "openrc", "other"
  unsigned uid = 0;                                            // that the script ran as
  bool in_container = false;
  struct SudoLog {
    bool input = false;
    bool output = false;
    bool operator==(const SudoLog&) const = default;
  } sudo_log;         // what sudo records of the sessions in which we read and write files
  bool asked = true;  // false: versions, services and the state of plugins were not asked for

  FileTree tree;  // the files that matter: profiles name them
  std::vector<RuntimeProcess> runtimes;
  std::string kubelet_endpoint;  // "unix:///run/containerd/containerd.sock", "" when no kubelet was found
  std::string kubelet_source;    // where that was read: "argv of 812", "/var/lib/kubelet/config.yaml"
  std::map<std::string, std::vector<std::string>, std::less<>>
      processes;  // marker name -> argv: "kubelet", "k3s", "dockerd", "crio"
  std::map<std::string, ServiceState, std::less<>> services;
  std::map<std::string, std::string, std::less<>> tools;     // "crictl" -> "/usr/bin/crictl"; absent when not there
  std::map<std::string, std::string, std::less<>> versions;  // "k3s" -> "k3s version v1.31.4+k3s1"

  std::vector<ReceiptSummary> receipts;
  std::optional<Unfinished> unfinished;
  std::string busy;                         // who holds the lock, or ""
  std::optional<ReceiptSummary> under_way;  // of the transaction that is unfinished or holds the lock
  std::vector<std::string> traces;          // what regfallback keeps on the node, its configuration apart
  std::vector<std::string> truncated;       // paths that were too large to read
  bool operator==(const Facts&) const = default;
};

Result<Facts> parse_facts(std::string_view text);
// What `later` facts of the same node did not ask for, from `earlier` ones. The plugins of a runtime that was restarted
// stay unknown.
void complete_facts(Facts& later, const Facts& earlier);
// Secret values in configuration files (auth, headers, passwords) are replaced by masks of the same checksum-per-value.
enum class FactSecrets { mask, keep };
std::string serialize_facts(const Facts& facts, FactSecrets secrets);

}  // namespace rf
