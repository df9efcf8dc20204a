#include "plan/service.h"

#include <fmt/format.h>

namespace rf {
namespace {

void take_limits(const ProfileService& service, Plan& plan) {
  plan.service.order = service.order;
  plan.service.serial = service.serial;
  plan.service.wait_seconds = service.wait_seconds;
}

}  // namespace

Result<void> set_restart(const Detection& detection, RestartPolicy policy, std::string why, Plan& plan) {
  const auto& service = detection.service;
  if (policy == RestartPolicy::never) {
    plan.warnings.push_back(
        fmt::format("{}: this takes effect only when containerd restarts, but --restart never was given", why));
    return {};
  }
  if (!service)
    return Error{.kind = ErrorKind::unsupported,
                 .message = fmt::format("{}, and no service is known to restart {}", why, detection.runtime.exe),
                 .hint = "run with --restart never, and restart it yourself"};
  if (service->restart_by == RestartBy::none) return {};
  plan.service.by = service->restart_by;
  plan.service.name = service->restart_name.empty() ? service->unit : service->restart_name;
  plan.service.why = std::move(why);
  take_limits(*service, plan);
  return {};
}

void set_own_restart(const Detection& detection, RestartPolicy policy, std::string why, Plan& plan) {
  if (policy == RestartPolicy::never)
    plan.warnings.push_back(
        fmt::format("{} restarts containerd on its own; --restart never cannot prevent that", detection.profile.title));
  plan.service.by = RestartBy::itself;
  plan.service.name = "containerd";
  plan.service.why = std::move(why);
  if (detection.service) take_limits(*detection.service, plan);
}

}  // namespace rf
