// Detection on built nodes: the ordinary ones, then every trap that has misled somebody.
#include <catch2/catch_test_macros.hpp>

#include "node_builder.h"

using namespace rf;
using test::k3s_runtime;
using test::microk8s_runtime;
using test::Node;

namespace {
constexpr auto live_config =
    "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \"/etc/containerd/certs.d\"\n";
bool mentions(const std::vector<std::string>& texts, std::string_view part) {
  for (const auto& text : texts)
    if (text.find(part) != text.npos) return true;
  return false;
}
}  // namespace

TEST_CASE("a Debian node without config_path needs one") {
  const auto detection =
      Node().containerd("containerd github.com/containerd/containerd 1.7.24~ds1", "version = 2\n").detection();
  CHECK(detection.profile.name == "containerd");
  CHECK(to_string(detection.containerd) == "1.7.24");
  CHECK(detection.state == RegistryState::needs_config_path);
  CHECK(detection.hosts_dir == "/etc/containerd/certs.d");
  CHECK(detection.confidence == Confidence::high);
  REQUIRE(detection.service);
  CHECK(detection.service->restart_name == "containerd.service");
}

TEST_CASE("a node whose config_path is set is live, in the directory it names") {
  CHECK(Node().containerd("1.7.24", live_config).detection().state == RegistryState::live);
  const auto elsewhere =
      Node()
          .containerd("2.1.9",
                      "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = '/opt/hosts'\n")
          .detection();
  CHECK(elsewhere.state == RegistryState::live);
  CHECK(elsewhere.hosts_dir == "/opt/hosts");
}

TEST_CASE("containerd 2.2 and later with nothing set ignores its own two directories") {
  const auto detection = Node().containerd("2.3.4", "version = 3\n").detection();
  CHECK(detection.state == RegistryState::several_roots);
  CHECK(detection.hosts_dir == "/etc/containerd/certs.d");
}

TEST_CASE("legacy mirrors are seen") {
  const auto detection =
      Node()
          .containerd("1.6.20",
                      "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"docker.io\"]\nendpoint = "
                      "[\"http://m:5000\"]\n")
          .detection();
  CHECK(detection.state == RegistryState::legacy_mirrors);
}

TEST_CASE("mirrors beside config_path leave the CRI plugin broken, and the reason is told") {
  const auto detection = Node()
                             .containerd("1.7.24", std::string(live_config) +
                                                       "[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors."
                                                       "\"docker.io\"]\nendpoint = [\"http://m:5000\"]\n")
                             .detection();
  CHECK(detection.state == RegistryState::broken);
  CHECK(mentions(detection.notes, "config_path"));
}

TEST_CASE("containerd.io with its CRI plugin disabled is no Kubernetes runtime") {
  const auto detection = Node().containerd("1.7.27", "disabled_plugins = [\"cri\"]\n").detection();
  CHECK(detection.state == RegistryState::cri_disabled);
  CHECK(mentions(detection.notes, "disabled_plugins"));
}

TEST_CASE("a kubeadm node tells its role") {
  Node node;
  node.containerd("1.7.24", live_config)
      .kubelet("unix:///run/containerd/containerd.sock")
      .file("/etc/kubernetes/kubelet.conf");
  CHECK(node.detection().profile.name == "kubeadm");
  CHECK(node.detection().role == "worker");
  CHECK(node.file("/etc/kubernetes/manifests/kube-apiserver.yaml").detection().role == "control-plane");
}

TEST_CASE("a kubelet told /var/run means /run") {
  Node node;
  node.containerd("1.7.24")
      .runs(k3s_runtime("k3s", "k3s.service"))
      .kubelet("unix:///var/run/containerd/containerd.sock");
  CHECK(node.detection().profile.name == "containerd");
  node.facts.tree.remove("/var/run");
  CHECK(node.detection().profile.name == "containerd");
}

TEST_CASE("cri-o and cri-dockerd are refused with the reason") {
  for (const auto* endpoint : {"unix:///var/run/crio/crio.sock", "unix:///run/cri-dockerd.sock"}) {
    const auto error = Node().containerd("1.7.24").kubelet(endpoint).refusal();
    CHECK(error.kind == ErrorKind::unsupported);
    CHECK(error.message.find("not containerd") != std::string::npos);
    CHECK_FALSE(error.hint.empty());
  }
}

TEST_CASE("Docker's child containerd is ignored") {
  Node node;
  node.containerd("1.7.24").process("dockerd", {"dockerd"});
  node.runs({.address = "/var/run/docker/containerd/containerd.sock", .parent_exe = "/usr/bin/dockerd"});
  const auto detection = node.detection();
  CHECK(detection.profile.name == "containerd");
  CHECK(mentions(detection.notes, "Docker Engine"));
}

