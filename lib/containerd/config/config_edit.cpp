#include "containerd/config/config_edit.h"

#include <fmt/format.h>
#include <algorithm>

#include "containerd/config/config_files.h"
#include "containerd/toml/toml_edit.h"

namespace rf {

namespace {

constexpr std::string_view single_file = "/etc/containerd/config.toml";

Error config_refusal(std::string message, std::string hint, std::optional<Location> where = {}) {
  return {
      .kind = ErrorKind::refused, .message = std::move(message), .hint = std::move(hint), .where = std::move(where)};
}

TomlPath registry_path(std::string_view plugin) { return {"plugins", std::string(plugin), "registry"}; }
TomlPath registry_path(std::string_view plugin, std::initializer_list<std::string> below) {
  auto path = registry_path(plugin);
  path.insert(path.end(), below.begin(), below.end());
  return path;
}

// 3 for every 2.x: the newer ones read it too, and it survives a downgrade.
std::string minimal_head(const Version& containerd) { return containerd.major < 2 ? "version = 2" : "version = 3"; }
std::string_view minimal_plugin(const Version& containerd) {
  return containerd.major < 2 ? cri_plugin_v2 : cri_plugin_v3;
}

// A text with nothing but comments gets a version line, so that the name below it is the right one.
std::string with_version(std::string_view text, const Version& containerd) {
  const std::string newline = text.find("\r\n") != text.npos ? "\r\n" : "\n";
  std::string out(text);
  if (!out.empty() && !out.ends_with('\n')) out += newline;
  return out + minimal_head(containerd) + newline;
}

bool is_bare(std::string_view text) {
  const auto root = parse_toml(text, "");
  return root && root->entries.empty();
}

// The plugin names worth trying in one file, the likeliest first: where a registry stands, where the plugin stands,
// then by version.
std::vector<std::string> plugin_names(const TomlNode& root, const Version& containerd, const std::string& merged_name) {
  if (containerd.major < 2) return {merged_name};
  std::vector<std::string> names;
  const auto add = [&](std::string_view name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.emplace_back(name);
  };
  const auto* plugins = root.find("plugins");
  const auto all = {cri_plugin_v3, cri_plugin_v2, cri_plugin_v1};
  if (plugins != nullptr)
    for (const auto name : all)
      if (const auto* plugin = plugins->find(name); plugin != nullptr && plugin->find("registry") != nullptr) add(name);
  const auto* version = root.find("version");
  add(cri_plugin_name(version != nullptr ? static_cast<int>(version->integer) : 0, containerd));
  add(cri_plugin_v3);
  add(cri_plugin_v2);
  return names;
}

bool same_otherwise(const EffectiveConfig& a, const EffectiveConfig& b) {
  const auto keys = [](const auto& map) {
    std::vector<std::string> out;
    for (const auto& [key, value] : map) out.push_back(key);
    return out;
  };
  return a.cri_error.has_value() == b.cri_error.has_value() && a.cri_disabled == b.cri_disabled &&
         a.pull_mode == b.pull_mode && keys(a.mirrors) == keys(b.mirrors) && keys(a.auths) == keys(b.auths) &&
         keys(a.tls) == keys(b.tls);
}

std::optional<Error> why_not(const EffectiveConfig& config) {
  if (config.unread) return config.unread;
  if (config.load_error) {
    Error error = *config.load_error;
    error.kind = ErrorKind::refused;
    return error;
  }
  if (config.cri_disabled)
    return config_refusal(config.cri_error->message,
                          "remove it from disabled_plugins, restart containerd, and run this again",
                          config.cri_error->where);
  if (!config.mirrors.empty())
    return config_refusal("registry.mirrors is set, and containerd does not accept it together with config_path",
                          "regfallback migrate moves it to hosts.toml with the same chains",
                          config.mirrors.begin()->second.where);
  if (!config.tls.empty())
    return config_refusal(
        "registry.configs.*.tls is set, and containerd 1.x does not accept it together with config_path",
        "regfallback migrate moves it to hosts.toml with the same chains", config.tls.begin()->second.where);
  return std::nullopt;
}

// The files whose edit can bring a value into effect, the best first.
std::vector<std::string> candidates(const EffectiveConfig& config, const ConfigFiles& files) {
  if (config.config_path_where) return {config.config_path_where->file};
  if (files.files.empty()) return {config.config_file};
  if (config.containerd.major >= 2) {
    std::vector<std::string> out{files.files.front()};
    out.insert(out.end(), files.files.rbegin(), files.files.rend() - 1);
    return out;
  }
  // 1.x takes the CRI plugin's table whole from the last file that has one; a second one would hide all the others'
  // settings.
  for (std::size_t i = files.files.size(); i-- > 0;)
    if (files.roots[i].find(TomlPath{"plugins", files.cri_plugin}) != nullptr) return {files.files[i]};
  return {files.files.front()};
}

std::string reason(const EffectiveConfig& config, const std::string& file) {
  if (!config.config_path_where)
    return config.config_path.empty()
               ? fmt::format("config_path is not set in {}", config.config_file)
               : fmt::format("config_path is not set; the default \"{}\" lists two directories", config.config_path);
  return fmt::format("config_path is \"{}\" in {}:{}", config.config_path, file, config.config_path_where->line);
}

Result<std::string> edit_one(const FileTree& tree, const EffectiveConfig& before, const ConfigSource& source,
                             const std::string& file, std::string_view path) {
  const auto& containerd = before.containerd;
  std::string text(tree.read(file).value_or(""));
  const auto files = read_config_files(tree, source, containerd);
  std::vector<std::string> names;
  if (is_bare(text) && file == normal_path(source.file)) {
    text = with_version(text, containerd);
    names = {std::string(minimal_plugin(containerd))};
  } else {
    RF_TRY(const auto root, parse_config(text, file, containerd));
    names = plugin_names(root, containerd, files.cri_plugin);
  }
  std::optional<Error> first;
  for (const auto& name : names) {
    auto edited = set_toml_string(text, registry_path(name, {"config_path"}), path);
    if (!edited) {
      if (!first) first = edited.error();
      continue;
    }
    FileTree after = tree;
    after.write(file, *edited);
    const auto result = effective_config(after, source, containerd);
    if (!result.load_error && result.config_path == path && result.config_path_where && same_otherwise(before, result))
      return edited;
  }
  if (first) return *first;
  return config_refusal(
      fmt::format("no edit of {} makes config_path = \"{}\" take effect without changing something else", file, path),
      "set it by hand in the file that containerd reads last", Location{file, 0, 0});
}

struct SingleFile {
  FileTree tree;
  ConfigSource source;
  EffectiveConfig config;
  ConfigFiles files;
};

Result<SingleFile> read_single(std::string_view text, const Version& containerd) {
  SingleFile out;
  out.source.file = single_file;
  out.source.imports = ConfigSource::Imports::ignore;
  out.tree.put_file(single_file, std::string(text));
  out.config = effective_config(out.tree, out.source, containerd);
  out.files = read_config_files(out.tree, out.source, containerd);
  if (out.config.unread) return *out.config.unread;
  if (out.config.load_error) {
    Error error = *out.config.load_error;
    error.kind = ErrorKind::refused;
    return error;
  }
  return out;
}

// The registry tables of the file that count: on 2.x a file can have more than one.
std::vector<std::string> counting_names(const TomlNode& root, const ConfigFiles& files, const Version& containerd) {
  std::vector<std::string> out;
  for (const auto& name : plugin_names(root, containerd, files.cri_plugin))
    if (root.find(registry_path(name)) != nullptr) out.push_back(name);
  return out;
}

void legacy_paths(const TomlNode& registry, const TomlPath& base, LegacyAuth auth, std::vector<TomlPath>& out) {
  const auto below = [&](std::initializer_list<std::string> keys) {
    auto path = base;
    path.insert(path.end(), keys.begin(), keys.end());
    return path;
  };
  if (registry.find("mirrors") != nullptr) out.push_back(below({"mirrors"}));
  if (auth == LegacyAuth::remove && registry.find("auths") != nullptr) out.push_back(below({"auths"}));
  const auto* configs = registry.find("configs");
  if (configs == nullptr) return;
  std::size_t gone = 0;
  std::vector<TomlPath> parts;
  for (const auto& [host, settings] : configs->entries) {
    const auto goes = [&](const std::string& key) {
      return key == "tls" || (key == "auth" && auth == LegacyAuth::remove);
    };
    const auto removed = std::count_if(settings.entries.begin(), settings.entries.end(),
                                       [&](const auto& entry) { return goes(entry.first); });
    if (static_cast<std::size_t>(removed) == settings.entries.size()) {
      parts.push_back(below({"configs", host}));
      ++gone;
      continue;
    }
    for (const auto& [key, node] : settings.entries)
      if (goes(key)) parts.push_back(below({"configs", host, key}));
  }
  if (gone == configs->entries.size()) parts = {below({"configs"})};
  out.insert(out.end(), parts.begin(), parts.end());
}

std::vector<TomlPath> all_legacy_paths(const TomlNode& root, const ConfigFiles& files, const Version& containerd,
                                       LegacyAuth auth) {
  std::vector<TomlPath> paths;
  for (const auto& name : counting_names(root, files, containerd)) {
    const auto base = registry_path(name);
    legacy_paths(*root.find(base), base, auth, paths);
  }
  return paths;
}

}  // namespace

Result<ConfigEdit> edit_config_path(const FileTree& tree, const ConfigSource& source, const Version& containerd,
                                    std::string_view path) {
  const auto before = effective_config(tree, source, containerd);
  if (auto error = why_not(before)) return *error;
  const auto files = read_config_files(tree, source, containerd);
  std::optional<Error> first;
  for (const auto& file : candidates(before, files)) {
    const std::string text(tree.read(file).value_or(""));
    if (before.config_path_where && before.config_path == path) return ConfigEdit{file, text, text, ""};
    auto edited = edit_one(tree, before, source, file, path);
    if (edited) return ConfigEdit{file, text, *edited, reason(before, file)};
    if (!first) first = edited.error();
  }
  return *first;
}

Result<std::string> set_config_path(std::string_view text, const Version& containerd, std::string_view path) {
  ConfigSource source{.file = std::string(single_file)};
  source.imports = ConfigSource::Imports::ignore;
  FileTree tree;
  tree.put_file(single_file, std::string(text));
  RF_TRY(auto edit, edit_config_path(tree, source, containerd, path));
  return std::move(edit.after);
}

Result<std::string> remove_legacy(std::string_view text, const Version& containerd, LegacyAuth auth) {
  RF_TRY(const auto single, read_single(text, containerd));
  return remove_toml(text, all_legacy_paths(single.files.roots.front(), single.files, containerd, auth));
}

Result<std::vector<ConfigEdit>> remove_legacy(const FileTree& tree, const ConfigSource& source,
                                              const Version& containerd, LegacyAuth auth) {
  const auto files = read_config_files(tree, source, containerd);
  if (files.error) return *files.error;
  std::vector<ConfigEdit> edits;
  for (std::size_t i = 0; i < files.files.size(); ++i) {
    ConfigEdit edit{.file = files.files[i],
                    .before = std::string(tree.read(files.files[i]).value_or("")),
                    .after = {},
                    .why = "the legacy registry settings move to hosts.toml"};
    RF_TRY(edit.after, remove_toml(edit.before, all_legacy_paths(files.roots[i], files, containerd, auth))
                           .doing("removing legacy settings from " + edit.file));
    if (edit.changed()) edits.push_back(std::move(edit));
  }
  return edits;
}

Result<std::string> set_mirrors(std::string_view text, const Version& containerd, const MirrorEndpoints& mirrors) {
  std::string out = is_bare(text) ? with_version(text, containerd) : std::string(text);
  RF_TRY(const auto single, read_single(out, containerd));
  if (single.config.config_path_where && !single.config.config_path.empty())
    return config_refusal("config_path is set, and containerd does not accept registry.mirrors together with it",
                          "write hosts.toml files instead", single.config.config_path_where);
  const TomlNode& root = single.files.roots.front();
  const auto names = counting_names(root, single.files, containerd);
  const auto name = names.empty() ? plugin_names(root, containerd, single.files.cri_plugin).front() : names.front();
  for (const auto& [registry, endpoints] : mirrors) {
    RF_TRY(out, set_toml_strings(out, registry_path(name, {"mirrors", registry, "endpoint"}), endpoints));
  }
  RF_TRY(const auto after, read_single(out, containerd));
  if (after.config.cri_error)
    return config_refusal(after.config.cri_error->message, "write hosts.toml files instead",
                          after.config.cri_error->where);
  for (const auto& [registry, endpoints] : mirrors) {
    const auto found = after.config.mirrors.find(registry);
    if (found == after.config.mirrors.end() || found->second.endpoints != endpoints)
      return config_refusal(fmt::format("the mirrors of {} would not take effect", registry), "edit the file by hand");
  }
  return out;
}

}  // namespace rf
