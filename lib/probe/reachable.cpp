// What an apply makes of the answers, before anything is written.
#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "containerd/pull/silence.h"
#include "probe/probe.h"

namespace rf {
namespace {

std::string wait_of(const EffectiveConfig& config) {
  return fmt::format("containerd {} {}", to_string(config.containerd),
                     after_silence(config.containerd, config.pull_mode));
}

// "docker.io, ghcr.io: http://m/v2: connection refused": one endpoint is said once, with every registry that has it.
class Said {
 public:
  void add(const RegistryProbe& registry, const EndpointProbe& endpoint, const std::string& more) {
    const auto told = told_of(registry, endpoint);
    const auto text = fmt::format("{}: {}{}", told.url, answer_words(told), more);
    const auto known =
        std::find_if(lines_.begin(), lines_.end(), [&](const auto& line) { return line.second == text; });
    if (known == lines_.end())
      lines_.emplace_back(std::vector{registry.chain.registry}, text);
    else
      known->first.push_back(registry.chain.registry);
  }
  std::vector<std::string> sentences() const {
    std::vector<std::string> out;
    for (const auto& [registries, text] : lines_) out.push_back(join(registries, ", ") + ": " + text);
    return out;
  }

 private:
  std::vector<std::pair<std::vector<std::string>, std::string>> lines_;
};

}  // namespace

AnswerTold told_of(const RegistryProbe& registry, const EndpointProbe& endpoint) {
  return {.registry = registry.chain.registry,
          .url = endpoint.endpoint.url(),
          .answer = endpoint.answer,
          .status = endpoint.status,
          .detail = endpoint.detail};
}

Result<void> check_reachable(const NodeProbe& probe, const EffectiveConfig& config) {
  if (probe.client.empty() && !probe.registries.empty())
    return Error{.kind = ErrorKind::refused,
                 .message = "this node has no program to ask an endpoint with",
                 .hint = "install curl, GNU wget or openssl there, or leave out --probe"};
  Said said;
  for (const auto& registry : probe.registries)
    for (const auto& each : registry.endpoints)
      if (is_out_of_reach(each.answer))
        said.add(registry, each, each.answer == Answer::timeout ? ", and " + wait_of(config) : "");
  const auto sentences = said.sentences();
  if (sentences.empty()) return {};
  return Error{
      .kind = ErrorKind::refused,
      .message = fmt::format("{} cannot be reached from this node: {}", counted(sentences.size(), "endpoint"),
                             join(sentences, "; ")),
      .hint =
          "repair it or remove it from the chain (`upstream: none` for a registry's own); without --probe endpoints "
          "are not asked"};
}

std::vector<std::string> not_serving(const NodeProbe& probe) {
  Said said;
  for (const auto& registry : probe.registries)
    for (const auto& each : registry.endpoints)
      if (is_finding(each.answer, false) && !is_out_of_reach(each.answer)) said.add(registry, each, "");
  return said.sentences();
}

}  // namespace rf
