#include "containerd/config/ignored_settings.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>

#include "base/text.h"
#include "containerd/go/go_url.h"

namespace rf {

namespace {

constexpr std::array<std::string_view, 3> cri_plugins{cri_plugin_v1, cri_plugin_v2, cri_plugin_v3};

class Collector {
 public:
  Collector(const ConfigFiles& files, const Version& containerd) : files_(files), containerd_(containerd) {}

  void file(std::size_t index) {
    const auto& root = files_.roots[index];
    file_ = index;
    const auto* version = root.find("version");
    const int file_version = version != nullptr ? static_cast<int>(version->integer) : 0;
    if (const auto* plugins = root.find("plugins")) {
      for (const auto& [name, table] : plugins->entries) {
        if (std::find(cri_plugins.begin(), cri_plugins.end(), name) != cri_plugins.end())
          cri_table(name, table, file_version);
        else if (name.find("cri") != name.npos)
          other_table(name, table, file_version);
      }
      const auto *first = plugins->find(cri_plugin_v1), *second = plugins->find(cri_plugin_v2);
      if (containerd_.major >= 2 && file_version < 2 && first != nullptr && second != nullptr &&
          counts(cri_plugin_v1, file_version))
        add(first->where, IgnoredKind::other,
            fmt::format(
                "containerd {} uses either [plugins.{}] or [plugins.\"{}\"] of this file, at random: keep only one of "
                "them",
                to_string(containerd_), cri_plugin_v1, cri_plugin_v2));
      if (const auto* transfer = plugins->find(transfer_plugin))
        if (const auto* path = transfer->find("config_path"); path != nullptr && !path->text.empty())
          add(path->where, IgnoredKind::transfer_config_path, "no containerd reads config_path of the transfer plugin");
    }
    for (const auto& [name, node] : root.entries) {
      if (node.is_table()) second_version(node, name);
      for (const auto key : root_keys)
        if (name != key && lower(name) == key)
          add(node.where, IgnoredKind::unknown_root_key,
              fmt::format("containerd {} does not read \"{}\"", to_string(containerd_), name), {.key = name});
    }
  }

  // Registry settings that count here are checked for keys this containerd does not know.
  void effective(const TomlNode& registry) {
    for (const auto& [key, node] : registry.entries)
      if (!one_of(key, {"config_path", "mirrors", "configs", "auths", "headers"}) && key != "version")
        add(node.where, IgnoredKind::unknown_registry_key,
            fmt::format("containerd has no registry setting \"{}\"{}", key, suggestion(key)), {.key = key});
    if (const auto* mirrors = registry.find("mirrors"))
      each_host(*mirrors, [&](const std::string&, const TomlNode& host) { mirror(host); });
    if (const auto* configs = registry.find("configs"))
      each_host(*configs, [&](const std::string& name, const TomlNode& host) { host_config(name, host); });
  }

  std::vector<IgnoredSetting> take() { return std::move(out_); }

  void add(const Location& where, IgnoredKind kind, std::string reason, IgnoredSubject subject = {}) {
    IgnoredSetting setting{where.file, where.line, std::move(reason), kind, std::move(subject)};
    if (std::find(out_.begin(), out_.end(), setting) == out_.end()) out_.push_back(std::move(setting));
  }

 private:
  static bool one_of(std::string_view key, std::initializer_list<std::string_view> known) {
    return std::find(known.begin(), known.end(), key) != known.end();
  }
  static std::string suggestion(std::string_view key) {
    const auto near = nearest(key, {"config_path", "mirrors", "configs", "auths"});
    return near.empty() ? std::string() : fmt::format("; did you mean {}?", near);
  }
  template <class Visit>
  static void each_host(const TomlNode& table, Visit visit) {
    for (const auto& [name, host] : table.entries)
      if (host.is_table()) visit(name, host);
  }

