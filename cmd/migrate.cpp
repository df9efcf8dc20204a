// migrate: registry configuration from one form to another, with the same chains; on nodes, or on a copy of a node's
// files.
#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "copy.h"
#include "host/facts_dir.h"
#include "host/files.h"
#include "line/command.h"
#include "line/consent.h"
#include "nodes.h"
#include "plan/migrate/migrate.h"
#include "planning.h"
#include "rollout.h"
#include "setup.h"

namespace rf::cmd {
namespace {

using Form = MigrateOptions::Form;
using Place = MigrateOptions::Place;
using Credentials = MigrateOptions::Credentials;

bool to_registries_yaml(const Options& options) { return options.migrate_to == Form::registries_yaml; }
bool from_files(const Options& options) {
  return !options.root.empty() || !options.config_path.empty() || !options.registries_yaml.empty();
}

MigrateOptions migrate_options(const Options& options) {
  MigrateOptions migrate{.to = options.migrate_to,
                         .place = options.output_directory.empty() ? Place::same_node : Place::elsewhere,
                         .hosts_dir = options.hosts_dir,
                         .differences = options.accept_differences ? MigrateOptions::Differences::accept
                                                                   : MigrateOptions::Differences::refuse,
                         .credentials = options.credentials.value_or(Credentials::in_config),
                         .containerd = options.containerd_version,
                         .program_version = options.distribution_version};
  if (!options.registries_yaml_program.empty()) migrate.program = options.registries_yaml_program;
  return migrate;
}

Error wrong_use(std::string message, std::string hint) {
  return {.kind = ErrorKind::usage, .message = "migrate: " + std::move(message), .hint = std::move(hint)};
}

Result<void> check_use(const Options& options) {
  const bool given[] = {!options.root.empty(), !options.config_path.empty(), !options.registries_yaml.empty(),
                        !options.facts.empty(), !options.nodes.empty()};
  if (std::count(std::begin(given), std::end(given), true) > 1)
    return wrong_use("--nodes, --facts, --root, --config-path and --registries-yaml cannot be combined",
                     "each of them names the input");
  if (to_registries_yaml(options)) {
    if (!options.registries_yaml.empty())
      return wrong_use("--registries-yaml names the input, which already has that form", "--to hosts-dir");
    if (!options.hosts_dir.empty() || options.credentials == Credentials::in_headers)
      return wrong_use("--hosts-dir and --credentials apply only to hosts.toml files",
                       "leave them out with --to registries-yaml");
    return {};
  }
  if (!options.config_path.empty())
    return wrong_use("--config-path names hosts.toml files, which already have that form", "--to registries-yaml");
  if (!options.registries_yaml_program.empty() && options.registries_yaml.empty())
    return wrong_use("--for applies only to a registries.yaml, and none is given",
                     "--registries-yaml FILE, or --to registries-yaml");
  return {};
}

void show(Context& context, const std::vector<PlanRow>& rows) {
  if (!context.wants_table()) {
    context.print(plan_value(rows));
    return;
  }
  context.out.write(plan_text(rows, context.style()));
  context.out.write(plan_summary(rows) + "\n");
}

// The new files below a directory of this machine, as they would stand below the node's "/".
Result<void> write_below(Context& context, const std::string& directory, const Plan& plan) {
  for (const auto& change : plan.files) {
    if (change.op != FileChange::Op::create && change.op != FileChange::Op::replace) continue;
    if (change.holds_secrets && !context.options.facts.empty())
      return Error{.kind = ErrorKind::refused,
                   .message = fmt::format("{} needs secrets, but saved facts have them masked", change.path),
                   .hint = "read the node itself: --nodes"};
  }
  for (const auto& change : plan.files) {
    if (change.op != FileChange::Op::create && change.op != FileChange::Op::replace) continue;
    const auto path = directory + change.path;
    RF_CHECK(write_local_file(path, change.after.expose(), change.mode).doing("writing the migrated files"));
    context.note("wrote " + path);
  }
  return {};
}

Result<Migration> migration_of_copy(const Options& options, MigrateOptions migrate) {
  if (!options.registries_yaml.empty()) {
    RF_TRY(const auto containerd, wanted_version(options, "migrate"));
    RF_TRY(const auto file, read_local_file(options.registries_yaml));
    const auto node = usual_registries_yaml_node(migrate);
    FileTree tree;
    tree.put_file(node.registries_file, file.text);
    return migrate_from_registries_yaml(tree, node, containerd, migrate);
  }
  if (!options.config_path.empty()) {
    RF_TRY(const auto copy, copy_of_config_path(options, "migrate"));
    migrate.place = Place::elsewhere;
    return migrate_to_registries_yaml(copy.facts.tree, copy.source, copy.config.containerd,
                                      usual_registries_yaml_node(migrate), migrate);
  }
  RF_TRY(const auto copy, copy_below_root(options, "migrate", GeneratedFiles::found));
  const NodeFiles files(copy.facts, copy.detection->profile);
  const bool reads_registries_yaml = copy.detection->era.style == Style::registries_yaml;
  if (migrate.to == Form::registries_yaml) {
    migrate.place = reads_registries_yaml ? Place::same_node : Place::elsewhere;
    const auto target = reads_registries_yaml ? registries_yaml_node_of(options, *copy.detection, copy.facts.tree)
                                              : usual_registries_yaml_node(migrate);
    return migrate_to_registries_yaml(files, copy.source, copy.config.containerd, target, migrate);
  }
  if (reads_registries_yaml)
    return migrate_from_registries_yaml(copy.facts.tree,
                                        registries_yaml_node_of(options, *copy.detection, copy.facts.tree),
                                        copy.config.containerd, migrate);
  return make_migration(files, copy.source, copy.config.containerd, migrate);
}

// A copy of a node's files: shown, and written elsewhere when asked to.
Result<Plan> plan_copy(const Options& options) {
  RF_TRY(auto migration, migration_of_copy(options, migrate_options(options)));
  auto plan = with_migration({}, std::move(migration));
  plan.elsewhere = true;
  return plan;
}

int migrate_on_copy(Context& context) {
  const auto& options = context.options;
  const auto& name = !options.root.empty()          ? options.root
                     : !options.config_path.empty() ? options.config_path
                                                    : options.registries_yaml;
  const auto plan = plan_copy(options);
  if (!plan) return context.fail(plan.error());
  show(context, {{.node = name, .plan = &*plan}});
  if (options.output_directory.empty() || options.dry_run) return exit_done;
  if (const auto written = write_below(context, options.output_directory, *plan); !written)
    return context.fail(written.error());
  return exit_done;
}

// The files of each node below a directory of its name; no node is changed.
int write_converted(Context& context, Run& run) {
  for (auto& node : run.nodes()) {
    if (!node.plan) continue;
    const auto written =
        write_below(context, context.options.output_directory + "/" + node_file_name(node.name), *node.plan);
    if (!written) node.fail(written.error());
  }
  show(context, plan_rows(run));
  return any_failed(run) ? exit_failed : exit_done;
}

bool changes_nodes(const Options& options) {
  return options.output_directory.empty() && options.facts.empty() && !options.dry_run;
}

int migrate_on_nodes(Context& context, const Setup& setup, const MigrateOptions& migrate) {
  const auto& options = context.options;
  const bool changes = changes_nodes(options);
  auto run = open_nodes(context, setup, changes ? Run::Purpose::change : Run::Purpose::look);
  if (!run) return context.fail(run.error());
  const Planner planner = [&](const Facts& facts, const Detection& detection) {
    return plan_migration(facts, detection, migrate, options.restart);
  };
  run->plan(planner);
  if (migrate.place == Place::elsewhere && !options.dry_run) return write_converted(context, *run);
  if (!changes || context.wants_table()) show(context, plan_rows(*run));
  if (!changes) return any_failed(*run) ? exit_failed : exit_done;
  const std::string_view question = "Migrate these nodes, restarting their runtime? [y/N] ";
  if (const auto end = any_changes(*run) ? ask_consent(context, *run, "migrate", question) : std::nullopt) return *end;
  const auto origin = begin_run(context, *run, setup, "migrate");
  if (!origin) return context.fail(origin.error());
  const auto results = run->apply({.origin = *origin,
                                   .policy = rollout_policy(options, run->nodes().size()),
                                   .plan_again = planner,
                                   .restart = options.restart});
  return print_results(
      context, *run,
      {.action = ChangeAction::migrate, .run = origin->run, .again = "regfallback migrate", .nodes = results});
}

int run_migrate(Context& context) {
  const auto& options = context.options;
  if (const auto use = check_use(options); !use) {
    context.error(use.error());
    return exit_usage;
  }
  if (from_files(options)) return migrate_on_copy(context);
  auto setup = prepare(context, {.intent = options.nodes.empty() ? IntentNeed::useful : IntentNeed::none});
  if (!setup) return exit_usage;
  if (const auto possible = changes_nodes(options) ? check_consent(options, "migrate") : Result<void>(); !possible)
    return context.fail(possible.error());
  return migrate_on_nodes(context, *setup, migrate_options(options));
}

std::vector<Flag> migration_flags(Options& options) {
  const std::string group = "Migration";
  using Completes = FlagDoc::Completes;
  return {
      choice(
          {"--to", "FORM", "hosts-dir: hosts.toml files (default); registries-yaml: the file of K3s and RKE2", group},
          options.migrate_to, {{"hosts-dir", Form::hosts_dir}, {"registries-yaml", Form::registries_yaml}}),
      {{"--accept-differences", "", "if a chain cannot be kept, use the closest form and report what is lost", group},
       &options.accept_differences},
      {{"--write-to",
        "DIR",
        "change no node; write the files below DIR (with nodes: below DIR/NODE), for a node that runs something else",
        group,
        {},
        Completes::directory},
       &options.output_directory},
      choice(
          {"--credentials", "WHERE",
           "config: keep them in config.toml; headers: move them to hosts.toml files that only root can read (default "
           "config)",
           group},
          options.credentials, {{"config", Credentials::in_config}, {"headers", Credentials::in_headers}}),
      {{"--hosts-dir", "DIR", "directory for the hosts.toml files on the node (default: the node's own)", group},
       &options.hosts_dir},
      {{"--for", "NAME", "what reads the registries.yaml: k3s or rke2 (default k3s)", group, {"k3s", "rke2"}},
       &options.registries_yaml_program},
      {{"--dry-run", "", "show what would change and exit", group}, &options.dry_run},
  };
}

std::vector<Flag> file_flags(Options& options) {
  const std::string group = "Files instead of nodes";
  using Completes = FlagDoc::Completes;
  return {
      {{"--root",
        "DIR",
        "a copy of a node's files: DIR/etc/containerd/config.toml and so on",
        group,
        {},
        Completes::directory},
       &options.root},
      {{"--config-path",
        "VALUE",
        "use only this value of config_path, with directories on this machine; for --to registries-yaml",
        group,
        {},
        Completes::directory},
       &options.config_path},
      {{"--registries-yaml",
        "FILE",
        "use only this file of K3s or RKE2; for --to hosts-dir",
        group,
        {},
        Completes::file},
       &options.registries_yaml},
      parsed({"--containerd-version", "V",
              "version of the containerd that reads the files; with nodes and --write-to: of the one that will", group},
             options.containerd_version, parse_version),
      parsed({"--distribution-version", "V",
              "version of the K3s or RKE2 that reads registries.yaml, if it matters (default: the newest)", group},
             options.distribution_version, parse_version),
  };
}

}  // namespace

Command migrate_command(Options& options) {
  return {
      .doc =
          {.name = "migrate",
           .group = "Change",
           .summary =
               "convert registry configuration from one form to another, with proof that the chains stay the same",
           .text =
               "Turns registry.mirrors, configs and auths of config.toml, which containerd 2.4 no longer accepts, into "
               "hosts.toml files and one config_path; comments and everything else in config.toml stay. For every "
               "registry named there, and for one that is not, the chain before must equal the chain after; otherwise "
               "the node is refused and the difference is shown. Changes are made as apply makes them, and "
               "'regfallback rollback' undoes them.\n\n--to registries-yaml turns hosts.toml files and such settings "
               "into the registries.yaml of K3s or RKE2. On a K3s or RKE2 node it merges the directories that K3s or "
               "RKE2 did not write; for any other node, --write-to DIR writes the file for a future node. In the other "
               "direction, for a K3s or RKE2 node or --registries-yaml FILE, --write-to DIR writes the hosts.toml "
               "files for a plain containerd.",
           .examples =
               {{"regfallback migrate --nodes a,b --dry-run", "show what would change"},
                {"regfallback migrate --nodes a,b", "show the change, ask for confirmation, and carry it out"},
                {"regfallback migrate --root /mnt/node --containerd-version 1.7.24 --write-to out",
                 "offline, on a copy of a node's files"},
                {"regfallback migrate --to registries-yaml --nodes a --write-to out", "for a K3s node that replaces a"},
                {"regfallback migrate --registries-yaml registries.yaml --containerd-version 2.1.9 --write-to out",
                 "the other direction"}},
           .exit_codes = {"0  done", "1  a node failed or was refused and is in its old state, or the answer was no",
                          "2  wrong usage", "4  a node is stuck",
                          "5  a node was changed, but planning it again shows more changes",
                          "130  interrupted; the summary shows the state of every node"}},
      .flags = migration_flags(options) + file_flags(options) + rollout_flags(options) + node_flags(options) +
               output_flags(options),
      .run = run_migrate};
}

}  // namespace rf::cmd
