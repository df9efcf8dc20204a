#include <fmt/format.h>

#include "node/after_start.h"
#include "plan/config_path.h"
#include "plan/migrate.h"
#include "plan/service.h"

namespace rf {
namespace {

using Form = MigrateOptions::Form;
using Place = MigrateOptions::Place;

Result<void> may_migrate(const Detection& detection, const MigrateOptions& options) {
  const bool own_form = detection.era.style == Style::registries_yaml;
  if (detection.containerd.major == 0)
    return Error{ErrorKind::refused, fmt::format("the version of {} is not known", detection.runtime.exe), "what it would do cannot be computed without it"};
  if (options.place == Place::elsewhere) return {};
  if (detection.runtime.pid == 0)
    return Error{ErrorKind::refused, "no containerd runs here, so it is not certain which one would read the files", "start it, and run this again"};
  if (options.to == Form::hosts_dir && own_form)
    return Error{ErrorKind::unsupported, fmt::format("{} writes its hosts.toml files anew from {} at every start", detection.profile.title, detection.era.registries_file),
                 "--write-to DIR writes them out for a node that runs something else"};
  if (options.to == Form::registries_yaml && !own_form)
    return Error{ErrorKind::unsupported, fmt::format("{} reads no registries.yaml", detection.profile.title),
                 "--write-to DIR writes it out for a node that runs K3s or RKE2"};
  if (detection.era.config_managed && !own_form)
    return Error{ErrorKind::unsupported, fmt::format("{} writes {} by itself", detection.profile.title, detection.config_file),
                 "declare the registries in an intent file and run `regfallback apply`"};
  return {};
}

Result<Migration> migration_of(const Facts& facts, const Detection& detection, MigrateOptions options) {
  const bool own_form = detection.era.style == Style::registries_yaml;
  const auto source = config_source(detection);
  if (options.to == Form::registries_yaml) {
    const auto target = options.place == Place::same_node ? registries_yaml_node(facts, detection) : usual_registries_yaml_node(options);
    RF_TRY(const auto tree, options.place == Place::same_node ? Result<FileTree>(facts.tree) : tree_after_start(facts.tree, facts, detection));
    return migrate_to_registries_yaml(tree, source, detection.containerd, target, options);
  }
  if (own_form) return migrate_from_registries_yaml(facts.tree, registries_yaml_node(facts, detection), detection.containerd, options);
  if (options.hosts_dir.empty() && detection.config.config_path.empty()) options.hosts_dir = detection.hosts_dir;
  return make_migration(facts.tree, source, detection.containerd, options);
}

}  // namespace

Result<Plan> plan_migration(const Facts& facts, const Detection& detection, const MigrateOptions& options, RestartPolicy restart) {
  RF_CHECK(may_migrate(detection, options));
  RF_TRY(auto migration, migration_of(facts, detection, options));
  Plan plan;
  plan.node = facts.hostname;
  plan.runtime_exe = detection.runtime.exe;
  plan.runtime_socket = detection.runtime.address;
  plan.runtime_config = detection.config_file;
  plan.notes = std::move(migration.explanation);
  plan.warnings = std::move(migration.lost);
  plan.chains = migration.chains();
  plan.files = std::move(migration.files);
  plan.elsewhere = options.place == Place::elsewhere;
  if (plan.files.empty() || plan.elsewhere) return plan;
  const auto why = options.to == Form::registries_yaml
                       ? fmt::format("{} reads {} when it starts", detection.profile.title, detection.era.registries_file)
                       : std::string("containerd reads config.toml only when it starts");
  RF_CHECK(set_restart(detection, restart, why, plan));
  return plan;
}

}  // namespace rf
