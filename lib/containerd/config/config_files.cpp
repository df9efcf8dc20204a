#include "containerd/config/config_files.h"

#include <fmt/format.h>
#include <algorithm>
#include <cstdint>
#include <deque>
#include <iterator>
#include <set>
#include <tuple>

#include "containerd/config/features.h"
#include "containerd/config/load_failure.h"
#include "containerd/toml/go_toml_v1.h"
#include "containerd/toml/toml_statements.h"

namespace rf {
namespace {

// Pre-releases of a line behave as the line: 2.4.0-beta.0 is a 2.4.
bool line_at_least(const Version& version, int major, int minor) {
  return version.major > major || (version.major == major && version.minor >= minor);
}

bool refuses_newer_drop_ins(const Version& version) {
  return (version.major == 2 && version.minor == 3 && version.patch <= 4) || (version == Version{2, 4, 0, "beta.0"});
}

std::string wrong_type(const TomlNode& node, std::string_view key, std::string_view wanted) {
  return fmt::format("cannot decode {}: a TOML {} where a {} is expected", key, kind_name(node.kind), wanted);
}

// mergo with override: tables merge key by key, everything else is replaced.
void merge_deep(TomlNode& to, const TomlNode& from) {
  for (const auto& [key, value] : from.entries) {
    const auto found = to.entries.find(key);
    if (found != to.entries.end() && found->second.is_table() && value.is_table())
      merge_deep(found->second, value);
    else
      to.entries.insert_or_assign(key, value);
  }
}

bool is_before(const TomlNode& a, const TomlNode& b) {
  return std::tie(a.where.line, a.where.column) < std::tie(b.where.line, b.where.column);
}

// The entries that name this key become one. go-toml 2 goes through them in the order of the text: the last value
// counts, and tables are filled by all of them. go-toml 1 prefers the one in small letters.
void unite_root_key(TomlNode& root, std::string_view key, const Version& containerd) {
  if (!has_feature(containerd, Feature::toml_v2) && root.find(key) != nullptr) return;
  std::vector<TomlNode> found;
  std::erase_if(root.entries, [&](auto& entry) {
    if (!names_key(entry.first, key, containerd)) return false;
    found.push_back(std::move(entry.second));
    return true;
  });
  std::sort(found.begin(), found.end(), is_before);
  for (auto& node : found) {
    const auto known = root.entries.find(key);
    if (known != root.entries.end() && known->second.is_table() && node.is_table())
      merge_deep(known->second, node);
    else
      root.entries.insert_or_assign(std::string(key), std::move(node));
  }
}

bool has_registry(const TomlNode& plugins, std::string_view name) {
  const auto* plugin = plugins.find(name);
  return plugin != nullptr && plugin->find("registry") != nullptr;
}

// What containerd's migration to version 3 moves from the CRI plugin to the images plugin.
void migrate_to_images(TomlNode& plugins) {
  const TomlNode* source = plugins.find(cri_plugin_v2);
  if (source == nullptr || !source->is_table()) return;
  const TomlNode from = *source;
  TomlNode& images = plugins.entries[std::string(cri_plugin_v3)];
  if (const auto* runtime = from.find("containerd"); runtime != nullptr && runtime->find("runtimes") != nullptr)
    for (const char* key : {"snapshotter", "disable_snapshot_annotations", "discard_unpacked_layers"})
      if (const auto* value = runtime->find(key)) images.entries.insert_or_assign(key, *value);
  for (const char* key :
       {"registry", "max_concurrent_downloads", "image_pull_progress_timeout", "image_pull_with_sync_fs"})
    if (const auto* value = from.find(key)) images.entries.insert_or_assign(key, *value);
}

struct File {
  std::string path;
  TomlNode root;
  TomlNode plugins;
  int version = 0;
  std::vector<std::string> imports;
  std::vector<ListedPlugin> disabled;
  std::vector<ListedPlugin> required;
};

Result<std::vector<ListedPlugin>> strings_of(const TomlNode& root, std::string_view key) {
  std::vector<ListedPlugin> out;
  const auto* list = root.find(key);
  if (list == nullptr) return out;
  const auto wrong = [&](const TomlNode& node) {
    return Error{.kind = ErrorKind::runtime, .message = wrong_type(node, key, "list of strings"), .where = node.where};
  };
  if (list->kind != TomlNode::Kind::array) return wrong(*list);
  for (const auto& item : list->items) {
    if (!item.is_string()) return wrong(item);
    out.push_back({item.text, item.where});
  }
  return out;
}

Result<File> read_file(const FileTree& tree, const std::string& path, const Version& containerd) {
  if (auto unread = tree.why_unread(path)) return *std::move(unread);
  const auto text = tree.read(path);
  if (!text) {
    const auto* entry = tree.stat(path);
    if (entry != nullptr && entry->kind == FileEntry::Kind::other)
      return unread_error("it is not a regular file", Location{path, 0, 0});
    const auto why = entry != nullptr ? "is a directory" : "no such file or directory";
    return Error{
        .kind = ErrorKind::runtime,
        .message = fmt::format("{}open {}: {}",
                               containerd.major < 2 ? fmt::format("failed to load TOML: {}: ", path) : "", path, why),
        .where = Location{path, 0, 0}};
  }
  if (containerd.major >= 2 && text->starts_with("\xEF\xBB\xBF"))
    return load_failure(containerd, path, "invalid character at start of key: a byte order mark", {path, 1, 1});
  auto root = parse_config(*text, path, containerd);
  if (!root && root.error().kind == ErrorKind::unreadable) return root.error();
  if (!root) return parse_failure(containerd, path, *text, root.error());
  File file{.path = path, .root = *root, .plugins = {}, .imports = {}, .disabled = {}, .required = {}};
  const auto failed = [&](const TomlNode& node, std::string_view key, std::string_view wanted) {
    return load_failure(containerd, path, wrong_type(node, key, wanted), node.where);
  };
  if (const auto* version = root->find("version")) {
    if (version->kind != TomlNode::Kind::integer) return failed(*version, "version", "number");
    file.version = static_cast<int>(std::clamp<std::int64_t>(version->integer, 0, 1'000'000));
  }
  if (const auto* plugins = root->find("plugins")) {
    if (!plugins->is_table()) return failed(*plugins, "plugins", "table");
    for (const auto& [name, plugin] : plugins->entries)
      if (!plugin.is_table()) return failed(plugin, "plugins." + name, "table");
    file.plugins = *plugins;
  }
  RF_TRY(file.disabled, strings_of(*root, "disabled_plugins"));
  RF_TRY(file.required, strings_of(*root, "required_plugins"));
  RF_TRY(const auto imports, strings_of(*root, "imports"));
  for (const auto& import : imports) file.imports.push_back(import.name);
  return file;
}

Result<TomlNode> parse_config_v1(std::string_view text, std::string_view file) {
  const auto literal = with_literal_header_keys(text);
  const auto statements = toml_statements(literal);
  if (const auto* bracket = bracket_in_header(statements)) {
    const auto before = literal.substr(0, bracket->begin);  // go-toml 1 points behind the '['
    const auto column = static_cast<int>(before.size() - (before.rfind('\n') + 1)) + 2;
    return Error{.kind = ErrorKind::parse,
                 .message = std::string(bracket_refusal),
                 .where = Location{std::string(file), bracket->line, column}};
  }
  return parse_go_toml_v1(literal, file);
}

// What one configuration may cost.
struct Budget {
  static constexpr std::size_t most_patterns = 100;
  static constexpr std::size_t most_values = 50'000;
  std::size_t patterns = 0;  // of imports, with a '*'
  std::size_t values = 0;    // of all files
};

std::size_t values_in(const TomlNode& node) {
  std::size_t count = 1;
  for (const auto& item : node.items) count += values_in(item);
  for (const auto& [key, value] : node.entries) count += values_in(value);
  return count;
}

Result<std::vector<std::string>> resolve_imports(const FileTree& tree, const File& file, const Version& containerd,
                                                 Budget& budget) {
  std::vector<std::string> out;
  for (const auto& import : file.imports) {
    const bool glob = import.find('*') != import.npos;
    const bool from_cwd =
        glob && !line_at_least(containerd, 1, 7);  // measured on 1.6.20; a service's working directory is "/"
    const auto path = join_path(from_cwd ? "/" : parent_path(file.path), import);
    if (glob && ++budget.patterns > Budget::most_patterns)
      return unread_error(fmt::format("more than {} patterns in imports", Budget::most_patterns),
                          Location{file.path, 0, 0});
    auto matches = glob ? tree.glob(path) : std::vector<std::string>{path};
    std::move(matches.begin(), matches.end(), std::back_inserter(out));
    if (out.size() >= FileTree::most_matches)
      return unread_error(fmt::format("it imports {} files or more", FileTree::most_matches),
                          Location{file.path, 0, 0});
  }
  return out;
}

void rename_v1(File& file) {
  auto& plugins = file.plugins.entries;
  if (auto found = plugins.extract(std::string(cri_plugin_v1)); !found.empty()) {
    found.key() = cri_plugin_v2;
    plugins.insert(std::move(found));
  }
  for (auto* list : {&file.disabled, &file.required})
    for (auto& plugin : *list)
      if (plugin.name == cri_plugin_v1) plugin.name = cri_plugin_v2;
}

void unite(std::vector<ListedPlugin>& to, const std::vector<ListedPlugin>& from) {
  for (const auto& item : from)
    if (std::none_of(to.begin(), to.end(), [&](const auto& known) { return known.name == item.name; }))
      to.push_back(item);
}

class Merger {
 public:
  Merger(ConfigFiles& out, const Version& containerd) : out_(out), containerd_(containerd) {
    version_ = containerd.major < 2 ? 1 : newest_config_version(containerd);
  }

