// Any node for the doctor: it returns, and each finding is that of a rule and says something.
// An input that begins as facts do is taken for facts. Any other is a node's files, separated by lines "----":
// config.toml, hosts.toml, registries.yaml; its first byte chooses the version and the distribution.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "diagnose/rule.h"

namespace {

const std::vector<rf::Profile>& profiles() {
  static const auto loaded = rf::load_profiles(rf::embedded::profiles());
  if (!loaded) std::abort();
  return *loaded;
}

void look_at(const rf::Facts& facts) {
  const auto detection = rf::detect(facts, profiles());
  rf::Subject subject{.facts = facts, .profiles = profiles(), .now = 1'800'000'000};
  if (detection)
    subject.detection = &*detection;
  else
    subject.undetected = detection.error();
  for (const auto& finding : rf::diagnose(subject)) {
    if (rf::find_rule(finding.rule) == nullptr || finding.cause.empty() || finding.effect.empty() ||
        finding.fix.text.empty())
      std::abort();
  }
}

rf::Facts node_of(std::string_view text) {
  constexpr std::array versions{"1.5.18", "1.6.16", "1.6.20", "1.7.24", "1.7.32",
                                "2.0.7",  "2.1.9",  "2.2.0",  "2.3.4",  "2.4.0"};
  const auto choice = static_cast<unsigned char>(text.front());
  text.remove_prefix(1);
  std::array<std::string, 3> files;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto end = text.find("\n----\n");
    files[i] = text.substr(0, end);
    text = end == text.npos ? std::string_view() : text.substr(end + 6);
  }
  const bool k3s = choice >= 128;
  const std::string etc = k3s ? "/var/lib/rancher/k3s/agent/etc/containerd" : "/etc/containerd";
  rf::Facts facts;
  facts.tree.put_file(etc + "/config.toml", files[0]);
  facts.tree.put_file(etc + "/certs.d/docker.io/hosts.toml", files[1]);
  if (k3s) facts.tree.put_file("/etc/rancher/k3s/registries.yaml", files[2]);
  facts.runtimes.push_back({.pid = 1,
                            .exe = k3s ? "/var/lib/rancher/k3s/data/x/bin/containerd" : "/usr/bin/containerd",
                            .version = versions[choice % versions.size()],
                            .config_file = etc + "/config.toml",
                            .address = "/run/containerd/containerd.sock"});
  return facts;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.starts_with("facts ")) {
    if (const auto facts = rf::parse_facts(text)) look_at(*facts);
  } else if (!text.empty()) {
    look_at(node_of(text));
  }
  return 0;
}
