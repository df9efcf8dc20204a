// Public reports from this field, each as a node's state: the doctor must name the cause, the line and the way out for
// the node's version.
#include "patient.h"

using namespace rf;
using namespace rf::test;

namespace {

struct Report {
  std::string source;
  Patient patient;
  std::string_view rule;
  std::string where;
  std::vector<std::string> says;
};

const std::string config = "/etc/containerd/config.toml";
const std::string docker_hub = "/etc/containerd/certs.d/docker.io/hosts.toml";

Patient with_hosts(std::string version, const std::string& content) {
  const bool three = version.starts_with("2.");
  return Patient::with(std::move(version), three ? live_v3 : live_v2).hosts("docker.io", content);
}

Patient k3s(std::string registries) {
  Patient patient;
  patient.runs(k3s_runtime("k3s", "k3s.service")).process("k3s", {"k3s", "server"});
  patient.facts.versions["k3s"] = "k3s version v1.31.4+k3s1 (abc)";
  patient.put("/etc/rancher/k3s/registries.yaml", std::move(registries), 0600);
  return patient;
}

std::vector<Report> configuration_reports() {
  const std::string mirrors =
      "  [plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"docker.io\"]\n    endpoint = [\"http://m1:5000\"]\n";
  const std::string auth =
      "[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"harbor.corp\".auth]\n  username = \"u\"\n  password = "
      "\"p\"\n";
  const std::string block = v2_table + "  config_path = \"/etc/containerd/certs.d\"\n";
  const auto list = [](std::string version) {
    const bool three = version.starts_with("2.");
    const std::string value = "config_path = \"/etc/containerd/certs.d:/etc/docker/certs.d\"\n";
    return Patient::with(std::move(version), (three ? "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\n"
                                                    : "version = 2\n" + v2_table) +
                                                 value)
        .hosts("_default", mirror_hosts);
  };
  return {
      {"kubespray 9741, containerd 5304 on 1.6",
       Patient::with("1.6.20", live_v2 + mirrors),
       "mirrors-beside-config-path",
       config + ":4",
       {"`mirrors` cannot be set when `config_path` is provided", "CRI plugin does not load", "migrate"}},
      {"kubespray 9741, containerd 5304 on 2.1",
       Patient::with("2.1.9", live_v2 + mirrors),
       "mirrors-beside-config-path",
       config + ":4",
       {"`mirrors` cannot be set when `config_path` is provided", "migrate"}},
      {"containerd 8139, kubernetes 111591",
       Patient::with("1.7.24", "disabled_plugins = [\"cri\"]\n"),
       "cri-disabled",
       config + ":1",
       {"does not serve Kubernetes", "write disabled_plugins = []"}},
      {"kubespray 12296 on 2.1",
       Patient::with("2.1.9", "version = 3\n" + auth),
       "wrong-plugin-name",
       config + ":2",
       {"configs.\"harbor.corp\".auth", "io.containerd.cri.v1.images", "version = 2, for 1.x and 2.x alike"}},
      {"kubespray 12575 on 2.0",
       Patient::with("2.0.0", "version = 3\n" + auth),
       "wrong-plugin-name",
       config + ":2",
       {"with \"io.containerd.cri.v1.images\" on line 2"}},
      {"containerd 12636 on 2.1",
       list("2.1.9"),
       "config-path-list",
       config + ":3",
       {"_default", "1.5 to 2.0 search the directories in order", "write config_path = \"/etc/containerd/certs.d\""}},
      {"containerd 12636 on 1.7",
       list("1.7.24"),
       "config-path-list",
       config + ":3",
       {"searches them in order", "2.1 and later"}},
      {"containerd 12636 on the default of 2.2",
       Patient::with("2.2.4", "version = 3\n").hosts("_default", mirror_hosts),
       "config-path-list",
       config,
       {"the default of containerd 2.2.4"}},
      {"a guide's append run twice on 1.7",
       Patient::with("1.7.24", "version = 2\n" + block + block),
       "duplicate-tables",
       config + ":4",
       {"does not start", "duplicated tables", "remove lines 4 to 5"}},
      {"a guide's append run twice on 2.1",
       Patient::with("2.1.9", "version = 2\n" + block + block),
       "duplicate-tables",
       config + ":4",
       {"does not start", "already exists", "remove lines 4 to 5"}},
      {"a guide's insecure_skip_verify against plain http",
       Patient::with("1.7.24",
                     "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"m1:5000\".tls]\n  "
                     "insecure_skip_verify = true\n"),
       "skip-verify-is-not-http",
       config + ":2",
       {"the scheme of the URL decides", "http://m1:5000"}},
      {"the same on 2.1",
       Patient::with("2.1.9",
                     "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"m1:5000\".tls]\n  "
                     "insecure_skip_verify = true\n"),
       "configs-tls-removed",
       config + ":2",
       {"never becomes http"}},
  };
}

std::vector<Report> hosts_reports() {
  const std::string header = "  [host.\"https://m1:5000\".header]\n    Authorization = \"Basic dTpw\"\n";
  return {
      {"goharbor 18530",
       with_hosts("1.7.24", "server = \"https://registry-1.docker.io\"\n[host.\"https://h/v2/docker.io\"]\n"),
       "path-without-override",
       docker_hub + ":2",
       {"/v2/docker.io/v2/", "override_path = true"}},
      {"containerd 7400",
       with_hosts("1.6.20",
                  "server = \"https://docker.io\"\n[host.\"https://m1:5000\"]\n  capabilities = [\"pull\"]\n"),
       "docker-hub-web-page",
       docker_hub + ":1",
       {"text/html", "registry-1.docker.io"}},
      {"containerd 7400, the mirror's part",
       with_hosts("1.6.20",
                  "server = \"https://docker.io\"\n[host.\"https://m1:5000\"]\n  capabilities = [\"pull\"]\n"),
       "mirror-does-not-resolve",
       docker_hub + ":3",
       {"resolved at https://docker.io/v2", "[\"pull\", \"resolve\"]"}},
      {"kind 3857, containerd 6285 on 1.7",
       with_hosts("1.7.24", mirror_hosts),
       "ctr-reads-no-config",
       docker_hub,
       {"ctr -n k8s.io images pull --hosts-dir /etc/containerd/certs.d REF", "crictl"}},
      {"containerd 12550 on 2.1",
       with_hosts("2.1.9", mirror_hosts),
       "ctr-reads-no-config",
       docker_hub,
       {"--hosts-dir /etc/containerd/certs.d", "its path is absolute"}},
      {"k3s 13379",
       k3s("mirrors:\n  \"reg.corp:5000\":\n    endpoint:\n      - \"http://reg.corp:5000\"\n"),
       "https-and-http",
       "/etc/rancher/k3s/registries.yaml:2",
       {"also asks https://reg.corp:5000", "v1.26.13"}},
      {"containerd 10624, spegel 739 on 1.7",
       with_hosts("1.7.24", mirror_hosts),
       "mirror-can-hang",
       docker_hub + ":3",
       {"never tries the next endpoint", "--probe"}},
      {"containerd 10660, 4861 on 1.7",
       with_hosts("1.7.24", mirror_hosts),
       "mirror-can-hang",
       docker_hub + ":3",
       {"30 s", "from 2.0.7 and 2.1 on"}},
      {"containerd 10660, 4861 on 2.1",
       with_hosts("2.1.9", mirror_hosts),
       "no-dial-timeout",
       docker_hub + ":3",
       {"30 s", "dial_timeout = \"2s\""}},
      {"containerd 10996",
       with_hosts("1.7.24", mirror_hosts + header),
       "pull-secret-for-all",
       docker_hub + ":6",
       {"every endpoint that asks", "refuses them fails"}},
      {"k3s 8026",
       k3s("mirrors:\n  docker.io:\n    endpoint:\n      - \"https://m1:5000\"\nconfigs:\n  \"m1:5000\":\n    auth:\n  "
           "    username: u\n      password: p\n"),
       "pull-secret-for-all",
       "/etc/rancher/k3s/registries.yaml:4",
       {"every endpoint that asks"}},
      {"a server is written",
       with_hosts("1.7.24", mirror_hosts),
       "server-is-asked-last",
       docker_hub + ":1",
       {"after all [host] entries have failed", "https://registry-1.docker.io/v2"}},
      {"no server is written",
       with_hosts("2.1.9", "[host.\"https://m1:5000\"]\n"),
       "server-is-asked-last",
       docker_hub,
       {"although there is no server"}},
  };
}

}  // namespace

TEST_CASE("the casebook: cause, line and way out of every report") {
  auto reports = configuration_reports();
  for (auto& report : hosts_reports()) reports.push_back(std::move(report));
  for (const auto& report : reports) {
    INFO(report.source << ": " << report.rule);
    const Finding* found = nullptr;
    const auto findings = report.patient.findings();
    for (const auto& finding : findings)
      if (finding.rule == report.rule) found = &finding;
    if (found == nullptr) {
      FAIL_CHECK("not found");
      continue;
    }
    const auto text = found->cause + "\n" + found->effect + "\n" + found->fix.text;
    INFO(text);
    CHECK((found->where ? to_string(*found->where) : "-") == report.where);
    for (const auto& part : report.says) {
      INFO(part);
      CHECK(text.find(part) != std::string::npos);
    }
  }
}
