// Nodes built for tests: only what a test is about is said, the rest is an ordinary Debian node.
#pragma once
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "node/profile.h"

namespace rf::test {

inline const std::vector<Profile>& built_in_profiles() {
  static const std::vector<Profile> profiles = [] {
    auto loaded = load_profiles(embedded::profiles());
    if (!loaded) FAIL(to_string(loaded.error()));
    return *loaded;
  }();
  return profiles;
}

struct Node {
  Facts facts;

  Node() {
    facts.os_release = {{"ID", "debian"}, {"VERSION_ID", "12"}};
    facts.init = "systemd";
    facts.tree.put_symlink("/var/run", "/run");
  }
  Node& file(std::string_view path, std::string content = "") {
    facts.tree.put_file(path, std::move(content));
    return *this;
  }
  Node& link(std::string_view path, std::string target) {
    facts.tree.put_symlink(path, std::move(target));
    return *this;
  }
  Node& runs(RuntimeProcess runtime) {
    if (runtime.pid == 0) runtime.pid = 100 + static_cast<int>(facts.runtimes.size());
    if (runtime.exe.empty()) runtime.exe = "/usr/bin/containerd";
    if (runtime.config_file.empty()) runtime.config_file = "/etc/containerd/config.toml";
    if (runtime.address.empty()) runtime.address = "/run/containerd/containerd.sock";
    facts.runtimes.push_back(std::move(runtime));
    return *this;
  }
  Node& process(const std::string& name, std::vector<std::string> argv) {
    facts.processes[name] = std::move(argv);
    return *this;
  }
  Node& kubelet(const std::string& endpoint) {
    facts.kubelet_endpoint = endpoint;
    facts.kubelet_source = "argv of 812";
    facts.processes["kubelet"] = {"/usr/bin/kubelet", "--container-runtime-endpoint=" + endpoint};
    return *this;
  }
  Node& containerd(std::string version, std::string config = "") {
    if (!config.empty()) file("/etc/containerd/config.toml", std::move(config));
    return runs({.version = std::move(version), .unit = "containerd.service"});
  }

  Result<Detection> detected(std::string distribution = "") const {
    return detect(facts, built_in_profiles(), {.distribution = std::move(distribution)});
  }
  Detection detection(std::string distribution = "") const {
    auto result = detected(std::move(distribution));
    if (!result) FAIL(to_string(result.error()));
    return *result;
  }
  Error refusal(std::string distribution = "") const {
    auto result = detected(std::move(distribution));
    if (result) FAIL("detected as " << result->profile.name);
    return result.error();
  }
};

inline RuntimeProcess k3s_runtime(std::string program, std::string unit) {
  return {.exe = "/var/lib/rancher/" + program + "/data/abc/bin/containerd",
          .version = "containerd github.com/k3s-io/containerd v1.7.23-k3s2",
          .config_file = "/var/lib/rancher/" + program + "/agent/etc/containerd/config.toml",
          .address = "/run/k3s/containerd/containerd.sock",
          .unit = std::move(unit),
          .parent_exe = "/usr/local/bin/" + program};
}

inline RuntimeProcess microk8s_runtime() {
  return {.exe = "/snap/microk8s/7589/bin/containerd",
          .version = "containerd github.com/containerd/containerd 1.7.29",
          .config_file = "/var/snap/microk8s/7589/args/containerd.toml",
          .address = "/var/snap/microk8s/common/run/containerd.sock",
          .unit = "snap.microk8s.daemon-containerd.service"};
}

}  // namespace rf::test
