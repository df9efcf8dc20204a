// Builds what a chain is computed from, and reads what a prediction asks for.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "containerd/pull/predict.h"

namespace rf {

inline EffectiveConfig config_for(const std::string& version, const std::string& config_path,
                                  PullMode mode = PullMode::client) {
  EffectiveConfig config;
  config.containerd = *parse_version(version);
  config.config_path = config_path;
  config.pull_mode = mode;
  if (mode == PullMode::transfer) {
    config.hosts_roots = {config_path};
  } else {
    for (const auto root : split(config_path, ':')) config.hosts_roots.emplace_back(root);
  }
  return config;
}

inline Assumptions assume(const std::vector<std::string>& texts) {
  Assumptions assumptions;
  for (const auto& text : texts) assumptions.insert(*parse_assumption(text));
  return assumptions;
}

inline FileTree with_hosts_toml(const std::string& registry, const std::string& text) {
  FileTree tree;
  tree.put_file("/c/" + registry + "/hosts.toml", text);
  return tree;
}

// The chain of a registry whose hosts.toml is this text, under the config_path "/c".
inline Chain chain_of(const std::string& registry, const std::string& text, const std::string& version) {
  return resolve_chain(with_hosts_toml(registry, text), config_for(version, "/c"), registry);
}

// "https://m/v2, https://reg.io/v2", or "error: " and containerd's words.
inline std::string urls(const Chain& chain) {
  if (chain.error) return "error: " + *chain.error;
  std::string out;
  for (const auto& endpoint : chain.endpoints) out += (out.empty() ? "" : ", ") + endpoint.url();
  return out;
}

// "HEAD m 503, HEAD m 503, GET ..." of one step.
inline std::string asked(const Prediction& prediction, std::string_view step) {
  std::string out;
  for (const auto& request : prediction.requests) {
    if (request.step != step) continue;
    const auto host = request.url.substr(0, request.url.find('/', 8));
    out += (out.empty() ? "" : ", ") + request.method + " " + host + " " + request.assumed;
  }
  return out;
}

}  // namespace rf
