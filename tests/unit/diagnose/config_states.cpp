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
       {"duplicated tables", "remove lines 4 to 5", "systemctl restart containerd", "its next start fails"}},
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
       {"remove lines 6 to 7"}},
      {"a key that stands twice",
       "duplicate-tables",
       Patient::with("1.7.24", live_v2 + "config_path = \"/x\"\n"),
       config + ":4",
       {"defined twice", "keep one of the lines 3 and 4"}},
      {"two tables with different keys",
       "duplicate-tables",
       Patient::with("1.7.24", live_v2 + "[debug]\nlevel = \"info\"\n" + v2_table + "\nauths = {}\n"),
       config + ":6",
       {"remove line 6, and move lines 7 to 8 above line 3"}},
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
       {"unsupported config version", "replace version = 3 with version = 2"}},
      {"a short plugin name in a version 2 file",
       "config-does-not-load",
       Patient::with("1.7.24", "version = 2\ndisabled_plugins = [\"cri\"]\n"),
       config + ":2",
       {"io.containerd.grpc.v1.cri"}},
      {"a version that 1.7.16 does not look at", "config-does-not-load",
       Patient::with("1.7.16", "version = 3\n" + v2_table), ""},
      {"a short plugin name in a table",
       "config-does-not-load",
       Patient::with("1.7.24", "version = 2\n[plugins.cri.registry]\nconfig_path = \"/etc/containerd/certs.d\"\n"),
       config + ":2",
       {"replace .cri with .\"io.containerd.grpc.v1.cri\" on line 2"}},
      {"a byte of Latin-1 in a comment on 1.7", "config-does-not-load",
       Patient::with("1.7.24", "# caf\xE9\n" + live_v2), ""},
      {"a lone carriage return on 1.6", "config-does-not-load",
       Patient::with("1.6.20", "version = 2\r" + v2_table + "config_path = \"/etc/containerd/certs.d\"\n"), ""},
      {"the same byte on 2.1",
       "config-does-not-load",
       Patient::with("2.1.9", "# caf\xE9\n" + live_v2),
       config + ":1",
       {"repair that line"}},
      {"a file that loads", "config-does-not-load", Patient::with("1.7.24", live_v2), ""},

      {"a template that was not rendered",
       "template-left-over",
       Patient::with("1.7.24", "version = 2\n" + v2_table + "config_path = {{ certs_d }}\n"),
       config + ":3",
       {"{{ certs_d }}", "does not start with this file"}},
      {"a template that was not rendered, which is the one cause", "config-does-not-load",
       Patient::with("1.7.24", "version = 2\n" + v2_table + "config_path = {{ certs_d }}\n"), ""},
      {"a variable that was not set",
       "template-left-over",
       Patient::with("2.1.9", live_v3)
           .hosts("docker.io",
                  "server = \"https://registry-1.docker.io\"\n\n"
                  "[host.\"http://${MIRROR}:5000\"]\nskip_verify = %%SKIP%%\n"),
       "/etc/containerd/certs.d/docker.io/hosts.toml:3",
       {"${MIRROR} and %%SKIP%%", "ignores the whole file", "no restart is needed"}},
      {"a name of a guide",
       "template-left-over",
       Patient::with("1.7.24", live_v2).hosts("docker.io", "[host.\"https://<your-registry>:5000\"]\n"),
       "/etc/containerd/certs.d/docker.io/hosts.toml:1",
       {"<your-registry>", "takes it literally"}},
      {"forms of other languages",
       "template-left-over",
       Patient::with("1.7.24", live_v2)
           .hosts("docker.io", "[host.\"https://#{mirror}:5000\"]\n[host.\"https://%MIRROR%\"]\n"),
       "/etc/containerd/certs.d/docker.io/hosts.toml:1",
       {"#{mirror} and %MIRROR%"}},
      {"bytes of a URL", "template-left-over",
       Patient::with("1.7.24", live_v2).hosts("docker.io", "[host.\"https://m1/%C3%A9/%E4%B8%AD\"]\n"), ""},
      {"a directory's name",
       "template-left-over",
       Patient::with("1.7.24", live_v2).hosts("${REGISTRY}", mirror_hosts),
       "/etc/containerd/certs.d/${REGISTRY}",
       {"the name of its registry"}},
      {"a comment, a secret and a header", "template-left-over",
       Patient::with("1.7.24", live_v2)
           .put("/etc/containerd/certs.d/docker.io/hosts.toml",
                mirror_hosts +
                    "# {{ mirror }}\n[host.\"https://m1:5000\".header]\nAuthorization = \"<secret 3f9a1c>\"\n"
                    "X-Api-Key = \"a${B}c\"\n",
                0600),
       ""},

      {"Docker's package",
       "cri-disabled",
       Patient::with("1.7.24", "disabled_plugins = [\"cri\"]\n"),
       config + ":1",
       {"disabled_plugins = [\"cri\"]", "write disabled_plugins = []", "systemctl restart containerd"}},
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
      {"an empty config_path of version 2 on 2.2.1",
       "mirrors-beside-config-path",
       Patient::with("2.2.1", "version = 2\n" + v2_table + "config_path = \"\"\n" + mirrors),
       config + ":4",
       {"by default on containerd 2.2.1", "regfallback migrate"}},
      {"the same on 2.2.2", "mirrors-beside-config-path",
       Patient::with("2.2.2", "version = 2\n" + v2_table + "config_path = \"\"\n" + mirrors), ""},
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
       {"has the name of a file", "config_path = \"/etc/containerd/certs.d\""}},
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
       {"is a relative path", "reads /certs.d"},
       Severity::note},
      {"a directory above the one that was meant",
       "config-path-no-directory",
       Patient::with("2.1.9", "version = 2\n" + v2_table + "config_path = \"/etc/containerd\"\n")
           .hosts("docker.io", mirror_hosts),
       config + ":3",
       {"is above the directory", "config_path = \"/etc/containerd/certs.d\""}},
      {"the root of the file system",
       "config-path-no-directory",
       Patient::with("1.7.24", "version = 2\n" + v2_table + "config_path = \"/\"\n").hosts("docker.io", mirror_hosts),
       config + ":3",
       {"is above the directory", "config_path = \"/etc/containerd/certs.d\""}},
      {"above another directory",
       "config-path-no-directory",
       Patient::with("1.7.24", "version = 2\n" + v2_table + "config_path = \"/srv\"\n")
           .put("/srv/certs.d/docker.io/hosts.toml", mirror_hosts),
       config + ":3",
       {"is above the directory", "config_path = \"/srv/certs.d\""}},
      {"a file that exists",
       "config-path-no-directory",
       Patient::with("1.7.24", "version = 2\n" + v2_table + "config_path = \"/etc/containerd/hosts\"\n")
           .put("/etc/containerd/hosts", mirror_hosts),
       config + ":3",
       {"is a file", "fails every pull with \"not a directory\""}},
      {"the directory of all other registries",
       "config-path-no-directory",
       Patient::with("1.7.24", "version = 2\n" + v2_table + "config_path = \"/etc/containerd/certs.d/_default\"\n")
           .hosts("_default", mirror_hosts),
       config + ":3",
       {"directory of one registry", "config_path = \"/etc/containerd/certs.d\""}},
      {"a directory that is not there yet", "config-path-no-directory", Patient::with("1.7.24", live_v2), ""},

      {"config_path names another directory",
       "hosts-files-not-read",
       elsewhere,
       "/etc/containerd/certs.d",
       {"docker.io", "/srv/certs.d", "move them"}},
      {"config_path names a directory that does not exist",
       "hosts-files-not-read",
       Patient::with("1.7.24", "version = 2\n" + v2_table + "config_path = \"/etc/containerd/cert.d\"\n")
           .hosts("docker.io", mirror_hosts),
       "/etc/containerd/certs.d",
       {"write config_path = \"/etc/containerd/certs.d\"", "systemctl restart containerd"}},
      {"another containerd reads them",
       "hosts-files-not-read",
       other,
       "/etc/containerd/certs.d",
       {"not the kubelet's"},
       Severity::note},
      {"Docker's certificates",
       "hosts-files-not-read",
       Patient::with("1.7.24", live_v2).put("/etc/docker/certs.d/harbor.corp/ca.crt", certificate),
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

}  // namespace

std::vector<State> config_states() {
  auto all = load_states();
  for (auto& state : path_states()) all.push_back(std::move(state));
  return all;
}

}  // namespace rf::test
