#include "plan/service.h"

#include <fmt/format.h>

namespace rf {

Result<void> set_restart(const Detection& detection, RestartPolicy policy, std::string why, Plan& plan) {
  const auto& service = detection.service;
  if (policy == RestartPolicy::never) {
    plan.warnings.push_back(fmt::format("{}: this takes effect only when containerd restarts, which --restart never forbids", why));
    return {};
  }
  if (!service)
    return Error{ErrorKind::unsupported, fmt::format("{}, and no service is known to restart {}", why, detection.runtime.exe),
                 "run with --restart never, and restart it yourself"};
  if (service->restart_by == RestartBy::none) return {};
  plan.service.by = service->restart_by;
  plan.service.name = service->restart_name.empty() ? service->unit : service->restart_name;
  plan.service.why = std::move(why);
  plan.service.order = service->order;
  plan.service.serial = service->serial;
  plan.service.wait_seconds = service->wait_seconds;
  return {};
}

}  // namespace rf
