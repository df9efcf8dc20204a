#include "patient.h"

namespace rf::test {
namespace {

const std::string config = "/etc/containerd/config.toml";
const std::string mirrors =
    "[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"docker.io\"]\nendpoint = [\"http://m1:5000\"]\n";
const std::string tls =
    "[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"m1:5000\".tls]\ninsecure_skip_verify = true\n";
const std::string two_roots =
    "version = 2\n" + v2_table + "config_path = \"/etc/containerd/certs.d:/etc/docker/certs.d\"\n";

Patient with_drop_in(std::string version, std::string root, std::string drop_in) {
  auto patient = Patient::with(std::move(version), "imports = [\"/etc/containerd/conf.d/*.toml\"]\n" + root);
  patient.put("/etc/containerd/conf.d/registry.toml", std::move(drop_in));
  return patient;
}

Patient plugins(Patient patient, std::string name, PluginState state) {
  patient.facts.runtimes.front().plugins[std::move(name)] = state;
  return patient;
}

std::vector<State> load_states() {
  const auto twice = "version = 2\n" + v2_table + "config_path = \"/etc/containerd/certs.d\"\n" + v2_table +
                     "config_path = \"/etc/containerd/certs.d\"\n";
  return {
      {"a guide's append run twice on 1.7",
       "duplicate-tables",
       Patient::with("1.7.24", twice),
       config + ":4",
       {"duplicated tables", "remove lines 4 to 5, which repeat lines 2 to 3", "systemctl restart containerd",
        "its next start fails"}},
      {"the same on 2.1, in its words",
       "duplicate-tables",
       Patient::with("2.1.9", twice),
       config + ":4",
       {"table registry already exists"}},
      {"a block with blank lines around it",
       "duplicate-tables",
       Patient::with("1.7.24", "version = 2\n\n" + v2_table + "config_path = \"/etc/containerd/certs.d\"\n\n" +
                                   v2_table + "config_path = \"/etc/containerd/certs.d\"\n\n[grpc]\n"),
       config + ":6",
       {"remove lines 6 to 7, which repeat lines 3 to 4"}},
      {"a key that stands twice",
       "duplicate-tables",
       Patient::with("1.7.24", live_v2 + "config_path = \"/x\"\n"),
       config + ":4",
       {"defined twice", "keep one of the lines 3 and 4"}},
      {"two tables with different keys",
       "duplicate-tables",
       Patient::with("1.7.24", live_v2 + "[debug]\nlevel = \"info\"\n" + v2_table + "\nauths = {}\n"),
       config + ":6",
       {"move the keys below line 6 to the table on line 2"}},
      {"one table and its own subtable", "duplicate-tables", Patient::with("1.7.24", live_v2 + tls), ""},

      {"a v3 drop-in below a v2 root on 2.3.4",
       "drop-in-version",
       with_drop_in("2.3.4", live_v2, live_v3),
       "/etc/containerd/conf.d/registry.toml:1",
       {"drop-in config version 3", "version 2"}},
      {"a v2 drop-in below a v3 root", "drop-in-version", with_drop_in("2.3.4", live_v3, live_v2), ""},

      {"a syntax error",
       "config-does-not-load",
       Patient::with("1.7.24", "version = 2\n[plugins\n"),
       config + ":2",
       {"does not start", "config dump"}},
      {"a version that 1.7 does not know",
       "config-does-not-load",
       Patient::with("1.7.24", live_v3),
       config + ":1",
       {"unsupported config version", "write version = 2"}},
      {"a short plugin name in a version 2 file",
       "config-does-not-load",
       Patient::with("1.7.24", "version = 2\ndisabled_plugins = [\"cri\"]\n"),
       config + ":2",
       {"io.containerd.grpc.v1.cri"}},
      {"a file that loads", "config-does-not-load", Patient::with("1.7.24", live_v2), ""},

      {"Docker's package",
       "cri-disabled",
       Patient::with("1.7.24", "disabled_plugins = [\"cri\"]\n"),
       config + ":1",
       {"disabled_plugins = [\"cri\"]", "remove it", "systemctl restart containerd"}},
      {"another plugin disabled", "cri-disabled",
       Patient::with("1.7.24", "version = 2\ndisabled_plugins = [\"io.containerd.snapshotter.v1.zfs\"]\n"), ""},

      {"both on 1.6",
       "mirrors-beside-config-path",
       Patient::with("1.6.20", live_v2 + mirrors),
       config + ":4",
       {"invalid plugin config: `mirrors` cannot be set when `config_path` is provided", "config.toml:3",
        "regfallback migrate"}},
      {"both on 2.1",
       "mirrors-beside-config-path",
       Patient::with("2.1.9", live_v2 + mirrors),
       config + ":4",
       {"invalid cri image config"}},
      {"the default config_path of 2.2.0",
       "mirrors-beside-config-path",
       Patient::with("2.2.0", "version = 2\n" + mirrors),
       config + ":2",
       {"by default on containerd 2.2.0"}},
      {"the running one still has the older files",
       "mirrors-beside-config-path",
       plugins(Patient::with("1.7.24", live_v2 + mirrors), "io.containerd.grpc.v1.cri", PluginState::ok),
       config + ":4",
       {"after its next start"}},
      {"mirrors alone", "mirrors-beside-config-path", Patient::with("1.7.24", "version = 2\n" + mirrors), ""},
      {"mirrors alone on 2.2.2, which leaves them alone", "mirrors-beside-config-path",
       Patient::with("2.2.2", "version = 2\n" + mirrors), ""},

      {"both on 1.7",
       "tls-beside-config-path",
       Patient::with("1.7.24", live_v2 + tls),
       config + ":4",
       {"`configs.tls` cannot be set", "m1:5000"}},
      {"both on 2.x, which ignores tls", "tls-beside-config-path", Patient::with("2.1.9", live_v2 + tls), ""},

      {"auths with a key that is no URL",
       "cri-plugin-failed",
       Patient::with(
           "1.7.24",
           "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry.auths.\"http://a b\"]\nusername = \"u\"\n"),
       config + ":2",
       {"failed to parse registry url", "https://HOST"}},
      {"a plugin in the state error and nothing in its files",
       "cri-plugin-failed",
       plugins(Patient::with("2.1.9", live_v3), "io.containerd.cri.v1.images", PluginState::error),
       config,
       {"id==images"}},
      {"plugins that are ok", "cri-plugin-failed",
       plugins(Patient::with("2.1.9", live_v3), "io.containerd.cri.v1.images", PluginState::ok), ""},
  };
}

std::vector<State> path_states() {
  auto in_both = Patient::with("2.1.9", two_roots);
  in_both.hosts("_default", mirror_hosts);
  auto local = Patient::with("2.1.9",
                             "version = 3\n[plugins.'io.containerd.cri.v1.images']\nuse_local_image_pull = "
                             "true\nregistry.config_path = '/a:/etc/containerd/certs.d'\n");
  local.hosts("_default", mirror_hosts);
  auto elsewhere = Patient::with("1.7.24", "version = 2\n" + v2_table + "config_path = \"/srv/certs.d\"\n");
  elsewhere.put("/srv/certs.d/ghcr.io/hosts.toml", mirror_hosts).hosts("docker.io", mirror_hosts);
  auto other = Patient::with("1.7.24", live_v2);
  other.hosts("docker.io", mirror_hosts).runs(k3s_runtime("k3s", "k3s.service")).process("k3s", {"k3s", "server"});
  other
      .put("/var/lib/rancher/k3s/agent/etc/containerd/config.toml",
           "version = 2\n" + v2_table + "config_path = \"/var/lib/rancher/k3s/agent/etc/containerd/certs.d\"\n")
      .kubelet("unix:///run/k3s/containerd/containerd.sock");
  auto link = Patient::with("1.7.24", "version = 2\n" + v2_table + "config_path = \"/srv/certs.d\"\n");
  link.hosts("docker.io", mirror_hosts).link("/srv/certs.d", "/etc/containerd/certs.d");
  return {
      {"Debian's package with a certs.d",
       "config-path-not-set",
       Patient::with("1.7.24", "version = 2\n").hosts("docker.io", mirror_hosts),
       config,
       {"docker.io",
        "write config_path = \"/etc/containerd/certs.d\" under [plugins.\"io.containerd.grpc.v1.cri\".registry]",
        "systemctl restart containerd"}},
      {"a registry table without it",
       "config-path-not-set",
       Patient::with("2.1.9", "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\n")
           .hosts("docker.io", mirror_hosts),
       config + ":2",
       {"io.containerd.cri.v1.images"}},
      {"an empty value",
       "config-path-not-set",
       Patient::with("1.7.24", "version = 2\n" + v2_table + "config_path = \"\"\n").hosts("docker.io", mirror_hosts),
       config + ":3",
       {"is empty"}},
      {"mirrors are used instead",
       "config-path-not-set",
       Patient::with("1.7.24", "version = 2\n" + mirrors).hosts("docker.io", mirror_hosts),
       config,
       {"mirror blocks", "regfallback migrate"}},
      {"no file at all",
       "config-path-not-set",
       Patient::with("1.7.24", "").hosts("docker.io", mirror_hosts),
       config,
       {"version = 2, and config_path"}},
      {"nothing to read", "config-path-not-set", Patient::with("1.7.24", "version = 2\n"), ""},
      {"an empty certs.d", "config-path-not-set",
       Patient::with("1.7.24", "version = 2\n").directory("/etc/containerd/certs.d/docker.io"), ""},

      {"a list on 2.1",
       "config-path-list",
       in_both,
       config + ":3",
       {"reads the list as the name of one directory", "_default", "1.5 to 2.0 search the directories in order",
        "transfer pull, default of 2.1", "write config_path = \"/etc/containerd/certs.d\""}},
      {"the default of 2.3",
       "config-path-list",
       Patient::with("2.3.4", "version = 3\n").hosts("docker.io", mirror_hosts),
       config,
       {"the default of containerd 2.3.4"}},
      {"a list where the CRI plugin pulls by itself",
       "config-path-list",
       local,
       config + ":4",
       {"use_local_image_pull = true", "searches them in order"},
       Severity::note},
      {"a list on 1.7",
       "config-path-list",
       Patient::with("1.7.24", two_roots),
       config + ":3",
       {"searches them in order"},
       Severity::note},
      {"a list on 2.1 and nothing to read",
       "config-path-list",
       Patient::with("2.1.9", two_roots),
       config + ":3",
       {"no hosts.toml is read"},
       Severity::note},
      {"one directory", "config-path-list", Patient::with("2.1.9", live_v3).hosts("docker.io", mirror_hosts), ""},

      {"config_path names a file",
       "config-path-no-directory",
       Patient::with("1.7.24", "version = 2\n" + v2_table + "config_path = \"/etc/containerd/certs.d/hosts.toml\"\n"),
       config + ":3",
       {"names a file", "config_path = \"/etc/containerd/certs.d\""}},
      {"config_path names one registry's directory",
       "config-path-no-directory",
       Patient::with("2.1.9", "version = 2\n" + v2_table + "config_path = \"/etc/containerd/certs.d/docker.io\"\n")
           .hosts("docker.io", mirror_hosts),
       config + ":3",
       {"directory of one registry", "config_path = \"/etc/containerd/certs.d\""}},
      {"a relative path",
       "config-path-no-directory",
       Patient::with("1.7.24", "version = 2\n" + v2_table + "config_path = \"certs.d\"\n"),
       config + ":3",
       {"not an absolute path"}},
      {"a directory that is not there yet", "config-path-no-directory", Patient::with("1.7.24", live_v2), ""},

      {"config_path names another directory",
       "hosts-files-not-read",
       elsewhere,
       "/etc/containerd/certs.d",
       {"docker.io", "/srv/certs.d", "move them"}},
      {"another containerd reads them",
       "hosts-files-not-read",
       other,
       "/etc/containerd/certs.d",
       {"not the kubelet's"},
       Severity::note},
      {"Docker's certificates",
       "hosts-files-not-read",
       Patient::with("1.7.24", live_v2).put("/etc/docker/certs.d/harbor.corp/ca.crt", "x"),
       "/etc/docker/certs.d/harbor.corp",
       {"cp -r", "only Docker uses them"},
       Severity::note},
      {"Docker's certificates, here too", "hosts-files-not-read",
       Patient::with("1.7.24", live_v2)
           .put("/etc/docker/certs.d/harbor.corp/ca.crt", "x")
           .put("/etc/containerd/certs.d/harbor.corp/ca.crt", "x"),
       ""},
      {"a link to the same directory", "hosts-files-not-read", link, ""},
  };
}

std::vector<State> name_states() {
  const std::string auth_v2 =
      "[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"harbor.corp\".auth]\nusername = \"u\"\npassword = "
      "\"p\"\n";
  const std::string sandbox = "[plugins.\"io.containerd.grpc.v1.cri\"]\nsandbox_image = \"pause:3.9\"\n";
  return {
      {"auth under the 1.x name in a version 3 file",
       "wrong-plugin-name",
       Patient::with("2.1.9", "version = 3\n" + auth_v2),
       config + ":2",
       {"configs.\"harbor.corp\".auth",
        "[plugins.\"io.containerd.cri.v1.images\".registry.configs.\"harbor.corp\".auth] on line 2",
        "1.x and 2.x alike"}},
      {"the 2.x name on 1.6",
       "wrong-plugin-name",
       Patient::with("1.6.20",
                     "version = 2\n[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = "
                     "\"/etc/containerd/certs.d\"\n"),
       config + ":3",
       {"io.containerd.grpc.v1.cri", "silently"}},
      {"no version line on 1.7",
       "wrong-plugin-name",
       Patient::with("1.7.24", v2_table + "config_path = \"/etc/containerd/certs.d\"\n"),
       config + ":2",
       {"write version = 2 as the first line"}},
      {"no version line on 2.1",
       "wrong-plugin-name",
       Patient::with("2.1.9", v2_table + "config_path = \"/etc/containerd/certs.d\"\n"),
       config + ":2",
       {"write version = 2 as the first line"}},
      {"registry settings of the runtime half",
       "wrong-plugin-name",
       Patient::with(
           "2.1.9",
           "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.registry]\nconfig_path = '/etc/containerd/certs.d'\n"),
       config + ":3",
       {"that plugin has none", "[plugins.'io.containerd.cri.v1.images'.registry] on line 2"}},
      {"registry inside of the quotes",
       "wrong-plugin-name",
       Patient::with("1.7.24",
                     "version = 2\n[plugins.\"io.containerd.grpc.v1.cri.registry\"]\nconfig_path = "
                     "\"/etc/containerd/certs.d\"\n"),
       config + ":3",
       {"the right name is \"io.containerd.grpc.v1.cri\""}},
      {"the 1.x name in a version 2 file on 2.1", "wrong-plugin-name",
       Patient::with("2.1.9", "version = 2\n" + auth_v2), ""},
      {"the 1.x name in a version 3 file on 2.3, which migrates it", "wrong-plugin-name",
       Patient::with("2.3.4", "version = 3\n" + auth_v2), ""},

      {"a v3 drop-in below a v2 root on 2.1",
       "v3-drop-in-beside-v2",
       with_drop_in("2.1.9", "version = 2\n" + sandbox, live_v3),
       "/etc/containerd/conf.d/registry.toml:1",
       {"sandbox_image", "version = 2, and [plugins.\"io.containerd.grpc.v1.cri\".registry]"}},
      {"both of version 2", "v3-drop-in-beside-v2", with_drop_in("2.1.9", "version = 2\n" + sandbox, live_v2), ""},
      {"2.3.5, which migrates each file", "v3-drop-in-beside-v2",
       with_drop_in("2.3.5", "version = 2\n" + sandbox, live_v3), ""},

      {"a registry drop-in on 1.7",
       "drop-in-replaces-cri",
       with_drop_in("1.7.24", "version = 2\n" + sandbox, live_v2),
       "/etc/containerd/conf.d/registry.toml:2",
       {"sandbox_image", "move the settings"}},
      {"the same on 2.1, which merges", "drop-in-replaces-cri",
       with_drop_in("2.1.9", "version = 2\n" + sandbox, live_v2), ""},
      {"a drop-in about another plugin", "drop-in-replaces-cri",
       with_drop_in("1.7.24", "version = 2\n" + sandbox,
                    "version = 2\n[plugins.\"io.containerd.internal.v1.opt\"]\npath = \"/o\"\n"),
       ""},

      {"a registry drop-in that nobody imports",
       "drop-in-not-imported",
       Patient::with("2.1.9", "version = 3\n").put("/etc/containerd/conf.d/a.toml", live_v3),
       "/etc/containerd/conf.d/a.toml",
       {"imports = [\"/etc/containerd/conf.d/*.toml\"]"}},
      {"on 1.7 it belongs into config.toml",
       "drop-in-not-imported",
       Patient::with("1.7.24", "version = 2\n").put("/etc/containerd/conf.d/a.toml", live_v2),
       "/etc/containerd/conf.d/a.toml",
       {"move its settings"}},
      {"without a config.toml",
       "drop-in-not-imported",
       Patient::with("2.2.4", "").put("/etc/containerd/conf.d/a.toml", live_v3),
       "/etc/containerd/conf.d/a.toml",
       {"does not exist"}},
      {"one about something else",
       "drop-in-not-imported",
       Patient::with("2.1.9", "version = 3\n")
           .put("/etc/containerd/conf.d/a.toml", "version = 3\n[debug]\nlevel = \"info\"\n"),
       "/etc/containerd/conf.d/a.toml",
       {},
       Severity::warning},
      {"an imported one", "drop-in-not-imported", with_drop_in("2.1.9", "version = 3\n", live_v3), ""},
  };
}

std::vector<State> setting_states() {
  const std::string auth =
      "[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"harbor.corp\".auth]\nusername = \"u\"\npassword = "
      "\"p\"\n";
  return {
      {"Version = 2 on 1.7",
       "root-key-case",
       Patient::with("1.7.24", "Version = 2\n" + v2_table + "config_path = \"/etc/containerd/certs.d\"\n"),
       config + ":1",
       {"Version", "lower case"}},
      {"Plugins on 1.7",
       "root-key-case",
       Patient::with("1.7.24",
                     "version = 2\n[Plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = "
                     "\"/etc/containerd/certs.d\"\n"),
       config + ":2",
       {"has no effect"}},
      {"Version = 2 on 2.1", "root-key-case",
       Patient::with("2.1.9", "Version = 2\n" + v2_table + "config_path = \"/etc/containerd/certs.d\"\n"), ""},
      {"VERSION = 2 on 1.7", "root-key-case",
       Patient::with("1.7.24", "VERSION = 2\n" + v2_table + "config_path = \"/etc/containerd/certs.d\"\n"), ""},

      {"version = 2 appended behind a table",
       "version-line-in-table",
       Patient::with("1.7.24", "[debug]\nlevel = \"info\"\n[plugins.cri]\nversion = 2\n"),
       config + ":4",
       {"move it to the top"},
       Severity::warning},
      {"a second one that does nothing",
       "version-line-in-table",
       Patient::with("1.7.24", live_v2 + "version = 2\n"),
       config + ":4",
       {"remove the line"},
       Severity::note},
      {"one at the top", "version-line-in-table", Patient::with("1.7.24", live_v2), ""},

      {"a typing error",
       "unknown-registry-setting",
       Patient::with("1.7.24", "version = 2\n" + v2_table + "config-path = \"/etc/containerd/certs.d\"\n"),
       config + ":3",
       {"did you mean config_path?"}},
      {"config_path without registry",
       "unknown-registry-setting",
       Patient::with(
           "1.7.24",
           "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\"]\nconfig_path = \"/etc/containerd/certs.d\"\n"),
       config + ":3",
       {"belongs in the table registry"}},
      {"endpoints for endpoint",
       "unknown-registry-setting",
       Patient::with("1.7.24",
                     "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"docker.io\"]\nendpoints = "
                     "[\"http://m1:5000\"]\n"),
       config + ":3",
       {"did you mean endpoint?"}},
      {"every key known", "unknown-registry-setting", Patient::with("1.7.24", "version = 2\n" + mirrors + tls), ""},

      {"tls on 2.1",
       "configs-tls-removed",
       Patient::with("2.1.9", "version = 2\n" + tls),
       config + ":2",
       {"removed in containerd 2.0", "skip_verify = true", "http://"}},
      {"tls on 1.7", "configs-tls-removed", Patient::with("1.7.24", "version = 2\n" + tls), ""},

      {"configs with a URL",
       "configs-by-url",
       Patient::with("1.7.24",
                     "version = "
                     "2\n[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"https://"
                     "harbor.corp\".auth]\nusername = \"u\"\npassword = \"p\"\n"),
       config + ":2",
       {"write \"harbor.corp\""}},
      {"configs with a host", "configs-by-url", Patient::with("1.7.24", "version = 2\n" + auth), ""},

      {"config_path of the transfer plugin alone",
       "transfer-config-path",
       Patient::with(
           "2.1.9",
           "version = 3\n[plugins.'io.containerd.transfer.v1.local']\nconfig_path = '/etc/containerd/certs.d'\n"),
       config + ":3",
       {"write config_path under [plugins.\"io.containerd.cri.v1.images\".registry]"}},
      {"beside the one that counts",
       "transfer-config-path",
       Patient::with("2.1.9", live_v3 + "[plugins.'io.containerd.transfer.v1.local']\nconfig_path = '/x'\n"),
       config + ":5",
       {"remove it"},
       Severity::note},
      {"an empty one, as config default writes it", "transfer-config-path",
       Patient::with("2.1.9", live_v3 + "[plugins.'io.containerd.transfer.v1.local']\nconfig_path = ''\n"), ""},

      {"mirrors on 2.1",
       "legacy-mirrors",
       Patient::with("2.1.9", "version = 2\n" + mirrors),
       config + ":3",
       {"2.4 is expected to remove", "regfallback migrate"},
       Severity::warning},
      {"mirrors on 1.7",
       "legacy-mirrors",
       Patient::with("1.7.24", "version = 2\n" + mirrors),
       config + ":3",
       {"regfallback migrate"},
       Severity::note},
      {"credentials alone",
       "legacy-mirrors",
       Patient::with("2.1.9", live_v2 + auth),
       config + ":4",
       {"none is needed now"},
       Severity::note},
      {"hosts.toml files", "legacy-mirrors", Patient::with("2.1.9", live_v3), ""},
  };
}

}  // namespace

std::vector<State> config_states() {
  std::vector<State> all;
  for (const auto part : {load_states, path_states, name_states, setting_states})
    for (auto& state : part()) all.push_back(std::move(state));
  return all;
}

}  // namespace rf::test
