#include "base/text.h"
#include "patient.h"

namespace rf::test {
namespace {

const std::string config = "/etc/containerd/config.toml";
const std::string mirrors =
    "[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"docker.io\"]\nendpoint = [\"http://m1:5000\"]\n";
const std::string tls =
    "[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"m1:5000\".tls]\ninsecure_skip_verify = true\n";
Patient with_drop_in(std::string version, std::string root, std::string drop_in) {
  auto patient = Patient::with(std::move(version), "imports = [\"/etc/containerd/conf.d/*.toml\"]\n" + root);
  patient.put("/etc/containerd/conf.d/registry.toml", std::move(drop_in));
  return patient;
}

std::vector<State> name_states() {
  const std::string auth_v2 =
      "[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"harbor.corp\".auth]\nusername = \"u\"\npassword = "
      "\"p\"\n";
  const std::string sandbox = "[plugins.\"io.containerd.grpc.v1.cri\"]\nsandbox_image = \"pause:3.9\"\n";
  return {
      {"auth under the 1.x name in a version 3 file",
       "wrong-plugin-name",
       Patient::with("2.1.9", "").put(config, "version = 3\n" + auth_v2, 0600),
       config + ":2",
       {"configs.\"harbor.corp\".auth", "with \"io.containerd.cri.v1.images\" on line 2", "1.x and 2.x alike"}},
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
       {"write version = 2 above line 1"}},
      {"no version line on 2.1",
       "wrong-plugin-name",
       Patient::with("2.1.9", v2_table + "config_path = \"/etc/containerd/certs.d\"\n"),
       config + ":2",
       {"write version = 2 above line 1"}},
      {"registry settings of the runtime half",
       "wrong-plugin-name",
       Patient::with(
           "2.1.9",
           "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.registry]\nconfig_path = '/etc/containerd/certs.d'\n"),
       config + ":3",
       {"that plugin has none", "with \"io.containerd.cri.v1.images\" on line 2"}},
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

      {"a versionless drop-in under the older name below a v3 root",
       "wrong-plugin-name",
       with_drop_in("2.1.9", "version = 3\n", live_v2.substr(12)),
       "/etc/containerd/conf.d/registry.toml:2",
       {"with \"io.containerd.cri.v1.images\" on line 1"}},
      {"a versionless drop-in under the newer name below a v2 root that has a registry table",
       "wrong-plugin-name",
       with_drop_in("2.1.9", live_v2, live_v3.substr(12)),
       "/etc/containerd/conf.d/registry.toml:2",
       {"moves the table under \"io.containerd.grpc.v1.cri\"", "with \"io.containerd.grpc.v1.cri\" on line 1"}},
      {"a versionless drop-in under the older name below a v2 root", "wrong-plugin-name",
       with_drop_in("2.1.9", live_v2, live_v2.substr(12)), ""},
      {"no version line and both names on 2.1",
       "wrong-plugin-name",
       Patient::with("2.1.9", "[plugins.cri.registry.mirrors.\"docker.io\"]\nendpoint = [\"https://m1\"]\n" + mirrors),
       config + ":1",
       {"keep the settings under"}},

      {"a v3 drop-in below a v2 root on 2.1",
       "v3-drop-in-beside-v2",
       with_drop_in("2.1.9", "version = 2\n" + sandbox, live_v3),
       "/etc/containerd/conf.d/registry.toml:1",
       {"sandbox_image", "replace version = 3 with version = 2 on line 1"}},
      {"both of version 2", "v3-drop-in-beside-v2", with_drop_in("2.1.9", "version = 2\n" + sandbox, live_v2), ""},
      {"2.3.5, which migrates each file", "v3-drop-in-beside-v2",
       with_drop_in("2.3.5", "version = 2\n" + sandbox, live_v3), ""},

      {"a registry drop-in on 1.7",
       "drop-in-replaces-cri",
       with_drop_in("1.7.24", "version = 2\n" + sandbox, live_v2),
       "/etc/containerd/conf.d/registry.toml:2",
       {"sandbox_image", "remove line 2, and remove line 3"}},
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
       {"Version", "as one without a version", "replace Version with version on line 1"}},
      {"Version = 2 on 1.7, which is the one cause", "wrong-plugin-name",
       Patient::with("1.7.24", "Version = 2\n" + v2_table + "config_path = \"/etc/containerd/certs.d\"\n"), ""},
      {"Version = 2 on 1.7, with files", "config-path-not-set",
       Patient::with("1.7.24", "Version = 2\n" + v2_table + "config_path = \"/etc/containerd/certs.d\"\n")
           .hosts("docker.io", mirror_hosts),
       ""},
      {"Plugins on 1.7, with files", "config-path-not-set",
       Patient::with("1.7.24",
                     "version = 2\n[Plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = "
                     "\"/etc/containerd/certs.d\"\n")
           .hosts("docker.io", mirror_hosts),
       ""},
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
       {"move line 4 above line 1, and replace .cri"},
       Severity::warning},
      {"a second one that does nothing",
       "version-line-in-table",
       Patient::with("1.7.24", live_v2 + "version = 2\n"),
       config + ":4",
       {"remove line 4"},
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
       {"replace \"https://harbor.corp\" with \"harbor.corp\" on line 2"}},
      {"configs for every other host",
       "configs-by-url",
       Patient::with("1.7.24", "").put(config, live_v2 + replace_all(auth, "harbor.corp", "*"), 0600),
       config + ":4",
       {"there is no \"*\"", "an entry for each host"}},
      {"configs with a host", "configs-by-url", Patient::with("1.7.24", "version = 2\n" + auth), ""},

      {"config_path of the transfer plugin alone",
       "transfer-config-path",
       Patient::with(
           "2.1.9",
           "version = 3\n[plugins.'io.containerd.transfer.v1.local']\nconfig_path = '/etc/containerd/certs.d'\n"),
       config + ":3",
       {"remove line 3",
        "config_path = \"/etc/containerd/certs.d\" under [plugins.\"io.containerd.cri.v1.images\".registry]"}},
      {"beside the one that counts",
       "transfer-config-path",
       Patient::with("2.1.9", live_v3 + "[plugins.'io.containerd.transfer.v1.local']\nconfig_path = '/x'\n"),
       config + ":5",
       {"remove line 5"},
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

std::vector<State> config_name_states() {
  auto all = name_states();
  for (auto& state : setting_states()) all.push_back(std::move(state));
  return all;
}

}  // namespace rf::test
