#include "plan/config_path.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "containerd/config/config_edit.h"
#include "plan/head.h"
#include "plan/next_start.h"

namespace rf {
namespace {

bool is_read(const PlanContext& context, const FileTree& tree, const EffectiveConfig& config) {
  const auto& roots = config.hosts_roots;
  return context.detection.era.always_read || std::any_of(roots.begin(), roots.end(), [&](const std::string& root) {
           return tree.real_path(root) == tree.real_path(context.detection.hosts_dir);
         });
}

Result<bool> is_read_at_next_start(const PlanContext& context) {
  RF_TRY(const auto next, at_next_start(context, context.facts.tree));
  const auto& detection = context.detection;
  const auto config = effective_config(next.tree, config_source(detection), detection.containerd);
  if (const auto& fault = config.load_error ? config.load_error : config.cri_error) {
    auto error = at_origin(*fault, next.origin);
    error.kind = ErrorKind::refused;
    error.message = fmt::format("containerd {} will not serve images after the next start of {}: {}",
                                to_string(detection.containerd), detection.profile.title, error.message);
    return error;
  }
  return is_read(context, next.tree, config);
}

std::string missing(const Detection& detection) {
  const auto& set = detection.config.config_path;
  if (set.empty())
    return fmt::format("config_path is not set, so containerd {} reads no hosts.toml", to_string(detection.containerd));
  if (set.find(':') != std::string::npos)
    return fmt::format("config_path is a list ({}), which containerd {} does not split: it reads no hosts.toml", set,
                       to_string(detection.containerd));
  return fmt::format("config_path is {}", set);
}

// Words that are filled in at the start may stand where TOML has bare keys: names take their place meanwhile.
std::string with_names(std::string text, const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i)
    text = replace_all(text, words[i].substr(0, words[i].find('=')), fmt::format("rf-filled-in-{}-", i));
  return text;
}
std::string with_words(std::string text, const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i)
    text = replace_all(text, fmt::format("rf-filled-in-{}-", i), words[i].substr(0, words[i].find('=')));
  return text;
}

// A file from which the running configuration is made at the next start: a template, or a drop-in that is imported
// then.
Result<void> edit_source_file(const PlanContext& context, const std::string& file, const std::string& why,
                              Draft& draft) {
  const auto& detection = context.detection;
  const auto& words = detection.era.made_with;
  const auto before = with_names(std::string(context.facts.tree.read(file).value_or("")), words);
  RF_TRY(auto after, set_config_path(before, detection.containerd, detection.hosts_dir).doing("editing " + file));
  return put_file(
      context.files,
      {.path = file, .content = with_words(std::move(after), words), .kind = FileChange::Class::config, .why = why},
      draft.files);
}

// The file it is made from, where only that one has lost the setting: it would go with the next start.
Result<void> keep_for_next_start(const PlanContext& context, Draft& draft) {
  const auto& file = context.detection.era.config_file;
  RF_TRY(const bool kept, is_read_at_next_start(context));
  if (kept) return {};
  return edit_source_file(
      context, file,
      fmt::format("{} is made from it at the next start, and would lose config_path", context.detection.config_file),
      draft);
}

}  // namespace

Result<void> plan_config_path(const PlanContext& context, Draft& draft) {
  const auto& detection = context.detection;
  const auto& era = detection.era;
  const auto& tree = context.facts.tree;
  const bool made = is_made_from_another(detection, tree);
  if (is_read(context, tree, detection.config)) return made ? keep_for_next_start(context, draft) : Result<void>();
  const auto why = missing(detection);
  const auto files_before = draft.files.size();
  if (!era.drop_in.empty()) {
    RF_CHECK(edit_source_file(context, era.drop_in, why, draft));
  } else if (era.config_managed) {
    auto error = config_is_managed(detection, detection.config_file,
                                   fmt::format("'regfallback render --for {}' prints the settings for {}",
                                               detection.profile.name, detection.profile.title));
    error.message = fmt::format("{}; {}", why, error.message);
    return error;
  } else if (made) {
    RF_TRY(const bool restart_is_enough, is_read_at_next_start(context));
    if (!restart_is_enough) RF_CHECK(edit_source_file(context, era.config_file, why, draft));
  } else {
    RF_TRY(auto edit, edit_config_path(tree, config_source(detection), detection.containerd, detection.hosts_dir));
    if (!edit.changed()) return {};
    RF_CHECK(put_file(context.files,
                      {.path = edit.file,
                       .content = std::move(edit.after),
                       .kind = FileChange::Class::config,
                       .why = edit.why.empty() ? why : edit.why},
                      draft.files));
  }
  if (era.restarts_itself && draft.files.size() == files_before)
    return {};  // it has noticed, and will have restarted soon
  if (era.restarts_itself)
    draft.notes.push_back(
        fmt::format("{} notices the change and restarts containerd on its own", detection.profile.title));
  draft.restart_why = why;
  return {};
}

}  // namespace rf
