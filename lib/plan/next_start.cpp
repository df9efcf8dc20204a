#include "plan/next_start.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "containerd/config/config_edit.h"
#include "containerd/config/config_files.h"
#include "containerd/toml/toml_write.h"
#include "node/after_start.h"
#include "plan/config_path.h"

namespace rf {
namespace {

// containerd looks for relative imports beside the file itself, and a trial is tried in another place.
bool can_be_tried_elsewhere(std::string_view text, const std::string& file, const Version& containerd) {
  const auto root = parse_config(text, file, containerd);
  const auto* imports = root ? root->find("imports") : nullptr;
  return imports == nullptr || std::all_of(imports->items.begin(), imports->items.end(), [](const TomlNode& import) {
           return import.is_string() && import.text.starts_with('/');
         });
}

Result<NextStart> after_rendering(const PlanContext& context, FileTree tree) {
  const auto node = registries_yaml_node(context.facts, context.detection);
  RF_TRY(const auto registries, registries_yaml_in(tree, node.registries_file));
  const auto config = config_at_next_start(tree, node, registries);
  NextStart next{.tree = project_registries_yaml(tree, node, registries), .trials = {}, .origin = {}};
  if (!config.template_file.empty())
    next.origin = LineOrigin{.file = node.config_file, .source = config.template_file, .lines = config.lines};
  if (config.exact && can_be_tried_elsewhere(config.text, node.config_file, node.containerd))
    next.trials.push_back({node.config_file, Secret(config.text)});
  return next;
}

// "${SNAP_DATA}=/var/snap/microk8s/current": a path stands for where its links end.
std::string filled_in(std::string_view text, const std::vector<std::string>& words, const FileTree& tree) {
  std::string out(text);
  for (const auto& word : words) {
    const auto equals = word.find('=');
    const auto value = word.substr(equals + 1);
    out = replace_all(out, word.substr(0, equals), value.starts_with('/') ? tree.real_path(value) : value);
  }
  return out;
}

NextStart after_filling_in(const PlanContext& context, FileTree tree) {
  const auto& detection = context.detection;
  const auto source = tree.read(detection.era.config_file);
  if (!source) return {.tree = std::move(tree), .trials = {}, .origin = {}};
  const auto text = filled_in(*source, detection.era.made_with, tree);
  NextStart next{.tree = std::move(tree), .trials = {}, .origin = {}};
  next.tree.write(detection.config_file, text);
  next.origin = LineOrigin{.file = detection.config_file, .source = detection.era.config_file, .lines = {}};
  if (can_be_tried_elsewhere(text, detection.config_file, detection.containerd))
    next.trials.push_back({detection.config_file, Secret(text)});
  return next;
}

class DropIns {
 public:
  DropIns(const PlanContext& context, FileTree tree)
      : era_(context.detection.era),
        detection_(context.detection),
        tree_(std::move(tree)),
        files_(tree_.glob(parent_path(era_.drop_in) + "/*.toml")) {}

  Result<NextStart> run() {
    RF_CHECK(check_versions());
    if (era_.drop_in_version > 0)
      import_all();
    else
      RF_CHECK(merge());
    NextStart next{.tree = std::move(tree_), .trials = {}, .origin = std::move(origin_)};
    if (const auto text = next.tree.read(era_.drop_in);
        text && can_be_tried_elsewhere(*text, era_.drop_in, detection_.containerd))
      next.trials.push_back({era_.drop_in, Secret(std::string(*text))});
    return next;
  }

 private:
  Result<TomlNode> root_of(const std::string& file) const {
    return parse_config(tree_.read(file).value_or(""), file, detection_.containerd);
  }

  // The distribution looks at each file before containerd does.
  Result<void> check_versions() const {
    for (const auto& file : files_) {
      const auto root = root_of(file);
      if (!root) return refused(root.error().message, root.error().where.value_or(Location{file, 0, 0}));
      const auto* version = root->find("version");
      if (version != nullptr && version->integer < era_.drop_in_version)
        return refused(fmt::format("version = {}", version->integer), version->where);
      const auto* plugins = root->find("plugins");
      const auto* older = plugins == nullptr ? nullptr : plugins->find(cri_plugin_v2);
      if (older != nullptr && era_.drop_in_version > 2)
        return refused(fmt::format("settings of {}", cri_plugin_v2), older->where);
    }
    return {};
  }

  Error refused(std::string_view what, Location where) const {
    return {.kind = ErrorKind::refused,
            .message = fmt::format("{} would not start again with this drop-in: {}", detection_.profile.title, what),
            .hint = era_.drop_in_version > 0
                        ? fmt::format("rewrite it in version {}, or remove it", era_.drop_in_version)
                        : "repair or remove it",
            .where = std::move(where)};
  }

  // It writes config.toml anew, with every drop-in that there is then.
  void import_all() {
    std::vector<std::string> imports{era_.drop_ins_merged};
    imports.insert(imports.end(), files_.begin(), files_.end());
    std::erase_if(imports, [&](const std::string& file) { return !tree_.exists(file); });
    tree_.write(detection_.config_file, fmt::format("{}\nversion = {}\nimports = {}\n", era_.when_first_line,
                                                    era_.drop_in_version, toml_list(imports)));
  }

  // The last of them that says a config_path decides.
  Result<void> merge() {
    for (const auto& file : files_) {
      RF_TRY(const auto root, root_of(file));
      const auto* plugins = root.find("plugins");
      const auto* cri = plugins == nullptr ? nullptr : plugins->find(cri_plugin_v2);
      const auto* registry = cri == nullptr ? nullptr : cri->find("registry");
      const auto* path = registry == nullptr ? nullptr : registry->find("config_path");
      if (path == nullptr) continue;
      RF_TRY(auto merged,
             set_config_path(tree_.read(era_.drop_ins_merged).value_or(""), detection_.containerd, path->text));
      const auto count = static_cast<std::size_t>(std::count(merged.begin(), merged.end(), '\n')) + 1;
      origin_ = LineOrigin{
          .file = era_.drop_ins_merged, .source = path->where.file, .lines = std::vector<int>(count, path->where.line)};
      tree_.write(era_.drop_ins_merged, std::move(merged));
    }
    return {};
  }

  const ProfileEra& era_;
  const Detection& detection_;
  FileTree tree_;
  std::vector<std::string> files_;
  std::optional<LineOrigin> origin_;  // of what is merged: the line that decided
};

}  // namespace

Result<NextStart> at_next_start(const PlanContext& context, FileTree tree) {
  const auto& detection = context.detection;
  if (detection.era.style == Style::registries_yaml) return after_rendering(context, std::move(tree));
  if (is_made_from_another(detection, tree)) return after_filling_in(context, std::move(tree));
  if (!detection.era.drop_in.empty()) return DropIns(context, std::move(tree)).run();
  return NextStart{.tree = std::move(tree), .trials = {}, .origin = {}};
}

Error at_origin(Error error, const std::optional<LineOrigin>& origin) {
  if (!origin || !error.where || error.where->file != origin->file) return error;
  const auto line = static_cast<std::size_t>(std::max(error.where->line, 0));
  if (origin->lines.empty()) {
    error.where->file = origin->source;
  } else if (line > 0 && line <= origin->lines.size() && origin->lines[line - 1] > 0) {
    error.where = Location{origin->source, origin->lines[line - 1], 0};
  }
  return error;
}

}  // namespace rf