  std::optional<Error> add(File file) {
    if (out_.files.empty()) out_.root_version = file.version;
    if (first_version_ == 0) first_version_ = file.version;
    if (refuses_newer_drop_ins(containerd_) && file.version > first_version_)
      return Error{.kind = ErrorKind::runtime,
                   .message = fmt::format("drop-in config version {} higher than root config version {}", file.version,
                                          first_version_),
                   .hint = "write the drop-in in the root file's version",
                   .where = Location{file.path, file.root.find("version")->where.line, 1}};
    out_.files.push_back(file.path);
    out_.roots.push_back(file.root);
    if (containerd_.major < 2)
      add_1x(file);
    else if (!line_at_least(containerd_, 2, 3)) {
      if (file.version < 2 &&
          version_ > newest_config_version(containerd_))  // its migration has no step to there: a panic
        return invalid(fmt::format("{} cannot be migrated to version {}", file.path, version_), version_line());
      add_20(file);
    } else
      add_23(file);
    unite(out_.disabled, file.disabled);
    unite(out_.required, file.required);
    return std::nullopt;
  }

  std::optional<Error> finish() {
    if (auto error = validate()) return error;
    if (containerd_.major < 2) {
      out_.cri_plugin = version_ < 2 ? cri_plugin_v1 : cri_plugin_v2;
    } else {
      if (!line_at_least(containerd_, 2, 3) && version_ < 3) {
        out_.registry_was_migrated = has_registry(out_.plugins, cri_plugin_v2);
        migrate_to_images(out_.plugins);
      }
      out_.cri_plugin = cri_plugin_v3;
    }
    return std::nullopt;
  }

