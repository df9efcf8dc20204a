// migrate: legacy mirrors, tls and credentials of config.toml into hosts.toml files; on nodes, or on a copy of a node's files.
#include <fmt/format.h>

#include "command.h"
#include "host/files.h"
#include "host/read_tree.h"
#include "plan/migrate.h"
#include "planning.h"
#include "rollout.h"
#include "setup.h"

namespace rf::cmd {
namespace {

MigrateOptions migrate_options(const Options& options) {
  return {.hosts_dir = options.hosts_dir,
          .differences = options.accept_differences ? MigrateOptions::Differences::accept : MigrateOptions::Differences::refuse,
          .credentials = options.credentials == "headers" ? MigrateOptions::Credentials::in_headers : MigrateOptions::Credentials::in_config};
}

void show(Context& context, const std::vector<PlanRow>& rows) {
  if (!context.wants_table()) return;
  context.out.write(plan_text(rows, context.look()));
  context.out.write(plan_summary(rows) + "\n");
}

// The new files below a directory of this machine, as they would stand below the node's "/".
Result<void> write_below(const std::string& directory, const Plan& plan) {
  for (const auto& change : plan.files) {
    if (change.op != FileChange::Op::create && change.op != FileChange::Op::replace) continue;
    RF_CHECK(write_local_file(directory + change.path, change.after.expose(), change.mode).doing("writing the migrated files"));
  }
  return {};
}

// A copy of a node's files: shown, and written elsewhere when asked to.
Result<Plan> migrate_copy(const Options& options) {
  if (options.containerd_version.empty())
    return Error{.kind = ErrorKind::usage, .message = "migrate: files alone do not tell which containerd reads them",
                 .hint = "--containerd-version 1.7.24; 'containerd --version' tells it on the node"};
  RF_TRY(const auto containerd, parse_version(options.containerd_version));
  TreeReader reader(options.root);
  reader.add("/etc/containerd");
  const ConfigSource source;
  const auto config = effective_config(reader.tree(), source, containerd);
  for (const auto& file : config.files) reader.add(file);
  for (const auto& root : config.hosts_roots) reader.add(root);
  for (const auto& [host, tls] : config.tls) {
    for (const auto& file : {tls.ca_file, tls.cert_file, tls.key_file})
      if (!file.empty()) reader.add(file);
  }
  RF_TRY(auto migration, make_migration(reader.tree(), source, containerd, migrate_options(options)));
  Plan plan;
  plan.node = options.root;
  plan.notes = migration.explanation;
  plan.warnings = migration.lost;
  plan.chains = migration.chains();
  plan.files = std::move(migration.files);
  if (!options.output_directory.empty()) RF_CHECK(write_below(options.output_directory, plan));
  return plan;
}

int run_on_copy(Context& context) {
  const auto plan = migrate_copy(context.options);
  if (!plan) {
    context.error(plan.error());
    return exit_code_of(plan.error());
  }
  const std::vector<PlanRow> rows{{.node = context.options.root, .plan = &*plan}};
  if (context.wants_table()) show(context, rows);
  else context.print(plan_value(rows));
  return exit_done;
}

void plan_all(Context& context, Nodes& nodes) {
  for (auto& node : nodes.all()) {
    if (node.error || !node.facts || !node.detection) continue;
    auto plan = plan_migration(*node.facts, *node.detection, migrate_options(context.options), restart_policy(context.options));
    if (plan) node.plan = *std::move(plan);
    else node.fail(std::move(plan).error());
  }
}

int carry_out_all(Context& context, Setup& setup, Nodes& nodes, const FleetPolicy& policy) {
  auto rows = begin_rows(nodes.all());
  for (auto& row : rows)
    if (row.plan != nullptr && row.plan->empty()) row.outcome = NodeOutcome::unchanged;
  const Rollout rollout{setup, nodes, "migrate", policy, [&](const Facts& facts, const Detection& detection) {
                          return plan_migration(facts, detection, migrate_options(context.options), restart_policy(context.options));
                        }};
  carry_out(rollout, rows, [](Node& node, const TransactionOptions& transaction, ApplyEvents on_event) {
    return apply_plan(*node.shell, *node.plan, transaction, std::move(on_event));
  });
  return print_rows(context, rows, nodes, "regfallback.migrate/v1");
}

int run(Context& context) {
  const auto& options = context.options;
  if (!options.root.empty()) return run_on_copy(context);
  auto setup = prepare(context, {.intent = options.nodes.empty() ? IntentNeed::useful : IntentNeed::none});
  if (!setup) return exit_usage;
  Nodes nodes(context, *setup);
  const auto policy = rollout_policy(options, setup->selection.nodes.size());
  const auto gathered = policy ? nodes.gather() : Result<void>(policy.error());
  if (!gathered) {
    context.error(gathered.error());
    return exit_code_of(gathered.error());
  }
  plan_all(context, nodes);
  const auto rows = plan_rows(nodes.all());
  if (!options.facts.empty() || options.dry_run) {
    if (context.wants_table()) show(context, rows);
    else context.print(plan_value(rows));
    return any_failed(nodes.all()) ? exit_failed : exit_done;
  }
  show(context, rows);
  if (any_changes(nodes.all()) && !options.yes && !ask_yes("Migrate these nodes, restarting their runtime? [y/N] ").value_or(true)) {
    context.note("nothing was changed");
    return exit_done;
  }
  return carry_out_all(context, *setup, nodes, *policy);
}

std::vector<Flag> migration_flags(Options& options) {
  const std::string group = "Migration";
  using Completes = FlagDoc::Completes;
  return {
      {{"--accept-differences", "", "take the closest form where a chain cannot be kept; what is lost is said", group}, &options.accept_differences},
      {{"--credentials", "WHERE", "config: they stay in config.toml; headers: into hosts.toml files only root can read (default config)", group,
        {"config", "headers"}}, &options.credentials},
      {{"--hosts-dir", "DIR", "directory for the hosts.toml files on the node (default: the node's own)", group}, &options.hosts_dir},
      {{"--dry-run", "", "show what would change and end", group}, &options.dry_run},
      {{"--root", "DIR", "work on a copy of a node's files in place of nodes: DIR/etc/containerd/config.toml and so on", group, {},
        Completes::directory}, &options.root},
      {{"--containerd-version", "V", "with --root: the containerd that reads the files", group}, &options.containerd_version},
      {{"--write-to", "DIR", "with --root: write the new files below DIR", group, {}, Completes::directory}, &options.output_directory},
  };
}

}  // namespace

Command migrate_command(Options& options) {
  return {.doc = {.name = "migrate",
                  .group = "Change",
                  .summary = "legacy mirrors and credentials in config.toml -> hosts.toml, with the same chains, proven",
                  .text = "Turns registry.mirrors, configs and auths of config.toml, which containerd 2.4 no longer takes, into hosts.toml files and one "
                          "config_path; comments and everything else in config.toml stay. For every registry named there, and for one that is not, "
                          "the chain before must equal the chain after; else the node is refused and the difference shown. It is carried out as apply "
                          "does, and 'regfallback rollback' undoes it.",
                  .examples = {{"regfallback migrate --nodes a,b --dry-run", "what would change"},
                               {"regfallback migrate --nodes a,b", "shown, asked, and carried out"},
                               {"regfallback migrate --root /mnt/node --containerd-version 1.7.24 --write-to out", "offline, on a copy of a node's files"}},
                  .exit_codes = {"0  done", "1  a node failed or was refused; it is in its old state", "2  wrong usage", "4  a node is stuck"}},
          .flags = migration_flags(options) + rollout_flags(options) + node_flags(options) + output_flags(options),
          .run = run};
}

}  // namespace rf::cmd
