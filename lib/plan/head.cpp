#include "plan/head.h"

#include <fmt/format.h>

#include <algorithm>

namespace rf {

Plan begin_plan(const Facts& facts, const Detection& detection) {
  Plan plan;
  plan.node = facts.hostname;
  plan.runtime_exe = detection.runtime.exe;
  plan.runtime_socket = detection.runtime.address;
  plan.runtime_config = detection.config_file;
  return plan;
}

Result<void> check_runs(const Detection& detection) {
  if (detection.confidence != Confidence::low && detection.state != RegistryState::not_running) return {};
  return Error{.kind = ErrorKind::refused,
               .message = fmt::format("no containerd runs here, so it is not certain which one {} would use",
                                      detection.profile.title),
               .hint = "start it, and run this again"};
}

Result<void> check_version(const Detection& detection) {
  if (detection.containerd.major != 0) return {};
  return Error{.kind = ErrorKind::refused,
               .message = fmt::format("the version of {} is unknown", detection.runtime.exe),
               .hint = "what it would do cannot be computed without it"};
}

Error reads_no_registries_yaml(const Detection& detection, std::string hint) {
  return {.kind = ErrorKind::unsupported,
          .message = fmt::format("{} reads no registries.yaml; only K3s and RKE2 do", detection.profile.title),
          .hint = std::move(hint)};
}

Error writes_hosts_itself(const Detection& detection, std::string hint) {
  return {.kind = ErrorKind::unsupported,
          .message = fmt::format("{} writes its hosts.toml files itself at every start, from {}",
                                 detection.profile.title, detection.era.registries_file),
          .hint = std::move(hint)};
}

Error config_is_managed(const Detection& detection, const std::string& file, std::string hint) {
  return {.kind = ErrorKind::unsupported,
          .message = fmt::format("{} belongs to {}, which writes it itself", file, detection.profile.title),
          .hint = std::move(hint)};
}

void warn_about_managers(const Detection& detection, Plan& plan) {
  if (plan.files.empty()) return;
  for (const auto& manager : detection.managers)
    if (detection.era.style != Style::registries_yaml || manager.kind != Manager::Kind::distribution)
      plan.warnings.push_back(fmt::format("also managed by {}: its next write replaces these files", manager.text));
}

void warn_about_sudo_log(const Facts& facts, Plan& plan) {
  const auto& [input, output] = facts.sudo_log;
  const bool secrets =
      std::any_of(plan.files.begin(), plan.files.end(), [](const FileChange& change) { return change.holds_secrets; });
  if (!secrets || (!input && !output)) return;
  plan.warnings.push_back(fmt::format(
      "sudo on this node records {} ({}): the credentials of this plan go into its I/O log; exempt this user with "
      "'Defaults:USER !log_input, !log_output' in sudoers, or delete the log afterwards (sudoreplay -l)",
      input && output ? "sessions"
      : input         ? "the input of sessions"
                      : "the output of sessions",
      input && output ? "log_input, log_output"
      : input         ? "log_input"
                      : "log_output"));
}

}  // namespace rf
