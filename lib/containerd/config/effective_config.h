// What a containerd makes of its configuration files: config.toml with its imports, merged as that version merges them,
// defaults included. From files alone; nothing is run. Facts: containerd's own code, 1.5 to 2.4-beta.
#pragma once
#include <compare>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_tree.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/version.h"

namespace rf {

enum class PullMode {
  client,    // up to 2.0: the CRI plugin pulls by itself
  local,     // 2.1 and later, chosen by use_local_image_pull or by an incompatible setting
  transfer,  // 2.1 and later: the transfer service, which does not split config_path lists
};
std::string_view to_string(PullMode mode);  // "local" or "transfer"; what 2.0 and before do counts as local

struct RegistryAuth {
  std::string username;
  Secret password;
  Secret auth;  // base64 of user:password
  Secret identity_token;
  Location where;
};

struct RegistryTls {  // configs.<host>.tls, honoured by 1.x only
  bool insecure_skip_verify = false;
  std::string ca_file;
  std::string cert_file;
  std::string key_file;
  Location where;
};

struct RegistryHeader {
  std::string name;
  std::vector<std::string> values;  // may hold secrets: never print them, see is_secret_name
  Location where;
};

struct LegacyMirror {                  // registry.mirrors.<host>
  std::vector<std::string> endpoints;  // as written
  Location where;
  std::map<std::string, std::string> rewrites = {};  // see chain/rewrite.h
};

// What is wrong with a setting that does nothing.
enum class IgnoredKind {
  other,
  // of config.toml and its drop-ins
  wrong_plugin_name,        // registry settings under a plugin name that does not count in this file on this containerd
  outvoted_plugin_name,     // ... that would count, but for the version of another file, which counts for all
  overwritten_plugin_name,  // ... that would count, but for those under the older name, which are moved over them
  unknown_registry_key,
  tls_removed,           // configs.<host>.tls on 2.x
  config_of_no_host,     // configs are looked up by host, never by URL and never as "*"
  transfer_config_path,  // config_path of the transfer plugin, which nothing reads
  version_in_table,      // a version line behind a table's header
  unknown_root_key,      // a key of the top level in letters this containerd does not take it in
  not_imported,          // a drop-in no file imports
  // of directories
  list_for_transfer,   // a config_path list, which the transfer service takes for one name
  shadowed_directory,  // another directory is found first
  default_unknown,     // _default before 1.6.17
  hub_alias,           // a directory for Docker Hub under another name than docker.io
  // of the files in them
  crash,  // the file ends the whole containerd
  // a hosts.toml that is dropped whole, because of
  not_toml,
  bracket_in_header,  // TOML, but not for the reader of 1.x
  byte_order_mark,
  unknown_capability,
  no_host_table,
  wrong_value,
  // and smaller faults of one
  empty_file,
  unused_certificate,  // beside a hosts.toml that does not name it
  unknown_host_key,
  key_too_new,  // known to later versions
  server_after_host,
  inline_host,        // without a table header of its own, on 2.x
  root_capabilities,  // without server
};

// What the setting is: the part that its kind speaks of, "" for the others.
struct IgnoredSubject {
  std::string plugin = {};      // under which the settings are written
  std::string key = {};         // as written, without its table
  std::string url = {};         // of a host, without a password
  std::string capability = {};  // as written
  auto operator<=>(const IgnoredSubject&) const = default;
};

struct IgnoredSetting {
  std::string path;
  int line = 0;  // 0: the whole file
  std::string reason;
  IgnoredKind kind = IgnoredKind::other;
  IgnoredSubject subject = {};
  bool operator==(const IgnoredSetting&) const = default;
};

// What a distribution's own containerd does beyond upstream's.
struct Fork {
  bool rewrites = false;          // it knows `rewrite` tables in hosts.toml and below mirrors
  bool wildcard_is_last = false;  // it appends nothing to the chain of _default: a fault of some releases
};

struct EffectiveConfig {
  Version containerd;
  Fork fork = {};
  std::string config_file;         // the root file; need not exist
  std::vector<std::string> files;  // read, in order; later ones win
  int config_version = 0;          // of the root file; 0: no version line

  std::optional<Error> unread;      // we did not read these files: nothing else here is known, and no fault is theirs
  std::optional<Error> load_error;  // containerd does not start with these files
  std::optional<Error>
      cri_error;  // the CRI plugin ends in state "error", or is disabled; message as containerd says it
  bool cri_disabled = false;

  std::string config_path;                    // the value in effect: "", one directory, or a list with ':'
  std::optional<Location> config_path_where;  // absent: a default of that version
  std::vector<std::string> hosts_roots;       // directories a CRI pull really searches, in order
  PullMode pull_mode = PullMode::client;
  std::string pull_mode_reason;  // "default of 2.1", "use_local_image_pull = true (/etc/containerd/config.toml:12)"

  std::map<std::string, LegacyMirror, std::less<>> mirrors;
  std::map<std::string, RegistryAuth, std::less<>> auths;  // by host: configs.<host>.auth and the older auths.<url>
  std::map<std::string, RegistryTls, std::less<>> tls;
  std::vector<RegistryHeader> headers;  // registry.headers: sent with every request to every endpoint
  std::vector<IgnoredSetting> ignored;  // settings that look right and do nothing
};

struct ConfigSource {
  std::string file = "/etc/containerd/config.toml";
  // Where `config_path` alone decides (offline use): no file is read and this value is taken.
  std::optional<std::string> config_path_only = {};
  Fork fork = {};
  std::optional<PullMode> pull_mode = {};  // overrides what the version and the files say
  enum class Imports { follow, ignore } imports = Imports::follow;
};

EffectiveConfig effective_config(const FileTree& tree, const ConfigSource& source, const Version& containerd);

}  // namespace rf
