// The kubelet's runtime endpoint: which of a node's containerds is the one that counts.
#include <algorithm>

#include "base/text.h"
#include "node/facts_parts.h"

namespace rf {
namespace {

std::string without_quotes(std::string_view text) {
  text = trim(text);
  if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front())
    text = text.substr(1, text.size() - 2);
  return std::string(text);
}

// The value of a key of the top level of a KubeletConfiguration.
std::string yaml_value(std::string_view text, std::string_view key) {
  for (const auto line : lines(text)) {
    if (!line.starts_with(key) || line.substr(key.size(), 1) != ":") continue;
    auto value = line.substr(key.size() + 1);
    if (const auto comment = value.find(" #"); comment != value.npos) value = value.substr(0, comment);
    return without_quotes(value);
  }
  return "";
}

// KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=unix:///run/containerd/containerd.sock --x=y"
std::string environment_flag(std::string_view text) {
  constexpr std::string_view flag = "--container-runtime-endpoint=";
  const auto begin = text.find(flag);
  if (begin == text.npos) return "";
  const auto value = text.substr(begin + flag.size());
  return without_quotes(value.substr(0, value.find_first_of(" \"'\n")));
}

bool use(Facts& facts, std::string endpoint, std::string source) {
  if (endpoint.empty()) return false;
  if (endpoint.starts_with('/')) endpoint = "unix://" + endpoint;
  facts.kubelet_endpoint = std::move(endpoint);
  facts.kubelet_source = std::move(source);
  return true;
}

bool use_file(Facts& facts, const std::string& path) {
  const auto text = facts.tree.read(path);
  return text && use(facts, yaml_value(*text, "containerRuntimeEndpoint"), path);
}

}  // namespace

std::string flag_value(const std::vector<std::string>& argv, std::initializer_list<std::string_view> names) {
  for (std::size_t i = 0; i < argv.size(); ++i) {
    for (const auto name : names) {
      if (argv[i] == name) return i + 1 < argv.size() ? argv[i + 1] : "";
      if (argv[i].starts_with(name) && argv[i].substr(name.size(), 1) == "=") return argv[i].substr(name.size() + 1);
    }
  }
  return "";
}

void find_kubelet_endpoint(Facts& facts, const KubeletProcess& kubelet) {
  if (kubelet.pid != 0) {
    const auto given =
        flag_value(facts.processes["kubelet"], {"--container-runtime-endpoint", "-container-runtime-endpoint"});
    if (use(facts, given, "argv of " + std::to_string(kubelet.pid))) return;
    if (!kubelet.config_file.empty() && use_file(facts, kubelet.config_file)) return;
  }
  const std::string flags = "/var/lib/kubelet/kubeadm-flags.env";
  if (const auto text = facts.tree.read(flags); text && use(facts, environment_flag(*text), flags)) return;
  if (use_file(facts, "/var/lib/kubelet/instance-config.yaml")) return;
  use_file(facts, "/var/lib/kubelet/config.yaml");
}

}  // namespace rf