TEST_CASE("Docker alone is Docker Engine, whose directory is live without config_path") {
  Node node;
  node.process("dockerd", {"dockerd"});
  node.runs({.version = "2.1.4",
             .address = "/run/docker/containerd/containerd.sock",
             .unit = "docker.service",
             .parent_exe = "/usr/bin/dockerd"});
  const auto detection = node.detection();
  CHECK(detection.profile.name == "docker");
  CHECK(detection.hosts_dir == "/etc/docker/certs.d");
  CHECK(detection.state == RegistryState::live);
}

TEST_CASE("K3s with docker beside it is K3s") {
  Node node;
  node.runs(k3s_runtime("k3s", "k3s.service"))
      .process("k3s", {"/usr/local/bin/k3s", "server"})
      .process("dockerd", {"dockerd"});
  node.runs({.version = "1.7.27", .unit = "containerd.service"});
  node.facts.versions["k3s"] = "k3s version v1.31.4+k3s1 (a562d090)\ngo version go1.22.9";
  const auto detection = node.detection();
  CHECK(detection.profile.name == "k3s");
  CHECK(detection.role == "server");
  CHECK(detection.distribution_version == "v1.31.4+k3s1");
  CHECK(detection.era.dialect == "certs.d");
  CHECK(detection.state == RegistryState::managed_elsewhere);
  CHECK(detection.hosts_dir == "/var/lib/rancher/k3s/agent/etc/containerd/certs.d");
  CHECK(mentions(detection.notes, "left alone"));
}

TEST_CASE("K3s from before hosts.toml files is of the first era, on every branch") {
  const auto dialect = [](std::string version) {
    Node node;
    node.runs(k3s_runtime("k3s", "k3s.service"));
    node.facts.versions["k3s"] = "k3s version " + std::move(version);
    return node.detection().era.dialect;
  };
  CHECK(dialect("v1.26.12+k3s1") == "config-toml");
  CHECK(dialect("v1.26.13+k3s1") == "certs.d");
  CHECK(dialect("v1.27.9+k3s1") == "config-toml");
  CHECK(dialect("v1.29.0+k3s1") == "config-toml");
  CHECK(dialect("v1.29.1+k3s1") == "certs.d");
  CHECK(dialect("v1.25.16+k3s4") == "config-toml");
  CHECK(dialect("v1.30.0+k3s1") == "certs.d");
}

TEST_CASE("RKE2 and K3s share a socket and are told apart all the same") {
  Node rke2;
  rke2.runs(k3s_runtime("rke2", "rke2-agent.service")).kubelet("unix:///run/k3s/containerd/containerd.sock");
  CHECK(rke2.detection().profile.name == "rke2");
  CHECK(rke2.detection().role == "agent");
  CHECK(rke2.detection().service->restart_name == "rke2-agent.service");
  CHECK(Node().runs(k3s_runtime("k3s", "k3s-agent.service")).detection().profile.name == "k3s");
}

TEST_CASE("a link at containerd's usual socket does not hide RKE2") {
  Node node;
  node.runs(k3s_runtime("rke2", "rke2-server.service"))
      .link("/run/containerd/containerd.sock", "/run/k3s/containerd/containerd.sock");
  node.file("/run/k3s/containerd/containerd.sock").kubelet("unix:///run/containerd/containerd.sock");
  CHECK(node.detection().profile.name == "rke2");
}

TEST_CASE("K3s on another runtime is not configured through registries.yaml") {
  Node docker;
  docker.process("k3s", {"/usr/local/bin/k3s", "server", "--docker"}).containerd("1.7.24");
  CHECK(docker.refusal().kind == ErrorKind::unsupported);
  Node external;
  external.process("k3s", {"k3s", "agent", "--container-runtime-endpoint", "/run/containerd/containerd.sock"})
      .containerd("1.7.24");
  CHECK(external.detection().profile.name == "containerd");
}

TEST_CASE("a K3s under another unit name is restarted by that name") {
  const auto detection =
      Node().runs(k3s_runtime("k3s", "k3s-lab.service")).process("k3s", {"k3s", "server"}).detection();
  CHECK(detection.service->restart_name == "k3s-lab.service");
  CHECK(detection.role == "server");
}

TEST_CASE("k3d is K3s whose process 1 is K3s: print only") {
  Node node;
  node.facts.init = "other";
  node.runs(k3s_runtime("k3s", "")).file("/bin/k3s").process("k3s", {"/bin/k3s", "server"});
  CHECK(node.detection().profile.name == "k3d");
  node.facts.init = "openrc";
  CHECK(node.detection().profile.name == "k3s");
  CHECK(node.detection().role == "server");
}

