#include <fmt/format.h>

#include "plan/config_path.h"
#include "plan/migrate.h"
#include "plan/service.h"

namespace rf {
namespace {

Result<void> may_migrate(const Detection& detection) {
  if (detection.containerd.major == 0)
    return Error{ErrorKind::refused, fmt::format("the version of {} is not known", detection.runtime.exe), "what it would do cannot be computed without it"};
  if (detection.runtime.pid == 0)
    return Error{ErrorKind::refused, "no containerd runs here, so it is not certain which one would read the files", "start it, and run this again"};
  if (detection.era.config_managed)
    return Error{ErrorKind::unsupported, fmt::format("{} writes {} by itself", detection.profile.title, detection.config_file),
                 "declare the registries in an intent file and run `regfallback apply`"};
  return {};
}

}  // namespace

Result<Plan> plan_migration(const Facts& facts, const Detection& detection, const MigrateOptions& options, RestartPolicy restart) {
  RF_CHECK(may_migrate(detection));
  auto wanted = options;
  if (wanted.hosts_dir.empty() && detection.config.config_path.empty()) wanted.hosts_dir = detection.hosts_dir;
  RF_TRY(auto migration, make_migration(facts.tree, config_source(detection), detection.containerd, wanted));
  Plan plan;
  plan.node = facts.hostname;
  plan.runtime_exe = detection.runtime.exe;
  plan.runtime_socket = detection.runtime.address;
  plan.runtime_config = detection.config_file;
  plan.notes = std::move(migration.explanation);
  plan.warnings = std::move(migration.lost);
  plan.chains = migration.chains();
  plan.files = std::move(migration.files);
  if (plan.files.empty()) return plan;
  RF_CHECK(set_restart(detection, restart, "containerd reads config.toml only when it starts", plan));
  return plan;
}

}  // namespace rf
