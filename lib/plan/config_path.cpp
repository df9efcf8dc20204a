#include "plan/config_path.h"

#include <algorithm>

#include <fmt/format.h>

#include "containerd/config/config_edit.h"
#include "plan/head.h"

namespace rf {
namespace {

bool is_read(const PlanContext& context) {
  const auto& tree = context.facts.tree;
  const auto& roots = context.detection.config.hosts_roots;
  return context.detection.era.always_read || std::any_of(roots.begin(), roots.end(), [&](const std::string& root) {
           return tree.real_path(root) == tree.real_path(context.detection.hosts_dir);
         });
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

// A file from which the running configuration is made at the next start: a template, or a drop-in that is imported
// then.
Result<void> edit_source_file(const PlanContext& context, const std::string& file, const std::string& why,
                              Draft& draft) {
  const auto& detection = context.detection;
  const auto& tree = context.facts.tree;
  const auto before = tree.read(file).value_or("");
  RF_TRY(auto after, set_config_path(before, detection.containerd, detection.hosts_dir).doing("editing " + file));
  RF_CHECK(put_file(context.files,
                    {.path = file, .content = std::move(after), .kind = FileChange::Class::config, .why = why},
                    draft.files));
  RF_TRY(const auto running, edit_config_path(tree, config_source(detection), detection.containerd, detection.hosts_dir)
                                 .doing("computing the state after editing " + detection.config_file));
  draft.rendered = tree;
  if (running.changed()) draft.rendered->write(running.file, running.after);
  return {};
}

}  // namespace

ConfigSource config_source(const Detection& detection) {
  ConfigSource source{.file = detection.config_file};
  if (detection.era.always_read) {
    source.config_path_only = detection.hosts_dir;
    source.pull_mode = PullMode::client;
  }
  return source;
}

Result<void> plan_config_path(const PlanContext& context, Draft& draft) {
  const auto& detection = context.detection;
  if (is_read(context)) return {};
  const auto& era = detection.era;
  const auto& tree = context.facts.tree;
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
  } else if (is_made_from_another(detection, tree)) {
    RF_CHECK(edit_source_file(context, era.config_file, why, draft));
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