TEST_CASE("a K3s of unknown role is not restarted under a guessed name") {
  CHECK_FALSE(Node().runs(k3s_runtime("k3s", "")).detection().service);
}

TEST_CASE("MicroK8s is written through current, and restarted through snap") {
  Node node;
  node.runs(microk8s_runtime()).link("/snap/microk8s/current", "7589").link("/var/snap/microk8s/current", "7589");
  node.file("/snap/microk8s/7589/meta/snap.yaml", "name: microk8s\nversion: v1.31.4\n");
  node.file("/var/snap/microk8s/7589/args/containerd.toml",
            "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\n"
            "config_path = \"/var/snap/microk8s/7589/args/certs.d\"\n");
  node.file("/var/snap/microk8s/7589/args/containerd-template.toml", "version = 2\n");
  node.facts.tree.put_directory("/var/snap/microk8s/7589/args/certs.d");
  const auto detection = node.detection();
  CHECK(detection.profile.name == "microk8s");
  CHECK(detection.distribution_version == "v1.31.4");
  CHECK(detection.hosts_dir == "/var/snap/microk8s/current/args/certs.d");
  CHECK(detection.state == RegistryState::live);
  CHECK(detection.service->restart_by == RestartBy::snap);
  CHECK(detection.service->restart_name == "microk8s.daemon-containerd");
}

TEST_CASE("MicroK8s up to 1.22 takes mirrors in its template") {
  Node node;
  node.runs(microk8s_runtime())
      .link("/snap/microk8s/current", "7589")
      .file("/snap/microk8s/7589/meta/snap.yaml", "version: '1.22.17'\n");
  CHECK(node.detection().era.style == Style::config_toml);
}

TEST_CASE("what MicroK8s leaves behind after its removal is not MicroK8s") {
  Node node;
  node.containerd("1.7.24").file("/var/snap/microk8s/current/args/containerd-template.toml", "version = 2\n");
  CHECK(node.detection().profile.name == "containerd");
}

TEST_CASE("MicroK8s beside the leftovers of kubeadm is MicroK8s") {
  Node node;
  node.runs(microk8s_runtime())
      .link("/snap/microk8s/current", "7589")
      .containerd("1.7.24")
      .file("/etc/kubernetes/kubelet.conf");
  node.link("/var/lib/kubelet", "/var/snap/microk8s/common/var/lib/kubelet");
  node.facts.kubelet_endpoint = "unix:///run/containerd/containerd.sock";
  node.facts.kubelet_source = "/var/lib/kubelet/config.yaml";
  CHECK(node.detection().profile.name == "microk8s");
}

TEST_CASE("Canonical Kubernetes looks like plain containerd, but reads hosts.d") {
  Node node;
  node.link("/snap/k8s/current", "1100").file("/snap/k8s/1100/meta/snap.yaml", "version: v1.33.2\n");
  node.file(
      "/etc/containerd/config.toml",
      "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \"/etc/containerd/hosts.d\"\n");
  node.runs({.exe = "/snap/k8s/1100/bin/containerd", .version = "1.7.34", .unit = "snap.k8s.containerd.service"});
  const auto detection = node.detection();
  CHECK(detection.profile.name == "k8s-snap");
  CHECK(detection.hosts_dir == "/etc/containerd/hosts.d");
  CHECK(detection.state == RegistryState::live);
  CHECK(detection.distribution_version == "v1.33.2");
}

TEST_CASE("KIND is seen before kubeadm, minikube is not KIND") {
  Node kind;
  kind.containerd("2.1.1", "version = 2\n")
      .kubelet("unix:///run/containerd/containerd.sock")
      .file("/etc/kubernetes/kubelet.conf");
  kind.file("/kind/version", "v0.29.0\n");
  CHECK(kind.detection().profile.name == "kind");
  CHECK(kind.detection().distribution_version == "v0.29.0");
  CHECK(kind.detection().state == RegistryState::needs_config_path);
  Node minikube;
  minikube.containerd("1.7.24", live_config)
      .file("/kind/entrypoint")
      .file("/var/lib/minikube/certs/ca.crt")
      .file("/etc/kubernetes/kubelet.conf");
  CHECK(minikube.detection().profile.name == "minikube");
}

TEST_CASE("an existing KIND node with containerd 2.2 reads certs.d through its default list") {
  const auto detection =
      Node()
          .file("/kind/version", "v0.31.0")
          .containerd(
              "2.2.0",
              "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd]\ndiscard_unpacked_layers = true\n"
              "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc]\nruntime_type = "
              "\"io.containerd.runc.v2\"\n")
          .detection();
  CHECK(detection.state == RegistryState::live);
}

