// One node as the rules look at it: what several of them need is worked out once. Internal to the room.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "containerd/chain/hosts_dir.h"
#include "containerd/config/config_files.h"
#include "containerd/config/features.h"
#include "diagnose/diagnose.h"
#include "yaml/yaml_tree.h"

namespace rf {

// A directory for one registry below a directory of hosts.toml files.
struct RegistryDirectory {
  std::string root = {};
  std::string name = {};  // "docker.io", "anubis_5000_", "_default"
  std::string path = {};
  std::string registry = {};  // "docker.io", "anubis:5000", "*"
  LoadedHosts loaded = {};    // what containerd makes of it
};

// One directory of config_path, and what keeps it from being a directory of hosts.toml files.
struct ConfiguredRoot {
  std::string written = {};
  std::string path = {};  // where a relative one leads: a service's working directory is /
  enum class Fault { none, file, of_one_registry, above } fault = Fault::none;
  std::string right = {};  // what was meant; `path` without a fault
};

class View {
 public:
  explicit View(const Subject& subject);

  const Subject& subject() const { return subject_; }
  const Facts& facts() const { return subject_.facts; }
  // Of rules that need a detection only.
  const Detection& detection() const { return *subject_.detection; }
  const ProfileEra& era() const { return detection().era; }
  const Version& containerd() const { return detection().containerd; }
  bool has(Feature feature) const { return has_feature(containerd(), feature); }
  bool at_least(int major, int minor) const;
  std::string who() const;  // "containerd 1.7.24"
  bool is_copy() const { return subject_.source == Subject::Source::copy; }

  // What config.toml says now, with its imports. A load_error means that it is known in part only.
  const EffectiveConfig& config() const { return detection().config; }
  const ConfigFiles& files() const { return files_; }
  bool config_is_known() const { return !config().load_error; }
  const TomlNode* root_of(std::string_view file) const;  // of one of files(); nullptr when it was not read
  int version_of(std::string_view file) const;           // its own version line; 0: none

  // The files as they are after the distribution's next start: what it renders then is there already.
  const FileTree& tree() const { return tree_; }
  // Directories that hold hosts.toml files for this containerd: those it reads, and the one it should read. Each once.
  const std::vector<std::string>& roots() const { return roots_; }
  // What config_path says, by part.
  const std::vector<ConfiguredRoot>& configured_roots() const { return configured_; }
  bool is_read(std::string_view root) const;
  // Whether the tree holds everything below the directory of this path, so that what is not there does not exist.
  bool is_complete(std::string_view path) const;
  const std::vector<RegistryDirectory>& directories() const { return directories_; }
  // Of every registry that is configured, as if nothing kept containerd from reading roots(); that of every other
  // registry is "*".
  const std::vector<Chain>& chains() const { return chains_; }

  // Where a setting of this file is to be changed: the file itself, or the one it is made from at the next start.
  std::string source_of(std::string_view file) const;
  bool is_rendered(std::string_view file) const;  // by the distribution, from registries.yaml
  // The item of registries.yaml that an endpoint of a rendered file comes from; nullptr when there is none.
  const YamlNode* written_endpoint(const Chain& chain, const ChainEndpoint& endpoint) const;
  // The line to show for a place in a file: in registries.yaml where the file is rendered from it.
  Location place(std::string_view file, int line) const;
  Location place(const Chain& chain, const ChainEndpoint& endpoint) const;
  // "systemctl restart containerd"
  std::string restart() const;
  // What turns legacy registry settings into hosts.toml files on this node.
  std::string migrate() const;
  // "[plugins.\"io.containerd.grpc.v1.cri\".registry]": the table for registry settings in a file of this version line
  // (0: none).
  std::string registry_table(int file_version) const;

  // registries.yaml with positions; null when there is none, or it does not parse.
  const YamlNode* registries_yaml() const { return registries_yaml_.get(); }
  const std::string& registries_file() const { return registries_file_; }

 private:
  ConfiguredRoot configured_root(std::string_view part) const;
  std::string root_below(const std::string& directory) const;
  void find_roots();
  void look_at_directories();
  void resolve_chains();
  const Subject& subject_;
  ConfigFiles files_;
  FileTree tree_;
  EffectiveConfig looked_;
  std::vector<ConfiguredRoot> configured_;
  std::vector<std::string> roots_;
  std::vector<RegistryDirectory> directories_;
  std::vector<Chain> chains_;
  std::string registries_file_;
  YamlPtr registries_yaml_;
};

// Whether a chain is that of legacy mirror blocks.
bool is_legacy(const EffectiveConfig& config);

// The line of a key in hosts.toml: of the host whose table stands on `entry_line`, or of the root where that is no
// table's line (`server`, or 0). 0 when the key is not written there.
int host_key_line(std::string_view text, int entry_line, std::string_view key);
// What a path of keys leads to in a YAML document, merge keys included: of a key that is written again the later one,
// as K3s and RKE2 read it. Nothing when it is not there.
struct YamlEntry {
  const YamlNode* key = nullptr;
  const YamlNode* value = nullptr;
};
std::optional<YamlEntry> yaml_entry(const YamlNode* root, const std::vector<std::string>& path);
int yaml_key_line(const YamlNode* root, const std::vector<std::string>& path);  // 0 when it is not there

std::string at(const Location& location);  // "/etc/containerd/config.toml:7", or the file alone for line 0
std::string listed(const std::vector<std::string>& items);  // "a, b and c"

}  // namespace rf
