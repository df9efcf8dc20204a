// doctor: known faults in a node's registry configuration; on nodes, from saved facts, or from files alone.
#include "report/doctor.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

#include <fmt/format.h>

#include "copy.h"
#include "failing_pull.h"
#include "line/command.h"
#include "nodes.h"
#include "planning.h"
#include "report/model.h"
#include "setup.h"

namespace rf::cmd {
namespace {

std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Error no_rule(const std::string& id) {
  const auto near = nearest_rule(id);
  return {
      .kind = ErrorKind::usage,
      .message = "doctor: unknown finding '" + id + "'",
      .hint = near.empty() ? "'regfallback doctor --list' lists them" : "did you mean '" + std::string(near) + "'?"};
}

Result<void> check(const Options& options) {
  for (const auto& id : options.ignore)
    if (find_rule(id) == nullptr) return no_rule(id);
  if (!options.root.empty() && !(options.nodes.empty() && options.facts.empty()))
    return Error{.kind = ErrorKind::usage,
                 .message = "doctor: --root cannot be combined with --nodes or --facts",
                 .hint = "use --root DIR for a copy of a node's files, --facts DIR for facts saved by 'detect --save'"};
  if (options.pull_mode && options.root.empty())
    return Error{.kind = ErrorKind::usage,
                 .message = "doctor: --pull-mode works only with a copy of files",
                 .hint = "leave it out: the node's own configuration decides"};
  if (options.probe && !(options.root.empty() && options.facts.empty()))
    return Error{.kind = ErrorKind::usage,
                 .message = "doctor: --probe needs live nodes; it cannot be used with files or saved facts",
                 .hint = "leave out --probe, or name nodes with --nodes"};
  return {};
}

// Without those that are ignored; hidden are those that are less bad than --severity.
DoctorRow row_with(std::string node, std::vector<Finding> findings, const Options& options) {
  DoctorRow row{.node = std::move(node)};
  for (auto& finding : findings) {
    if (std::find(options.ignore.begin(), options.ignore.end(), finding.rule) != options.ignore.end()) continue;
    (finding.severity > options.severity ? row.hidden : row.findings).push_back(std::move(finding));
  }
  return row;
}

Wanted wanted_of(const Setup& setup, const RunNode& node) {
  Wanted wanted{.intent = &setup.intent};
  auto plan = make_plan(setup.intent, setup.resolved, *node.facts, *node.detection, {.undeclared = setup.undeclared});
  if (plan) {
    wanted.changes = plan->files.size() + (plan->service.needed() ? 1 : 0);
    wanted.warnings = std::move(plan->warnings);
  } else {
    wanted.refusal = std::move(plan).error();
  }
  return wanted;
}

DoctorRow row_of(const Setup& setup, const RunNode& node, std::vector<EndpointAnswer> answers, const Options& options) {
  if (!node.facts || (node.error && node.error->kind == ErrorKind::unreadable))
    return {.node = node.name, .error = node.error};
  Subject subject{.facts = *node.facts, .profiles = setup.profiles};
  if (node.detection)
    subject.detection = &*node.detection;
  else
    subject.undetected = node.error;
  subject.now = now();
  if (setup.can_plan() && node.detection) subject.wanted = wanted_of(setup, node);
  subject.answers = std::move(answers);
  return row_with(node.name, diagnose(subject), options);
}

// The nodes as they would be with another containerd: before an upgrade.
Result<void> with_version(const Setup& setup, const Options& options, std::vector<RunNode>& nodes) {
  if (!options.containerd_version) return {};
  RF_TRY(const auto version, wanted_version(options, "doctor"));
  for (auto& node : nodes) {
    if (!node.facts || !node.detection) continue;
    node.facts->versions["containerd"] = to_string(version);
    for (auto& runtime : node.facts->runtimes) {
      runtime.version = to_string(version);
      runtime.plugins.clear();
    }
    auto detection = detect(*node.facts, setup.profiles, {.distribution = options.distribution});
    if (detection)
      node.detection = *std::move(detection);
    else
      node.fail(std::move(detection).error());
  }
  return {};
}

using Answers = std::vector<std::vector<EndpointAnswer>>;  // by node

// Every endpoint of every configured registry, asked once from each node that can be asked.
Answers ask_all(Run& run) {
  const auto probes =
      run.probe(std::nullopt, [](const RunNode& node) { return configured_chains(*node.facts, *node.detection); });
  Answers answers(probes.size());
  for (std::size_t i = 0; i < probes.size(); ++i) {
    if (!probes[i]) continue;
    for (const auto& registry : probes[i]->registries)
      for (const auto& endpoint : registry.endpoints)
        answers[i].push_back(
            {registry.chain.registry, endpoint.endpoint, endpoint.answer, endpoint.status, endpoint.detail});
  }
  return answers;
}

int print(Context& context, const std::vector<DoctorRow>& rows) {
  bool failed = false;
  bool bad = false;
  bool any = false;
  for (const auto& row : rows) {
    failed = failed || row.error;
    any = any || !row.findings.empty();
    bad = bad || std::any_of(row.findings.begin(), row.findings.end(),
                             [](const Finding& finding) { return finding.severity != Severity::note; });
  }
  if (context.wants_table()) {
    context.out.write(doctor_text(rows, context.style()));
    context.out.write(doctor_summary(rows) + "\n");
    if (any) context.note("'regfallback doctor --explain ID' explains a finding");
  } else {
    context.print(doctor_value(rows));
  }
  if (failed) return exit_failed;
  return bad ? exit_findings : exit_done;
}

int doctor_on_copy(Context& context) {
  const auto& options = context.options;
  std::optional<Setup> setup;
  if (!options.config.empty() || !options.registry_flags.empty()) {
    setup = prepare(context, {.intent = IntentNeed::required, .nodes = {}});
    if (!setup) return exit_usage;
  }
  const auto copy = copy_below_root(options, "doctor", GeneratedFiles::rendered_if_it_starts);
  if (!copy) return context.fail(copy.error());
  Subject subject{.facts = copy->facts,
                  .detection = &*copy->detection,
                  .undetected = {},
                  .source = Subject::Source::copy,
                  .chain = copy->chain,
                  .now = now()};
  if (setup) subject.wanted = Wanted{.intent = &setup->intent};
  return print(context, {row_with("", diagnose(subject), options)});
}

int doctor_on_nodes(Context& context) {
  auto setup =
      prepare(context, {.intent = IntentNeed::useful, .nodes = Remembered::use, .secrets = SecretNeed::useful});
  if (!setup) return exit_usage;
  auto run = open_nodes(context, *setup);
  if (!run) return context.fail(run.error());
  auto& nodes = run->nodes();
  if (const auto other = with_version(*setup, context.options, nodes); !other) {
    context.error(other.error());
    return exit_usage;
  }
  const auto answers = context.options.probe ? ask_all(*run) : Answers(nodes.size());
  if (run->end() == RunEnd::interrupted) return exit_interrupted;
  std::vector<DoctorRow> rows;
  for (std::size_t i = 0; i < nodes.size(); ++i) rows.push_back(row_of(*setup, nodes[i], answers[i], context.options));
  const auto code = print(context, rows);
  if (context.wants_table()) note_unconfigured(context, *run);
  return code;
}

int print_rules(Context& context, std::span<const Rule> rules) {
  const bool one = rules.size() == 1;
  if (!context.wants_table())
    context.print(rules_value(rules));
  else
    context.out.write(one ? std::string(page_of(rules.front()).text) : rules_text(rules, context.style()));
  return exit_done;
}

int run_doctor(Context& context) {
  const auto& options = context.options;
  if (options.list_rules) return print_rules(context, rules());
  if (!options.explained_rule.empty()) {
    const auto* rule = find_rule(options.explained_rule);
    if (rule != nullptr) return print_rules(context, {rule, 1});
    context.error(no_rule(options.explained_rule));
    return exit_usage;
  }
  if (options.error_text) return run_failing_pull(context, FailingPullDetail::cause);
  if (const auto checked = check(options); !checked) {
    context.error(checked.error());
    return exit_usage;
  }
  return options.root.empty() ? doctor_on_nodes(context) : doctor_on_copy(context);
}

std::vector<Flag> doctor_flags(Options& options) {
  return {
      choice({"--severity", "LEVEL", "least severity to show: error, warning or note (default warning)", "What"},
             options.severity, {{"error", Severity::error}, {"warning", Severity::warning}, {"note", Severity::note}}),
      {{"--ignore", "ID", "leave out this finding; can be repeated", "What"}, &options.ignore},
      {{"--probe", "", "also ask every endpoint from the nodes, to find silent ones and https instead of plain http",
        "What"},
       &options.probe},
      {{"--explain", "ID", "explain a finding and exit", "What"}, &options.explained_rule},
      {{"--list", "", "list all possible findings and exit", "What"}, &options.list_rules}};
}

std::vector<Flag> doctor_files_flags(Options& options) {
  auto flags = copy_flags(options);
  for (auto& flag : flags)
    if (flag.doc.names == "--containerd-version")
      flag.doc.help =
          "version of the containerd that reads the files; with nodes or --facts: as if they ran this "
          "version";
  return flags;
}

}  // namespace

Command doctor_command(Options& options) {
  return {
      .doc =
          {.name = "doctor",
           .group = "Look",
           .summary = "find known faults in a node's registry configuration, with cause and fix",
           .text =
               "Looks for known faults: configuration that keeps containerd or its CRI plugin from loading, files that "
               "are dropped or never read, URLs that are not asked the way they look, certificates, credentials, and "
               "other programs that write the same files. Each finding shows the line that causes it, its effect on "
               "this node's containerd, and what to do. With an intent it also shows what is not as declared.\n\n"
               "--error begins at the other end: from the text of a failed pull it finds the cause, the node, the line "
               "that sets the endpoint, and the fix. Every failure that the text tells is answered; findings are those "
               "that bear on it.\n\nIt "
               "reads the same data as the other commands and asks no endpoint, unless --probe is given. Without "
               "--nodes and without nodes in the intent, the nodes of the last apply are used. Nothing is changed.",
           .examples = {{"regfallback doctor --nodes anubis,babel", "two nodes"},
                        {"regfallback doctor --severity note -o json",
                         "the nodes of the intent, with what is only worth knowing, as JSON"},
                        {"regfallback doctor --root /mnt/node --containerd-version 2.1.4",
                         "the disk of a node, as that version would read it"},
                        {"regfallback doctor --nodes ra --containerd-version 2.3.4",
                         "find what an upgrade of containerd would break"},
                        {"regfallback doctor --facts facts/ --ignore legacy-mirrors",
                         "saved facts, without one finding"},
                        {"kubectl describe pod web | regfallback doctor --error - --nodes anubis,babel,ra",
                         "why the image of a pod is not pulled"},
                        {"regfallback doctor --explain config-path-list", "explain a finding"}},
           .exit_codes = {"0  no finding is a warning or an error; with --error: no cause is known",
                          "1  a node was not reached", "2  wrong usage or intent",
                          "3  findings, or the cause of a failed pull"}},
      .flags = doctor_flags(options) + failing_pull_flags(options) + node_flags(options) + doctor_files_flags(options) +
               intent_flags(options) + output_flags(options),
      .run = run_doctor};
}

}  // namespace rf::cmd