 private:
  // A plugin's table replaces the one of an earlier file whole.
  void add_1x(const File& file) {
    if (file.version != 0) version_ = file.version;
    for (const auto& [name, plugin] : file.plugins.entries) out_.plugins.entries.insert_or_assign(name, plugin);
  }
  // Names of version 1 are translated when the file is read; settings move to the images plugin once, for the merged
  // whole, and only when the whole counts as version 2.
  void add_20(File& file) {
    if (file.version < 2)
      rename_v1(file);
    else
      version_ = file.version;
    merge_deep(out_.plugins, file.plugins);
  }
  // Every file is migrated by itself before it is merged.
  void add_23(File& file) {
    if (file.version < 2) rename_v1(file);
    if (file.version < 4) migrate_to_images(file.plugins);
    if (file.version > version_) version_ = file.version;
    merge_deep(out_.plugins, file.plugins);
  }

  std::optional<Error> validate() const {
    const int newest = newest_config_version(containerd_);
    if (version_ > newest && has_feature(containerd_, Feature::refuses_config_version))
      return invalid(containerd_.major < 2
                         ? fmt::format("unsupported config version `{}`", version_)
                         : fmt::format("expected containerd config version equal to or less than `{}`, got `{}`",
                                       newest, version_),
                     version_line());
    if (containerd_.major < 2 && version_ < 2) return std::nullopt;
    const auto is_uri = [&](const std::string& name) {
      const auto dots = std::count(name.begin(), name.end(), '.');
      return containerd_.major < 2 ? dots >= 3 : dots >= 1;
    };
    const std::pair<std::string_view, const std::vector<ListedPlugin>&> lists[] = {{"disabled", out_.disabled},
                                                                                   {"required", out_.required}};
    for (const auto& [word, list] : lists)
      for (const auto& plugin : list)
        if (!is_uri(plugin.name))
          return invalid(fmt::format("invalid {} plugin URI \"{}\" expect io.containerd.x.vx", word, plugin.name),
                         plugin.where);
    if (containerd_.major < 2)
      for (const auto& [name, plugin] : out_.plugins.entries)
        if (!is_uri(name))
          return invalid(fmt::format("invalid plugin key URI \"{}\" expect io.containerd.x.vx", name), plugin.where);
    return std::nullopt;
  }

