#include "node/condition.h"

#include <algorithm>

#include <fmt/format.h>

namespace rf {
namespace {

// The plugin that failed when the process was started, as the node's own containerd tells.
std::optional<std::string> failed_cri_plugin(const RuntimeProcess& runtime) {
  const auto failed = std::find_if(runtime.plugins.begin(), runtime.plugins.end(), [](const auto& plugin) {
    return plugin.second == PluginState::error && plugin.first.find("cri") != std::string::npos;
  });
  return failed == runtime.plugins.end() ? std::nullopt : std::optional(failed->first);
}

}  // namespace

std::string_view to_string(NodeCondition::Kind kind) {
  switch (kind) {
    case NodeCondition::Kind::serves_nothing: return "serves-nothing";
    case NodeCondition::Kind::next_start_fails: return "next-start-fails";
  }
  return "";
}

std::optional<NodeCondition> condition_of(const EffectiveConfig& config) {
  const auto& fault = config.load_error ? config.load_error : config.cri_error;
  if (!fault) return std::nullopt;
  NodeCondition out{.error = *fault};
  if (config.load_error)
    out.error.message = "containerd does not start with this configuration: " + fault->message;
  else if (!config.cri_disabled)
    out.error.message = "the CRI plugin does not load: " + fault->message;
  return out;
}

std::optional<NodeCondition> condition_of(const Detection& detection, const EffectiveConfig& config) {
  if (auto condition = condition_of(config)) return condition;
  const auto& runtime = detection.runtime;
  if (runtime.pid == 0)
    return NodeCondition{.error = {.kind = ErrorKind::runtime,
                                   .message = "no containerd runs on this node",
                                   .hint = "what follows is what its files say; 'regfallback doctor' tells more"}};
  if (const auto plugin = failed_cri_plugin(runtime))
    return NodeCondition{
        .error = {.kind = ErrorKind::runtime,
                  .message = fmt::format("the plugin {} of the running containerd failed to load", *plugin),
                  .hint = fmt::format("'journalctl -u {}' on the node shows why; it serves no images until "
                                      "it is started again without the fault",
                                      runtime.unit.empty() ? "containerd" : runtime.unit)}};
  return std::nullopt;
}

}  // namespace rf
