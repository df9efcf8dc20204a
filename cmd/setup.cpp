#include "setup.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "host/files.h"
#include "host/profiles.h"
#include "host/secrets.h"
#include "host/state.h"

namespace rf::cmd {
namespace {

struct Source {
  enum class Kind { none, file, flags } kind = Kind::none;
  std::string file = {};  // absolute
  IntentOrProblems intent = {};
};

Result<Source> from_flags(Context& context) {
  const auto& options = context.options;
  if (!options.config.empty()) {
    return Error{.kind = ErrorKind::usage,
                 .message = "--mirror and --fallback cannot be combined with --config",
                 .hint = "write the registries in the file"};
  }
  if (const auto file = find_intent_file("")) context.note("intent from flags; " + *file + " is not used");
  return Source{.kind = Source::Kind::flags, .intent = intent_from_flags(options.registry_flags)};
}

Result<Source> from_file(const std::string& path) {
  RF_TRY(const auto file, read_local_file(path));
  return Source{.kind = Source::Kind::file,
                .file = path == "-" ? "" : absolute_path(path),
                .intent = parse_intent({.file = file.path, .text = file.text, .mode_bits = file.mode_bits})};
}

// The intent of the last apply; no intent where there is none, or it is not readable any more, which is said.
Source from_last_apply(Context& context) {
  const auto path = remembered_apply().intent_file;
  if (path.empty()) return {};
  auto source = from_file(path);
  if (source && source->intent.ok()) {
    context.note("intent of the last apply: " + path);
    return *std::move(source);
  }
  const auto& why = source ? source->intent.problems.front() : source.error();
  context.warning("the intent of the last apply is not used: " + to_string(why));
  return {};
}

Result<Source> find_source(Context& context, IntentNeed need) {
  if (!context.options.registry_flags.empty()) return from_flags(context);
  const auto path = find_intent_file(context.options.config);
  if (path) {
    if (context.options.verbose) context.note("intent: " + *path);
    return from_file(*path);
  }
  if (need == IntentNeed::useful) return from_last_apply(context);
  return Error{
      .kind = ErrorKind::usage,
      .message = "no intent file and no --mirror given",
      .hint = "'regfallback init regfallback.yaml' writes a starter file; or pass --mirror docker.io=http://HOST:PORT"};
}

// Prints every problem of the intent, then how many there are.
bool report_problems(Context& context, const std::vector<Error>& problems) {
  for (const auto& problem : problems) context.error(problem);
  if (problems.size() > 1) context.note(fmt::format("{} problems; nothing was changed", problems.size()));
  return !problems.empty();
}

Result<void> check_distribution(const std::string& name, const std::vector<Profile>& profiles) {
  std::vector<std::string_view> names;
  for (const auto& profile : profiles) names.push_back(profile.name);
  if (name.empty() || std::find(names.begin(), names.end(), name) != names.end()) return {};
  const auto near = nearest(name, names);
  return Error{.kind = ErrorKind::usage,
               .message = "there is no profile '" + name + "'",
               .hint = near.empty() ? fmt::format("one of {}", fmt::join(names, ", "))
                                    : fmt::format("did you mean '{}'?", near)};
}

// Only where needs.nodes is given.
Result<Selection> selected(const Context& context, const Intent& intent, const SetupNeeds& needs) {
  const auto& flags = context.options.nodes;
  const auto of_run = flags.empty() && !needs.run.empty() ? remembered_run(needs.run) : std::vector<std::string>{};
  if (of_run.empty()) return select_nodes(flags, intent, *needs.nodes);
  RF_TRY(auto selection, select_nodes(of_run, intent, Remembered::ignore));
  selection.said = fmt::format("nodes of run {}: {}", needs.run, join(of_run, ", "));
  return selection;
}

Result<Setup> complete(Context& context, Source source, const SetupNeeds& needs) {
  Setup setup{.has_intent = source.kind != Source::Kind::none,
              .intent_file = std::move(source.file),
              .intent = std::move(source.intent.intent),
              .resolved = {},
              .undeclared =
                  source.kind == Source::Kind::flags ? PlanOptions::Undeclared::keep : PlanOptions::Undeclared::remove,
              .profiles = {},
              .selection = {}};
  RF_TRY(setup.profiles, read_profiles(context.options.profiles_dir));
  RF_CHECK(check_distribution(context.options.distribution, setup.profiles));
  if (context.options.facts.empty() && needs.nodes) {
    RF_TRY(setup.selection, selected(context, setup.intent, needs));
    if (!setup.selection.said.empty()) context.note(setup.selection.said);
  }
  return setup;
}

// False when a secret that is required is missing.
bool resolve_all(Context& context, SecretNeed need, Setup& setup) {
  if (need == SecretNeed::none) return true;
  auto secrets = resolve_secrets(setup.intent);
  for (const auto& warning : secrets.warnings) context.warning(warning);
  setup.resolved = std::move(secrets.endpoints);
  if (need == SecretNeed::required) return !report_problems(context, secrets.problems);
  if (secrets.problems.empty()) return true;
  setup.secrets = Setup::Secrets::missing;
  for (const auto& problem : secrets.problems) context.warning(to_string(problem));
  context.warning("without it, regfallback cannot check whether a node is as declared");
  return true;
}

}  // namespace

std::optional<Setup> prepare(Context& context, const SetupNeeds& needs) {
  Source source;
  if (needs.intent != IntentNeed::none) {
    auto found = find_source(context, needs.intent);
    if (!found) {
      context.error(found.error());
      return std::nullopt;
    }
    source = *std::move(found);
    if (report_problems(context, source.intent.problems)) return std::nullopt;
    for (const auto& warning : source.intent.warnings) context.warning(to_string(warning));
  }
  auto setup = complete(context, std::move(source), needs);
  if (!setup) {
    context.error(setup.error());
    return std::nullopt;
  }
  if (!resolve_all(context, needs.secrets, *setup)) return std::nullopt;
  return *std::move(setup);
}

}  // namespace rf::cmd
