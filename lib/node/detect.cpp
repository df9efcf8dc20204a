#include <fmt/format.h>

#include "base/text.h"
#include "containerd/chain/chain.h"
#include "node/after_start.h"
#include "node/detect_parts.h"

namespace rf {

std::string_view to_string(Confidence confidence) {
  switch (confidence) {
    case Confidence::high: return "high";
    case Confidence::given: return "given";
    case Confidence::low: return "low (not running)";
  }
  return "";
}

std::string_view to_string(RegistryState state) {
  switch (state) {
    case RegistryState::live: return "live";
    case RegistryState::needs_config_path: return "needs config_path";
    case RegistryState::several_roots: return "multi-root: ignored";
    case RegistryState::legacy_mirrors: return "legacy mirrors";
    case RegistryState::managed_elsewhere: return "managed elsewhere";
    case RegistryState::cri_disabled: return "CRI disabled";
    case RegistryState::broken: return "broken";
    case RegistryState::not_running: return "not running";
  }
  return "";
}
namespace {

// Nothing is said of a runtime when a file that decides its chains was not read.
Result<void> all_was_read(const Facts& facts, const Detection& detection) {
  if (auto unread = unread_by_us(facts.tree, detection.config)) return *std::move(unread);
  if (detection.era.style != Style::registries_yaml) return {};
  const auto node = registries_yaml_node(facts, detection);
  if (node.settings.unread) return *node.settings.unread;
  const auto registries = registries_yaml_in(facts.tree, node.registries_file);
  return registries || registries.error().kind != ErrorKind::unreadable ? Result<void>()
                                                                        : Result<void>(registries.error());
}

}  // namespace

Result<Detection> detect(const Facts& facts, std::span<const Profile> profiles, const DetectOptions& options) {
  const Profile* forced = nullptr;
  std::vector<std::string_view> names;
  for (const auto& profile : profiles) {
    names.push_back(profile.name);
    if (profile.name == options.distribution) forced = &profile;
  }
  if (!options.distribution.empty() && !forced) {
    const auto near = nearest(options.distribution, names);
    return Error{.kind = ErrorKind::usage,
                 .message = fmt::format("there is no profile `{}`", options.distribution),
                 .hint = near.empty() ? fmt::format("one of {}", fmt::join(names, ", "))
                                      : fmt::format("did you mean `{}`?", near)};
  }
  RF_TRY(auto choice, choose_runtime(facts, profiles, forced).doing("finding the kubelet's containerd"));
  if (!choice.profile)
    return Error{.kind = ErrorKind::unsupported,
                 .message = fmt::format("no profile describes the containerd at {}", choice.runtime.address),
                 .hint = "write one for it and name its directory with --profiles-dir"};
  Detection detection;
  detection.profile = *choice.profile;
  detection.runtime = std::move(choice.runtime);
  detection.confidence = choice.confidence;
  detection.notes = std::move(choice.notes);
  describe(detection, facts);
  RF_CHECK(all_was_read(facts, detection));
  return detection;
}

bool is_made_from_another(const Detection& detection, const FileTree& tree) {
  const auto& era = detection.era;
  return !era.made_into.empty() && tree.real_path(era.made_into) == tree.real_path(detection.config_file);
}

}  // namespace rf
