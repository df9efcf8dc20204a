// registries.yaml of K3s and RKE2: what it says, and exactly what those programs render from it into certs.d and
// config.toml when they start. From text alone; nothing is run. Source of the rules: K3s' getHostConfigs and its
// templates.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_tree.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/version.h"
#include "yaml/yaml_tree.h"

namespace rf {

struct RegistriesYamlAuth {
  std::string username = {};
  Secret password = {};
  Secret auth = {};
  Secret identity_token = {};
  bool operator==(const RegistriesYamlAuth&) const = default;
};

struct RegistriesYamlTls {
  std::string ca_file = {};
  std::string cert_file = {};
  std::string key_file = {};
  bool insecure_skip_verify = false;
  bool operator==(const RegistriesYamlTls&) const = default;
};

struct RegistriesYamlMirror {
  std::vector<std::string> endpoints = {};  // as written
  std::map<std::string, std::string> rewrites = {};
  bool operator==(const RegistriesYamlMirror&) const = default;
};

struct RegistriesYamlConfig {
  std::optional<RegistriesYamlAuth> auth = {};
  std::optional<RegistriesYamlTls> tls = {};
  bool operator==(const RegistriesYamlConfig&) const = default;
};

// A key these programs skip in silence.
struct RegistriesYamlIgnored {
  std::string key = {};
  int line = 0;
  bool operator==(const RegistriesYamlIgnored&) const = default;
};
std::string to_string(const RegistriesYamlIgnored& ignored);  // "mirror (line 1)"

struct RegistriesYaml {
  std::map<std::string, RegistriesYamlMirror> mirrors = {};  // by registry host, or "*"
  std::map<std::string, RegistriesYamlConfig> configs = {};  // by endpoint host, or "*"
  std::vector<RegistriesYamlIgnored> ignored = {};
  std::vector<YamlRepeat> repeated = {};  // keys written more than once
  int next_document = 0;                  // the line of a second document, which is never read; 0: there is none
};
// What the program makes of the file, as yaml.v2 decodes it. It does not start on a file that is an Error of kind parse
// here; one of kind unreadable is beyond our limits, and says nothing about the program. Unknown keys are no error to
// it.
Result<RegistriesYaml> parse_registries_yaml(std::string_view text, std::string_view file);
// The same for a file of a node; a missing one is an empty one.
Result<RegistriesYaml> registries_yaml_in(const FileTree& tree, const std::string& file);
// Whether a key written again goes on with what the one before it says, instead of replacing it.
bool joins_the_first(const YamlRepeat& repeat);

struct RegistriesYamlEndpoint {
  std::optional<std::string> url = {};  // absent: no line is written for it; "" stands as an empty server
  bool override_path = false;
  std::map<std::string, std::string> rewrites = {};  // only those programs' own containerd knows them
  std::optional<RegistriesYamlTls> tls = {};
  bool has_auth = false;
};

struct RegistriesYamlHost {
  std::optional<RegistriesYamlEndpoint> upstream = {};  // what becomes `server`; absent: none is written
  std::vector<RegistriesYamlEndpoint> endpoints = {};
};

// How the program was started, as far as it matters here.
struct RegistriesYamlSettings {
  bool disable_default_endpoint = false;  // --disable-default-registry-endpoint
  std::string embedded_registry = {};     // "127.0.0.1:6443" where the embedded registry runs; "" where not
  RegistriesYamlTls embedded_tls = {};
  std::string registries_file = {};  // --private-registry; "" when not given
  std::optional<Error> unread = {};  // a configuration file that we could not read; the rest is known in part only
};
// From argv of the running program and from its config.yaml and config.yaml.d under /etc/rancher/PROGRAM. A server's
// settings are not on its agents: there the embedded registry is known by what was rendered for it into `hosts_dir`.
RegistriesYamlSettings registries_yaml_settings(const FileTree& tree, std::string_view program,
                                                const std::vector<std::string>& argv, std::string_view hosts_dir);

// The URL an endpoint's text stands for: "m:5000" -> "https://m:5000/v2"; "" where the program skips it. A text without
// a host is not skipped: "https://" -> "https:///v2", which nothing answers.
std::string registries_yaml_url(std::string_view endpoint);
bool is_without_host(std::string_view registries_yaml_url);

// By directory name in certs.d: "docker.io", "_default".
using RegistriesYamlHosts = std::map<std::string, RegistriesYamlHost>;
RegistriesYamlHosts render_hosts(const RegistriesYaml& registries, const RegistriesYamlSettings& settings);

// What changed in the form of the files, over the versions.
enum class RegistriesYamlEra {
  config_toml,  // mirrors and configs go to config.toml, no hosts.toml files
  first_hosts,  // hosts.toml without _default and without a bare [host]
  wildcard,     // "*" becomes _default
  current,      // and a bare [host] stands in every file
};
// Of K3s and RKE2 alike; the newest for an unknown version.
RegistriesYamlEra registries_yaml_era(const std::optional<Version>& program_version);

std::string rendered_hosts_toml(const RegistriesYamlHost& host, std::string_view program, RegistriesYamlEra era);

// The user's template that the program makes the generated config.toml from; nullopt where it uses the built-in one.
struct ConfigTemplate {
  std::string file;
  std::string text;
};
std::optional<ConfigTemplate> config_template(const FileTree& tree, std::string_view config_file,
                                              const Version& containerd);
// Hosts of `auth_hosts` whose credentials the template leaves out.
std::vector<std::string> auth_lost_in_template(const std::vector<std::string>& auth_hosts,
                                               std::string_view template_text);

struct RegistriesYamlNode {
  std::string program;  // "k3s" or "rke2"
  std::optional<Version> version = {};
  std::string registries_file;  // "/etc/rancher/k3s/registries.yaml"
  std::string hosts_dir;        // "/var/lib/rancher/k3s/agent/etc/containerd/certs.d"
  std::string config_file;      // the generated config.toml
  Version containerd = {};      // decides which template is taken
  RegistriesYamlSettings settings = {};
};
// Registry settings of a template with which the next start fails, or which keep the generated hosts.toml files from
// being read.
struct TemplateFault {
  Location where;
  std::string cause;  // "the registry table is also in the built-in template"
  std::string effect;
  std::string fix = "remove the line and its table's keys from the template";
  std::string path = {};  // the config_path on that line, which leads elsewhere; "" for another fault
};
std::optional<TemplateFault> registry_fault(const ConfigTemplate& own, const RegistriesYamlNode& node);

// config.toml as the next start makes it.
struct ConfigAtNextStart {
  std::string text;
  std::string template_file = {};  // "" where the built-in template is used
  std::vector<int> lines = {};     // for each line of the text the line of the template; 0 for one of the built-in one
  bool exact = true;  // false: the template has actions that only the program carries out, and the text leaves them out
};
ConfigAtNextStart config_at_next_start(const FileTree& tree, const RegistriesYamlNode& node,
                                       const RegistriesYaml& registries);

// The tree as it will be when the program has started again: what it generated before is gone, what it will generate is
// there, everything else is as it was.
Result<FileTree> project_registries_yaml(const FileTree& tree, const RegistriesYamlNode& node);
// The same with `registries` in place of what the file says.
FileTree project_registries_yaml(const FileTree& tree, const RegistriesYamlNode& node,
                                 const RegistriesYaml& registries);
// The credentials as they are rendered into config.toml, for a plugin whose name is given with its quotes.
std::string rendered_auth(const RegistriesYaml& registries, std::string_view plugin);

}  // namespace rf
