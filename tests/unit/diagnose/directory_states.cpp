#include "patient.h"

namespace rf::test {
namespace {

const std::string root = "/etc/containerd/certs.d";
Patient live(std::string version = "1.7.24") { return Patient::with(std::move(version), live_v2); }
Patient two_roots() {
  return Patient::with("1.7.24",
                       "version = 2\n" + v2_table + "config_path = \"/etc/containerd/certs.d:/srv/certs.d\"\n");
}

}  // namespace

std::vector<State> directory_states() {
  return {
      {"an empty directory beside _default",
       "empty-directory-hides-default",
       live().hosts("_default", mirror_hosts).directory(root + "/ghcr.io"),
       root + "/ghcr.io",
       {"ghcr.io is empty", "_default", "rmdir /etc/containerd/certs.d/ghcr.io"}},
      {"certificates alone beside _default",
       "empty-directory-hides-default",
       live().hosts("_default", mirror_hosts).put(root + "/ghcr.io/ca.crt", "x"),
       root + "/ghcr.io",
       {"ca.crt"},
       Severity::warning},
      {"an empty directory without _default", "empty-directory-hides-default", live().directory(root + "/ghcr.io"), ""},
      {"a directory with a hosts.toml", "empty-directory-hides-default",
       live().hosts("_default", mirror_hosts).hosts("ghcr.io", mirror_hosts), ""},

      {"_default on 1.6.16",
       "default-directory-unknown",
       live("1.6.16").hosts("_default", mirror_hosts),
       root + "/_default",
       {"does not support _default", "1.6.17"}},
      {"_default on 1.6.17", "default-directory-unknown", live("1.6.17").hosts("_default", mirror_hosts), ""},

      {"both names of one registry",
       "two-directories-for-one-registry",
       live().hosts("anubis:32000", mirror_hosts).hosts("anubis_32000_", mirror_hosts),
       root + "/anubis:32000",
       {"anubis_32000_", "underscores first"}},
      {"two registries on one host", "two-directories-for-one-registry",
       live().hosts("anubis:32000", mirror_hosts).hosts("anubis_5000_", mirror_hosts), ""},

      {"_default of the first root",
       "first-root-hides-second",
       two_roots().hosts("_default", mirror_hosts).put("/srv/certs.d/ghcr.io/hosts.toml", mirror_hosts),
       "/srv/certs.d/ghcr.io",
       {"/etc/containerd/certs.d/_default", "mv /srv/certs.d/ghcr.io /etc/containerd/certs.d/ghcr.io"}},
      {"one registry in both roots",
       "first-root-hides-second",
       two_roots().hosts("ghcr.io", mirror_hosts).put("/srv/certs.d/ghcr.io/hosts.toml", mirror_hosts),
       "/srv/certs.d/ghcr.io",
       {},
       Severity::warning},
      {"_default in the second root", "first-root-hides-second",
       two_roots().hosts("ghcr.io", mirror_hosts).put("/srv/certs.d/_default/hosts.toml", mirror_hosts), ""},

      {"registry-1.docker.io",
       "docker-hub-directory-name",
       live().hosts("registry-1.docker.io", mirror_hosts),
       root + "/registry-1.docker.io",
       {"mv /etc/containerd/certs.d/registry-1.docker.io /etc/containerd/certs.d/docker.io"}},
      {"index.docker.io beside docker.io",
       "docker-hub-directory-name",
       live().hosts("index.docker.io", mirror_hosts).hosts("docker.io", mirror_hosts),
       root + "/index.docker.io",
       {"rm -r /etc/containerd/certs.d/index.docker.io"}},
      {"docker.io", "docker-hub-directory-name", live().hosts("docker.io", mirror_hosts), ""},

      {"the port without its second underscore",
       "directory-matches-no-registry",
       live().hosts("reg.io_5000", mirror_hosts),
       root + "/reg.io_5000",
       {"mv /etc/containerd/certs.d/reg.io_5000 /etc/containerd/certs.d/reg.io:5000"}},
      {"a star",
       "directory-matches-no-registry",
       live().hosts("default", mirror_hosts),
       root + "/default",
       {"/_default"}},
      {"capital letters",
       "directory-matches-no-registry",
       live().hosts("Harbor.corp", mirror_hosts),
       root + "/Harbor.corp",
       {"/harbor.corp"}},
      {"a name without a dot",
       "directory-matches-no-registry",
       live().hosts("harbor", mirror_hosts),
       root + "/harbor",
       {"docker.io/harbor/app"}},
      {"localhost", "directory-matches-no-registry",
       live()
           .hosts("localhost", mirror_hosts)
           .hosts("localhost:5000", mirror_hosts)
           .hosts("reg.io_5000_", mirror_hosts),
       ""},
      {"Spegel's backup", "directory-matches-no-registry", live().hosts("_backup", mirror_hosts), ""},

      {"the usual port",
       "directory-with-default-port",
       live().hosts("reg.io:443", mirror_hosts),
       root + "/reg.io:443",
       {"mv /etc/containerd/certs.d/reg.io:443 /etc/containerd/certs.d/reg.io"},
       Severity::note},
      {"both names", "directory-with-default-port",
       live().hosts("reg.io:443", mirror_hosts).hosts("reg.io", mirror_hosts), ""},

      {"a mirror named by a URL",
       "mirror-of-no-registry",
       Patient::with(
           "1.7.24",
           "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"https://docker.io\"]\nendpoint = "
           "[\"http://m1:5000\"]\n"),
       "/etc/containerd/config.toml:3",
       {"replace \"https://docker.io\" with \"docker.io\" on line 2"}},
      {"a mirror of docker.io", "mirror-of-no-registry",
       Patient::with("1.7.24",
                     "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"docker.io\"]\nendpoint = "
                     "[\"http://m1:5000\"]\n"),
       ""},

      {"a file in place of the directory",
       "file-in-place-of-directory",
       live().put(root + "/docker.io", mirror_hosts),
       root + "/docker.io",
       {"not a directory", "mkdir"}},
      {"a directory in place of the file",
       "file-in-place-of-directory",
       live().put(root + "/docker.io/hosts.toml/x", ""),
       root + "/docker.io/hosts.toml",
       {"is a directory"}},
      {"a README beside the directories", "file-in-place-of-directory",
       live().put(root + "/README", "").hosts("docker.io", mirror_hosts), ""},

      {"hosts.toml in certs.d itself",
       "hosts-toml-misplaced",
       live().put(root + "/hosts.toml", mirror_hosts),
       root + "/hosts.toml",
       {"/_default/hosts.toml"}},
      {"a file named after the registry",
       "hosts-toml-misplaced",
       live().put(root + "/ghcr.io.toml", mirror_hosts),
       root + "/ghcr.io.toml",
       {"mkdir -p /etc/containerd/certs.d/ghcr.io"}},
      {"host.toml",
       "hosts-toml-misplaced",
       live().put(root + "/ghcr.io/host.toml", mirror_hosts),
       root + "/ghcr.io/host.toml",
       {"mv /etc/containerd/certs.d/ghcr.io/host.toml"}},
      {"a repository below its registry",
       "hosts-toml-misplaced",
       live().put(root + "/ghcr.io/your-org/hosts.toml", mirror_hosts),
       root + "/ghcr.io/your-org",
       {"by host, never by repository", "override_path"}},
      {"config.toml, where config_path names the directory above", "hosts-toml-misplaced",
       Patient::with("1.7.24", "version = 2\n" + v2_table + "config_path = \"/etc/containerd\"\n")
           .hosts("docker.io", mirror_hosts),
       ""},
      {"a drop-in that config.toml imports from there", "hosts-toml-misplaced",
       Patient::with("2.1.9", "imports = [\"" + root + "/*.toml\"]\n" + live_v2)
           .put(root + "/registry.toml", "version = 2\n" + v2_table + "headers.X-Team = [\"a\"]\n"),
       ""},
      {"hosts.toml, where config_path names the directory of its registry", "hosts-toml-misplaced",
       Patient::with("1.7.24", "version = 2\n" + v2_table + "config_path = \"" + root + "/docker.io\"\n")
           .hosts("docker.io", mirror_hosts),
       ""},
      {"certificates beside hosts.toml", "hosts-toml-misplaced",
       live().hosts("ghcr.io", mirror_hosts).put(root + "/ghcr.io/ca.crt", ""), ""},
  };
}

}  // namespace rf::test