  Error invalid(const std::string& message, const Location& where) const {
    return {.kind = ErrorKind::runtime,
            .message = fmt::format("failed to load TOML from {}: {}", out_.files.front(), message),
            .where = where};
  }

  Location version_line() const {
    for (auto root = out_.roots.rbegin(); root != out_.roots.rend(); ++root)
      if (const auto* version = root->find("version"); version != nullptr && version->integer == version_)
        return version->where;
    return {out_.files.front(), 0, 0};
  }

  ConfigFiles& out_;
  const Version& containerd_;
  int version_ = 0;
  int first_version_ = 0;
};

}  // namespace

int newest_config_version(const Version& containerd) {
  if (containerd.major < 2) return 2;
  return line_at_least(containerd, 2, 3) ? 4 : 3;
}

Result<TomlNode> parse_config(std::string_view text, std::string_view file, const Version& containerd) {
  RF_TRY(auto root, has_feature(containerd, Feature::toml_v2) ? parse_toml(text, file) : parse_config_v1(text, file));
  for (const auto key : root_keys) unite_root_key(root, key, containerd);
  return root;
}

std::string_view cri_plugin_name(int file_version, const Version& containerd) {
  if (containerd.major < 2) return file_version < 2 ? cri_plugin_v1 : cri_plugin_v2;
  return file_version == 2 ? cri_plugin_v2 : cri_plugin_v3;
}

ConfigFiles read_config_files(const FileTree& tree, const ConfigSource& source, const Version& containerd) {
  ConfigFiles out;
  Merger merger(out, containerd);
  std::deque<std::string> pending;
  std::set<std::string, std::less<>> seen;
  Budget budget;
  const auto fail = [&](Error error) {
    (error.kind == ErrorKind::unreadable ? out.unread : out.error) = std::move(error);
  };
  const auto add = [&](std::string path) {
    if (seen.insert(path).second) pending.push_back(std::move(path));
  };
  if (tree.exists(source.file)) add(normal_path(source.file));
  const bool has_root = !pending.empty();
  while (!pending.empty() && !out.error && !out.unread) {
    const std::string path = std::move(pending.front());
    pending.pop_front();
    auto read = read_file(tree, path, containerd);
    if (!read) {
      fail(read.error());
      if (out.files.empty()) out.files.push_back(path);
      break;
    }
    budget.values += values_in(read->root);
    if (budget.values > Budget::most_values) {
      fail(unread_error(fmt::format("more than {} values, together with the files read before it", Budget::most_values),
                        Location{path, 0, 0}));
      break;
    }
    if (source.imports == ConfigSource::Imports::follow) {
      auto imports = resolve_imports(tree, *read, containerd, budget);
      if (!imports) {
        fail(std::move(imports).error());
        break;
      }
      for (auto& import : *imports) add(std::move(import));
    }
    out.error = merger.add(std::move(*read));
  }
  if (!out.error && !out.unread && has_root) out.error = merger.finish();
  if (out.cri_plugin.empty()) out.cri_plugin = cri_plugin_name(out.root_version, containerd);
  return out;
}

}  // namespace rf