TEST_CASE("two active runtimes and no kubelet: the user is asked") {
  Node node;
  node.containerd("1.7.24").runs({.exe = "/opt/other/containerd", .version = "2.1.0", .address = "/run/other.sock"});
  const auto error = node.refusal();
  CHECK(error.kind == ErrorKind::refused);
  CHECK(error.hint.find("--distribution") != std::string::npos);
}

TEST_CASE("two active runtimes: the kubelet decides") {
  Node node;
  node.containerd("1.7.24").runs(microk8s_runtime()).link("/snap/microk8s/current", "7589");
  node.kubelet("unix:///run/containerd/containerd.sock");
  CHECK(node.detection().profile.name == "containerd");
  CHECK(node.detection("microk8s").profile.name == "microk8s");
  CHECK(node.detection("microk8s").confidence == Confidence::given);
}

TEST_CASE("two containerds that have the kubelet's socket are not chosen from") {
  Node node;
  node.containerd("1.7.24", "version = 2\n").runs({.config_file = "/tmp/staged.toml"});
  const auto error = node.kubelet("unix:///run/containerd/containerd.sock").refusal();
  CHECK(error.message.find("pid 100") != std::string::npos);
  CHECK(error.message.find("pid 101") != std::string::npos);
}

TEST_CASE("a kubelet whose runtime is down is said to be so") {
  const auto error = Node().containerd("1.7.24").kubelet("unix:///run/other/containerd.sock").refusal();
  CHECK(error.kind == ErrorKind::runtime);
}

TEST_CASE("nothing running: the marks tell, with low confidence") {
  Node node;
  node.file("/var/lib/rancher/k3s/agent/etc/containerd/config.toml", "version = 2\n");
  const auto detection = node.detection();
  CHECK(detection.profile.name == "k3s");
  CHECK(detection.confidence == Confidence::low);
  CHECK(detection.state == RegistryState::not_running);
  CHECK(node.detection("k3s").confidence == Confidence::given);
  CHECK(Node().refusal().kind == ErrorKind::unsupported);
}

TEST_CASE("a k0s controller without a worker has nothing to configure") {
  Node node;
  node.process("k0s", {"/usr/local/bin/k0s", "controller"}).file("/etc/k0s/containerd.toml", "# k0s_managed=true\n");
  CHECK(node.refusal().message.find("k0s") != std::string::npos);
}

TEST_CASE("k0s takes a drop-in while its containerd.toml is managed, and edits in place when it is not") {
  const auto k0s = [](std::string first_line) {
    Node node;
    node.runs({.exe = "/var/lib/k0s/bin/containerd",
               .version = "1.7.27",
               .config_file = "/etc/k0s/containerd.toml",
               .address = "/run/k0s/containerd.sock",
               .unit = "k0sworker.service",
               .parent_exe = "/usr/local/bin/k0s"});
    node.file("/etc/k0s/containerd.toml", std::move(first_line) + "\nversion = 2\n");
    return node.detection();
  };
  CHECK(k0s("# k0s_managed=true").era.drop_in == "/etc/k0s/containerd.d/cri-registry.toml");
  CHECK(k0s("# k0s_managed=true").role == "worker");
  CHECK(k0s("# mine").era.drop_in.empty());
  CHECK(k0s("# mine").era.config_file == "/etc/k0s/containerd.toml");
}

TEST_CASE("EKS works with its two directories as long as layers are discarded, and not when Spegel turned that off") {
  const auto eks = [](std::string_view discard) {
    return Node()
        .file("/usr/bin/nodeadm")
        .containerd("2.1.5", "version = 3\n[plugins.'io.containerd.cri.v1.images']\ndiscard_unpacked_layers = " +
                                 std::string(discard) +
                                 "\n[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = "
                                 "'/etc/containerd/certs.d:/etc/docker/certs.d'\n")
        .detection();
  };
  CHECK(eks("true").profile.name == "eks");
  CHECK(eks("true").state == RegistryState::live);
  CHECK(eks("false").state == RegistryState::several_roots);
}

TEST_CASE("systems without a shell are recognised by their os-release") {
  Node node;
  node.facts.os_release["ID"] = "bottlerocket";
  node.containerd("2.0.5").kubelet("unix:///run/containerd/containerd.sock");
  CHECK(node.detection().profile.name == "bottlerocket");
  CHECK(node.detection().era.style == Style::patch);
  CHECK(node.detection().state == RegistryState::managed_elsewhere);
}

TEST_CASE("an unknown --distribution is refused with the nearest name") {
  CHECK(Node().containerd("1.7.24").refusal("micok8s").hint == "did you mean `microk8s`?");
}