  // Does the registry table of this plugin name, in a file of this version, reach the plugin that pulls?
  bool counts(std::string_view plugin, int version) const {
    if (containerd_.major < 2) return plugin == files_.cri_plugin;
    if (plugin == cri_plugin_v3) return true;
    const bool per_file = containerd_.major > 2 || containerd_.minor >= 3;
    if (plugin == cri_plugin_v2) return per_file ? version < 4 : whole_is_version_2();
    return per_file ? version < 2 : version < 2 && whole_is_version_2();
  }
  // 2.0 to 2.2: the last version line decides for all files; none at all counts as 3.
  const TomlNode* deciding_version() const {
    const TomlNode* last = nullptr;
    for (const auto& root : files_.roots)
      if (const auto* line = root.find("version"); line != nullptr && line->integer >= 2) last = line;
    return last;
  }
  bool whole_is_version_2() const {
    const auto* version = deciding_version();
    return version != nullptr && version->integer == 2;
  }

  // Registry settings of a plugin's table that do not count.
  void add_uncounted(const Location& where, std::string_view plugin, int version) {
    const auto* other =
        containerd_.major >= 2 && plugin == cri_plugin_v2 && version == 2 ? deciding_version() : nullptr;
    const IgnoredSubject subject{.plugin = std::string(plugin)};
    if (other != nullptr)
      return add(
          where, IgnoredKind::outvoted_plugin_name,
          fmt::format(
              "registry settings under \"{}\" have no effect: containerd {} applies version {} of {} to all files, and "
              "there the plugin is named \"{}\"",
              plugin, to_string(containerd_), other->integer,
              to_string(Location{other->where.file, other->where.line, 0}), cri_plugin_v3),
          subject);
    const auto form = version == 0 ? std::string("without a version line") : fmt::format("of version {}", version);
    const auto wanted = containerd_.major < 2 ? files_.cri_plugin : std::string(cri_plugin_name(version, containerd_));
    add(where, IgnoredKind::wrong_plugin_name,
        fmt::format(
            "registry settings under \"{}\" have no effect in a file {} on containerd {}; there the plugin is named "
            "\"{}\"",
            plugin, form, to_string(containerd_), wanted),
        subject);
  }

  // Registry settings in the plugin's own table, or of a plugin that has none: a name that was mistyped, or the runtime
  // half of 2.x.
  void misplaced(const TomlNode& table) {
    for (const auto& [key, node] : table.entries)
      if (one_of(key, {"config_path", "mirrors", "configs", "auths"}))
        add(node.where, IgnoredKind::unknown_registry_key,
            fmt::format("{} is set in the plugin's own table; it belongs in the table registry below it", key),
            {.key = key});
  }
  void other_table(std::string_view plugin, const TomlNode& table, int version) {
    const auto* registry = table.find("registry");
    const bool own =
        table.find("config_path") != nullptr || table.find("mirrors") != nullptr || table.find("configs") != nullptr;
    if (!own && (registry == nullptr || !registry->is_table())) return;
    const auto wanted = containerd_.major < 2 ? files_.cri_plugin : std::string(cri_plugin_name(version, containerd_));
    const auto text =
        fmt::format("registry settings under \"{}\" have no effect: that plugin has none; the right name is \"{}\"",
                    plugin, wanted);
    for (const auto& [key, node] : own ? table.entries : registry->entries)
      add(place_of(node), IgnoredKind::wrong_plugin_name, text, {.plugin = std::string(plugin)});
  }

  void cri_table(std::string_view plugin, const TomlNode& table, int version) {
    misplaced(table);
    const auto* registry = table.find("registry");
    if (registry == nullptr || !registry->is_table()) return;
    if (plugin == cri_plugin_v3 && files_.registry_was_migrated) overwritten(*registry);
    if (counts(plugin, version)) return;
    for (const auto& [key, node] : registry->entries) add_uncounted(place_of(node), plugin, version);
  }

  // Of an implied table: where the first of its keys is written.
  static Location place_of(const TomlNode& node) {
    Location first = node.where;
    if (node.form != TomlNode::Form::implied) return first;
    for (const auto& [key, child] : node.entries)
      if (child.where.line != 0 && child.where.line < first.line) first = child.where;
    return first;
  }

