// The kubelet's runtime endpoint: which of a node's containerds is the one that counts.
#include <algorithm>

#include "base/text.h"
#include "node/facts_parts.h"
#include "yaml/yaml_tree.h"

namespace rf {
namespace {

std::string without_quotes(std::string_view text) {
  text = trim(text);
  if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front())
    text = text.substr(1, text.size() - 2);
  return std::string(text);
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

// A KubeletConfiguration that we cannot read leaves it open which runtime counts; one that is broken says nothing.
Result<bool> use_file(Facts& facts, const std::string& path) {
  if (auto unread = facts.tree.why_unread(path)) return *std::move(unread);
  const auto document = read_yaml(facts.tree.read(path).value_or(""), path);
  if (!document && document.error().kind == ErrorKind::unreadable) return document.error();
  const auto* endpoint = document ? document->root->get("containerRuntimeEndpoint") : nullptr;
  return endpoint != nullptr && use(facts, endpoint->text, path);
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

Result<void> find_kubelet_endpoint(Facts& facts, const KubeletProcess& kubelet) {
  if (kubelet.pid != 0) {
    const auto given =
        flag_value(facts.processes["kubelet"], {"--container-runtime-endpoint", "-container-runtime-endpoint"});
    if (use(facts, given, "argv of " + std::to_string(kubelet.pid))) return {};
    if (!kubelet.config_file.empty()) {
      RF_TRY(const bool used, use_file(facts, kubelet.config_file));
      if (used) return {};
    }
  }
  const std::string flags = "/var/lib/kubelet/kubeadm-flags.env";
  if (const auto text = facts.tree.read(flags); text && use(facts, environment_flag(*text), flags)) return {};
  for (const auto* file : {"/var/lib/kubelet/instance-config.yaml", "/var/lib/kubelet/config.yaml"}) {
    RF_TRY(const bool used, use_file(facts, file));
    if (used) return {};
  }
  return {};
}

}  // namespace rf
