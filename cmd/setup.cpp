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
  bool found = false;
  std::string file;  // absolute
  IntentOrProblems intent;
};

Result<Source> from_flags(Context& context) {
  const auto& options = context.options;
  if (!options.config.empty()) {
    return Error{.kind = ErrorKind::usage,
                 .message = "--mirror and --config cannot be combined",
                 .hint = "write the mirrors in the file"};
  }
  if (const auto file = find_intent_file("")) context.note("intent from --mirror; " + *file + " is not used");
  return Source{.found = true, .file = "", .intent = intent_from_flags(options.mirrors)};
}

Result<Source> find_source(Context& context, IntentNeed need) {
  if (!context.options.mirrors.empty()) return from_flags(context);
  auto path = find_intent_file(context.options.config);
  if (!path && need == IntentNeed::useful) {
    const auto last = remembered_apply().intent_file;
    if (!last.empty() && local_file_exists(last)) path = last;
  }
  if (!path) {
    if (need != IntentNeed::required) return Source{};
    return Error{.kind = ErrorKind::usage,
                 .message = "no intent file and no --mirror given",
                 .hint =
                     "'regfallback init regfallback.yaml' writes a file to start from; or pass --mirror "
                     "docker.io=http://HOST:PORT"};
  }
  RF_TRY(const auto file, read_local_file(*path));
  if (context.options.verbose) context.note("intent: " + file.path);
  return Source{.found = true,
                .file = *path == "-" ? "" : absolute_path(*path),
                .intent = parse_intent({.file = file.path, .text = file.text, .mode_bits = file.mode_bits})};
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

Result<Setup> complete(Context& context, Source source, const SetupNeeds& needs) {
  Setup setup{.has_intent = source.found,
              .intent_file = std::move(source.file),
              .intent = std::move(source.intent.intent),
              .resolved = {},
              .profiles = {},
              .selection = {}};
  RF_TRY(setup.profiles, read_profiles(context.options.profiles_dir));
  RF_CHECK(check_distribution(context.options.distribution, setup.profiles));
  if (context.options.facts.empty()) {
    RF_TRY(setup.selection, select_nodes(context.options.nodes, setup.intent, needs.nodes));
    if (!setup.selection.said.empty()) context.note(setup.selection.said);
  }
  return setup;
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
  if (needs.intent == IntentNeed::none) return *std::move(setup);
  auto secrets = resolve_secrets(setup->intent);
  for (const auto& warning : secrets.warnings) context.warning(warning);
  if (report_problems(context, secrets.problems)) return std::nullopt;
  setup->resolved = std::move(secrets.endpoints);
  return *std::move(setup);
}

}  // namespace rf::cmd