  // Settings of this file under the new name, where those under the older one are moved over the whole table. A file
  // after it that says the same under the older name replaces it as any later file does.
  void overwritten(const TomlNode& registry) {
    const std::vector<std::string> older{"plugins", std::string(cri_plugin_v2), "registry"};
    const TomlNode* last = nullptr;
    for (const auto& root : files_.roots)
      if (const auto* table = root.find(older)) last = table;
    if (last == nullptr) return;  // of version 1
    for (const auto& [key, node] : registry.entries) {
      const auto* later = last->find(key);
      if (later != nullptr && position(last->where.file) > file_) continue;
      add(place_of(node), IgnoredKind::overwritten_plugin_name,
          fmt::format("registry settings under \"{}\" do nothing: containerd {} moves the table under \"{}\" ({}) over "
                      "them",
                      cri_plugin_v3, to_string(containerd_), cri_plugin_v2,
                      to_string(Location{last->where.file, last->where.line, 0})),
          {.plugin = std::string(cri_plugin_v3)});
    }
  }
  std::size_t position(std::string_view file) const {
    return static_cast<std::size_t>(std::find(files_.files.begin(), files_.files.end(), file) - files_.files.begin());
  }

  void mirror(const TomlNode& host) {
    for (const auto& [key, node] : host.entries)
      if (key != "endpoint")
        add(node.where, IgnoredKind::unknown_registry_key,
            fmt::format("containerd has no mirror setting \"{}\"{}", key,
                        key == "endpoints" ? "; did you mean endpoint?" : ""),
            {.key = key});
  }

  void host_config(const std::string& name, const TomlNode& host) {
    if (const auto* tls = host.find("tls"); tls != nullptr && containerd_.major >= 2)
      add(tls->where, IgnoredKind::tls_removed,
          "configs.tls was removed in containerd 2.0; TLS settings belong in hosts.toml");
    const IgnoredSubject subject{.key = name};
    if (name == "*")
      add(host.where, IgnoredKind::config_of_no_host,
          "configs are looked up by host: there is no \"*\" for every other one", subject);
    if (name.find("://") == name.npos) return;
    const auto url = parse_go_url(name);  // its host, without a user's name and password
    add(host.where, IgnoredKind::config_of_no_host,
        fmt::format("configs are looked up by host, never by URL: write \"{}\"", url ? url->host : "HOST"), subject);
  }

  void second_version(const TomlNode& table, const std::string& path) {
    for (const auto& [key, node] : table.entries) {
      if (key == "version" && node.kind == TomlNode::Kind::integer && path.starts_with("plugins"))
        add(node.where, IgnoredKind::version_in_table,
            fmt::format("this version line belongs to the table {} and does not set the file's version", path));
      if (node.is_table()) second_version(node, path + "." + toml_key(key));
    }
  }

  const ConfigFiles& files_;
  const Version& containerd_;
  std::size_t file_ = 0;  // that is looked at
  std::vector<IgnoredSetting> out_;
};

}  // namespace

std::vector<IgnoredSetting> ignored_settings(const FileTree& tree, const ConfigFiles& files,
                                             const Version& containerd) {
  Collector collector(files, containerd);
  for (std::size_t i = 0; i < files.roots.size(); ++i) collector.file(i);
  if (const auto* plugin = files.plugins.find(files.cri_plugin))
    if (const auto* registry = plugin->find("registry"); registry != nullptr && registry->is_table())
      collector.effective(*registry);
  // config.d is where EKS's older images keep theirs.
  for (const std::string_view directory : {"/etc/containerd/conf.d", "/etc/containerd/config.d"})
    for (const auto& drop_in : tree.glob(fmt::format("{}/*.toml", directory)))
      if (std::find(files.files.begin(), files.files.end(), drop_in) == files.files.end())
        collector.add({drop_in, 0, 0}, IgnoredKind::not_imported, "no configuration file that was read imports it");
  return collector.take();
}

}  // namespace rf
