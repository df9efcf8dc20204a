#include <algorithm>

#include <fmt/format.h>

#include "node/after_start.h"
#include "plan/config_path.h"
#include "plan/head.h"
#include "plan/migrate/migrate.h"
#include "plan/service.h"

namespace rf {
namespace {

using Place = MigrateOptions::Place;

Result<void> may_migrate(const Detection& detection, const MigrateOptions& options) {
  const bool own_form = detection.era.style == Style::registries_yaml;
  RF_CHECK(check_version(detection));
  if (options.place == Place::elsewhere) return {};
  RF_CHECK(check_runs(detection));
  if (options.to == MigrateOptions::Form::hosts_dir && own_form)
    return writes_hosts_itself(detection, "--write-to DIR writes them out for a node that runs something else");
  if (options.to == MigrateOptions::Form::registries_yaml && !own_form)
    return reads_no_registries_yaml(detection, "--write-to DIR writes it out for a node that runs K3s or RKE2");
  if (detection.era.config_managed && !own_form)
    return config_is_managed(detection, detection.config_file,
                             "declare the registries in an intent file and run 'regfallback apply'");
  return {};
}

// config.toml is made from another file at every start, so that one is changed, as config.toml would be. Both must say
// the same.
Result<Migration> migrate_source_file(const NodeFiles& node, const Detection& detection, MigrateOptions options) {
  const auto& file = detection.era.config_file;
  RF_TRY(auto made, make_migration(node, config_source(detection), detection.containerd, options));
  if (made.files.empty()) return made;
  if (!detection.config.config_path.empty())
    return Error{.kind = ErrorKind::refused,
                 .message = fmt::format("{} has legacy settings together with config_path, and is generated from {}",
                                        detection.config_file, file),
                 .hint = fmt::format("remove one of the two from {}, and restart {}", file, detection.profile.title)};
  options.hosts_dir = detection.hosts_dir;
  auto source = config_source(detection);
  source.file = file;
  RF_TRY(auto migration, make_migration(node, source, detection.containerd, options));
  const auto chains = made.chains(), chains_of_source = migration.chains();
  const bool same = std::equal(
      chains.begin(), chains.end(), chains_of_source.begin(), chains_of_source.end(),
      [](const Chain& a, const Chain& b) { return a.registry == b.registry && chain_difference(a, b).empty(); });
  if (!same)
    return Error{.kind = ErrorKind::refused,
                 .message = fmt::format("{} differs from {}, which was generated from it", file, detection.config_file),
                 .hint = fmt::format("restart {}, check the result, and run this again", detection.profile.title)};
  migration.explanation.push_back(
      fmt::format("{} is generated from {} at every start, so the latter is changed", detection.config_file, file));
  return migration;
}

Result<Migration> migration_of(const Facts& facts, const Detection& detection, MigrateOptions options) {
  const bool own_form = detection.era.style == Style::registries_yaml;
  const auto source = config_source(detection);
  const NodeFiles node(facts, detection.profile);
  if (options.to == MigrateOptions::Form::registries_yaml) {
    const auto target = options.place == Place::same_node ? registries_yaml_node(facts, detection)
                                                          : usual_registries_yaml_node(options);
    if (options.place == Place::same_node)
      return migrate_to_registries_yaml(node, source, detection.containerd, target, options);
    RF_TRY(const auto tree, tree_after_start(facts.tree, facts, detection));
    return migrate_to_registries_yaml(tree, source, detection.containerd, target, options);
  }
  if (own_form)
    return migrate_from_registries_yaml(facts.tree, registries_yaml_node(facts, detection), detection.containerd,
                                        options);
  if (options.hosts_dir.empty() && detection.config.config_path.empty()) options.hosts_dir = detection.hosts_dir;
  if (is_made_from_another(detection, facts.tree)) return migrate_source_file(node, detection, options);
  return make_migration(node, source, detection.containerd, options);
}

}  // namespace

Plan with_migration(Plan plan, Migration migration) {
  plan.notes = std::move(migration.explanation);
  plan.warnings = std::move(migration.lost);
  plan.chains = migration.chains();
  for (auto& proof : migration.proofs)
    if (!proof.difference.empty())
      plan.chain_changes.push_back({.registry = proof.after.registry,
                                    .standing = ChainChange::Standing::declared,
                                    .before = std::move(proof.before),
                                    .after = std::move(proof.after)});
  plan.files = std::move(migration.files);
  return plan;
}

Result<Plan> plan_migration(const Facts& facts, const Detection& detection, const MigrateOptions& options,
                            RestartPolicy restart) {
  RF_CHECK(may_migrate(detection, options));
  RF_TRY(auto migration, migration_of(facts, detection, options));
  auto plan = with_migration(begin_plan(facts, detection), std::move(migration));
  plan.elsewhere = options.place == Place::elsewhere;
  if (plan.files.empty() || plan.elsewhere) return plan;
  warn_about_managers(detection, plan);
  warn_about_sudo_log(facts, plan);
  const auto why =
      options.to == MigrateOptions::Form::registries_yaml
          ? fmt::format("{} reads {} when it starts", detection.profile.title, detection.era.registries_file)
          : std::string("containerd reads config.toml only when it starts");
  RF_CHECK(set_restart(detection, restart, why, plan));
  return plan;
}

}  // namespace rf
