// render: the files a distribution would get, without any node.
#include <fmt/format.h>

#include "base/text.h"
#include "base/version.h"
#include "host/files.h"
#include "line/command.h"
#include "plan/plan.h"
#include "plan/render/patch.h"
#include "render_node.h"
#include "report/plan.h"
#include "setup.h"

namespace rf::cmd {
namespace {

// A fresh node of that distribution, with nothing configured yet.
Facts fresh_node(const Profile& profile, const Options& options) {
  Facts facts;
  facts.hostname = profile.name;
  facts.init = "systemd";
  if (!profile.version_of.empty() && options.distribution_version)
    facts.versions[profile.version_of] = to_string(*options.distribution_version);
  RuntimeProcess runtime;
  runtime.pid = 1;
  runtime.exe = "/usr/bin/containerd";
  runtime.version =
      "containerd github.com/containerd/containerd " + to_string(options.containerd_version.value_or(Version{2, 1, 0}));
  const auto& file = profile.eras.empty() ? std::string() : profile.eras.back().config_file;
  runtime.config_file = file.empty() ? "/etc/containerd/config.toml" : file;
  runtime.address = profile.kubelet.socket.empty() ? "/run/containerd/containerd.sock" : profile.kubelet.socket;
  if (!profile.services.empty()) runtime.unit = profile.services.back().unit;
  facts.kubelet_endpoint = "unix://" + runtime.address;
  facts.runtimes.push_back(std::move(runtime));
  return facts;
}

Result<Plan> plan_for(const Setup& setup, const Options& options) {
  for (const auto& profile : setup.profiles) {
    if (profile.name != options.distribution) continue;
    const auto facts = fresh_node(profile, options);
    RF_TRY(const auto detection, detect(facts, setup.profiles, {.distribution = profile.name}));
    RF_TRY(auto plan, make_plan(setup.intent, setup.resolved, facts, detection));
    plan.node = profile.name;
    plan.chain_changes.clear();  // no node has a chain before these files
    return plan;
  }
  return Error{.kind = ErrorKind::usage,
               .message = "render: no distribution given",
               .hint = "--distribution containerd, k3s, rke2, microk8s, kind, k0s, ..."};
}

Result<void> write_files(Context& context, const Plan& plan) {
  for (const auto& change : plan.files) {
    if (change.op != FileChange::Op::create && change.op != FileChange::Op::replace) continue;
    const auto path = context.options.output_directory + change.path;
    RF_CHECK(write_local_file(path, change.after.expose(), change.mode));
    context.note("wrote " + path);
    if (change.kind == FileChange::Class::config) {
      context.warning(
          change.path +
          " contains only what the registries need: merge it into the node's own file, do not replace that file");
    }
  }
  return {};
}

PatchTarget patch_target(const Options& options) {
  return {.name = options.render_for,
          .containerd = options.containerd_version,
          .distribution = options.distribution_version};
}

// What was made from a secret is written with --directory, and never printed.
Value patch_value(const PatchTarget& target, const Patch& patch) {
  Value files = Value::array();
  for (const auto& file : patch.files) {
    files.push(
        Value::object({{"name", file.name},
                       {"mode", fmt::format("{:04o}", file.mode())},
                       {"content", file.content.made_from_secret() ? Value() : Value(file.content.text().expose())}}));
  }
  return Value::object({{"schema", "regfallback.render/v1"},
                        {"for", target.name},
                        {"files", files},
                        {"notes", Value::strings(patch.notes)},
                        {"warnings", Value::strings(patch.warnings)}});
}

// The snippet alone goes to standard output where it is the only file, so that it can be piped; else each under its
// name.
Result<void> give_patch(Context& context, const PatchTarget& target, const Patch& patch) {
  const auto& directory = context.options.output_directory;
  const bool prints = directory.empty() && context.wants_table();
  for (const auto& file : patch.files)
    if (prints && file.content.made_from_secret())
      return Error{.kind = ErrorKind::refused,
                   .message = file.name + " contains secrets, which are never printed",
                   .hint = "--directory DIR writes it, readable only by you"};
  if (!context.wants_table()) context.print(patch_value(target, patch));
  for (const auto& file : patch.files) {
    if (!directory.empty()) {
      RF_CHECK(write_local_file(directory + "/" + file.name, file.content.text().expose(), file.mode()));
      context.note("wrote " + directory + "/" + file.name);
    } else if (prints) {
      if (patch.files.size() > 1) context.out.write("# " + terminal_safe(file.name) + "\n");
      context.out.write(std::string(file.content.text().expose()) + (patch.files.size() > 1 ? "\n" : ""));
    }
  }
  for (const auto& note : patch.notes) context.note(note);
  for (const auto& warning : patch.warnings) context.warning(warning);
  return {};
}

int run_patch(Context& context, const Setup& setup) {
  if (!context.options.distribution.empty()) {
    context.error({.kind = ErrorKind::usage,
                   .message = "render: --for and --distribution cannot be combined",
                   .hint = "--for prints the native form of a tool, --distribution the files of a node"});
    return exit_usage;
  }
  const auto target = patch_target(context.options);
  const auto patch = render_patch(setup.intent, setup.resolved, target, setup.profiles);
  if (!patch) return context.fail(patch.error());
  if (const auto given = give_patch(context, target, *patch); !given) {
    context.error(given.error());
    return exit_failed;
  }
  return exit_done;
}

int run_render(Context& context) {
  if (context.options.from_node) return render_from_nodes(context);
  auto setup = prepare(context, {.intent = IntentNeed::required, .nodes = {}, .secrets = SecretNeed::required});
  if (!setup) return exit_usage;
  if (!context.options.render_for.empty()) return run_patch(context, *setup);
  const auto plan = plan_for(*setup, context.options);
  if (!plan) return context.fail(plan.error());
  const std::vector<PlanRow> rows{{.node = plan->node, .error = {}, .plan = &*plan}};
  if (context.options.output_directory.empty() || !context.wants_table()) {
    if (context.wants_table()) {
      context.out.write(plan_text(rows, context.style()));
    } else {
      context.print(plan_value(rows));
    }
  }
  if (context.options.output_directory.empty()) return exit_done;
  if (const auto written = write_files(context, *plan); !written) {
    context.error(written.error());
    return exit_failed;
  }
  return exit_done;
}

// Those of --from-node; --distribution has another meaning here.
std::vector<Flag> reach_flags(Options& options) {
  auto flags = node_flags(options);
  std::erase_if(flags, [](const Flag& flag) { return flag.doc.names == "--distribution"; });
  return flags;
}

}  // namespace

Command render_command(Options& options) {
  const std::string group = "What";
  return {
      .doc =
          {.name = "render",
           .group = "The intent file",
           .summary = "print or write the files for a distribution, or those a node generates",
           .text =
               "Plans a new node of the distribution that has nothing configured yet, and writes its files below DIR, "
               "with their modes and with secrets. Without --directory it prints them with secrets masked.\n\nWith "
               "--for NAME it prints the intent in the native form of NAME: a machine configuration, variables, a "
               "cluster configuration. Files with secrets are only written with --directory, never printed.\n\nWith --from-node it prints the hosts.toml "
               "files and the config.toml that K3s or RKE2 on a node will generate from registries.yaml and its template, "
               "with secrets masked. Nothing is changed.",
           .examples = {{"regfallback render --distribution k3s --directory out",
                         "registries.yaml for K3s, in out/etc/rancher/k3s"},
                        {"regfallback render --for kind --containerd-version 2.1.3",
                         "the configuration of a KIND cluster, with a patch if it needs one"},
                        {"regfallback render --distribution containerd --containerd-version 1.7.24",
                         "print the files that this containerd needs"},
                        {"regfallback render --from-node --nodes anubis",
                         "the hosts.toml files of a K3s node after its next start"}},
           .exit_codes =
               {"0  done",
                "1  the files could not be written, or cannot give the declared chain, or a node was not reached",
                "2  wrong usage or intent"}},
      .flags =
          std::vector<Flag>{
              {{"--distribution", "NAME", "name of the profile", group}, &options.distribution},
              {{"--from-node", "", "print what K3s or RKE2 on the nodes generates from its files at its next start",
                group},
               &options.from_node},
              {{"--for", "NAME",
                "print the native form of a distribution or tool: kind, talos, eks, kubespray, cloud-init, ...", group},
               &options.render_for},
              parsed({"--distribution-version", "VERSION", "its version, if it matters (default: the newest)", group},
                     options.distribution_version, parse_version),
              parsed({"--containerd-version", "VERSION", "version of its containerd (default 2.1.0)", group},
                     options.containerd_version, parse_version),
              {{"-d,--directory", "DIR", "write the files below DIR", group, {}, FlagDoc::Completes::directory},
               &options.output_directory}} +
          intent_flags(options) + reach_flags(options) + output_flags(options),
      .run = run_render};
}

}  // namespace rf::cmd
