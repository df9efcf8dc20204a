#include "diagnose/view.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"
#include "containerd/k3s/registries_yaml.h"
#include "containerd/toml/toml_statements.h"
#include "intent/names.h"
#include "node/after_start.h"

namespace rf {
namespace {

std::string without(std::string_view text, std::string_view ending) {
  return std::string(text.ends_with(ending) ? text.substr(0, text.size() - ending.size()) : text);
}

// Named as a directory for one registry, or for all others; "certs.d" and "hosts.d" are names of hosts too.
bool is_named_as_registry(const std::string& directory) {
  const auto name = base_name(directory);
  return name == default_directory || (!name.ends_with(".d") && check_registry_name(registry_of_directory(name)).ok());
}

std::string restart_command(const ProfileService& service) {
  const auto name = service.restart_name.empty() ? service.unit : service.restart_name;
  return service.restart_by == RestartBy::snap ? "snap restart " + name
                                               : "systemctl restart " + without(name, ".service");
}

}  // namespace

bool is_legacy(const EffectiveConfig& config) { return config.config_path.empty() && !config.mirrors.empty(); }

View::View(const Subject& subject) : subject_(subject) {
  if (subject.detection == nullptr) return;
  const auto source = config_source(detection());
  if (!era().always_read) files_ = read_config_files(facts().tree, source, containerd());
  tree_ = facts().tree;
  looked_ = config();
  if (era().style == Style::registries_yaml) {
    registries_file_ = registries_yaml_node(facts(), detection()).registries_file;
    if (const auto text = tree_.read(registries_file_))
      if (auto parsed = read_yaml(*text, registries_file_)) registries_yaml_ = std::move(parsed->root);
    if (auto after = tree_after_start(tree_, facts(), detection())) {
      tree_ = *std::move(after);
      looked_ = effective_config(tree_, source, containerd());
    }
  }
  find_roots();
  look_at_directories();
  resolve_chains();
}

bool View::at_least(int major, int minor) const {
  return containerd().major > major || (containerd().major == major && containerd().minor >= minor);
}

const TomlNode* View::root_of(std::string_view file) const {
  for (std::size_t i = 0; i < files_.roots.size(); ++i)
    if (files_.files[i] == file) return &files_.roots[i];
  return nullptr;
}

int View::version_of(std::string_view file) const {
  const auto* root = root_of(file);
  const auto* version = root != nullptr ? root->find("version") : nullptr;
  return version != nullptr ? static_cast<int>(version->integer) : 0;
}

std::string View::who() const { return "containerd " + to_string(containerd()); }

// The one directory below this one that holds directories of registries, where none is in this one itself.
std::string View::root_below(const std::string& directory) const {
  std::string found;
  for (const auto& name : tree_.list(directory)) {
    const auto path = join_path(directory, name);
    if (tree_.exists(path + "/hosts.toml")) return "";
    const auto inner = tree_.list(path);
    const bool holds = std::any_of(inner.begin(), inner.end(), [&](const std::string& registry) {
      return tree_.exists(path + "/" + registry + "/hosts.toml");
    });
    if (holds && !is_named_as_registry(path)) found = path;
  }
  return found;
}

ConfiguredRoot View::configured_root(std::string_view part) const {
  using Fault = ConfiguredRoot::Fault;
  ConfiguredRoot root{.written = std::string(part), .path = normal_path(join_path("/", part))};
  const auto& own = detection().hosts_dir;
  const auto* entry = tree_.stat(root.path);
  const bool is_file = entry != nullptr && entry->kind == FileEntry::Kind::file;
  const auto above = parent_path(root.path);
  root.right = root.path;
  if (is_file || root.path.ends_with(".toml")) {
    root.fault = Fault::file;
    root.right = is_named_as_registry(above) ? parent_path(above) : above;
    if (is_below(detection().config_file, root.right)) root.right = era().hosts_dir;
  } else if (tree_.exists(root.path + "/hosts.toml") && is_named_as_registry(root.path)) {
    root.fault = Fault::of_one_registry;
    root.right = above;
  } else if (is_below(own, root.path) || is_below(detection().config_file, root.path)) {
    root.fault = Fault::above;
    root.right = is_below(own, root.path) ? own : root_below(root.path);
  } else if (auto below = era().rendered_by.empty() ? root_below(root.path) : ""; !below.empty()) {
    root.fault = Fault::above;
    root.right = std::move(below);
  }
  return root;
}

// The profile's own directory is named as people know it: through links such as /var/snap/microk8s/current.
void View::find_roots() {
  const auto& own = detection().hosts_dir;
  const auto add = [&](const std::string& root) {
    if (!root.starts_with('/') || root == "/") return;
    const auto same = [&](const std::string& known) { return tree_.real_path(known) == tree_.real_path(root); };
    if (std::none_of(roots_.begin(), roots_.end(), same))
      roots_.push_back(!own.empty() && same(own) ? own : normal_path(root));
  };
  for (const auto part : split(looked_.config_path, ':'))
    if (!part.empty()) configured_.push_back(configured_root(part));
  for (const auto& root : configured_) add(root.right);
  const bool own_is_faulty = std::any_of(configured_.begin(), configured_.end(), [&](const ConfiguredRoot& root) {
    return root.fault != ConfiguredRoot::Fault::none && root.path == own;
  });
  if (!own_is_faulty) add(own);
}

bool View::is_read(std::string_view root) const {
  return std::any_of(config().hosts_roots.begin(), config().hosts_roots.end(),
                     [&](const std::string& read) { return tree_.real_path(read) == tree_.real_path(root); });
}

bool View::is_complete(std::string_view path) const {
  if (is_copy() || !path.starts_with('/')) return true;
  return std::any_of(roots_.begin(), roots_.end(),
                     [&](const std::string& root) { return path.starts_with(root + "/"); });
}

void View::look_at_directories() {
  for (const auto& root : roots_)
    for (const auto& name : tree_.list(root)) {
      const auto path = join_path(root, name);
      const auto* entry = tree_.stat(path);
      if (entry == nullptr || entry->kind != FileEntry::Kind::directory || name == spegel_backup) continue;
      auto loaded = load_host_directory(tree_, path, containerd());
      if (!loaded.unread) directories_.push_back({root, name, path, registry_of_directory(name), std::move(loaded)});
    }
}

void View::resolve_chains() {
  looked_.load_error.reset();
  looked_.cri_error.reset();
  looked_.ignored.clear();
  if (!is_legacy(looked_)) {
    looked_.mirrors.clear();
    looked_.hosts_roots = roots_;
    looked_.config_path = join(roots_, ":");
    if (looked_.pull_mode == PullMode::transfer)
      looked_.pull_mode = PullMode::local;  // what each directory holds, not whether it is split
  }
  std::set<std::string> names;
  for (const auto& name : configured_registries(tree_, looked_))
    if (check_registry_name(name)) names.insert(name);
  if (!directories_.empty() && !is_legacy(looked_)) names.insert(std::string(hub_registry));
  for (const auto& name : names) {
    auto chain = resolve_chain(tree_, looked_, name == "*" ? unnamed_registry : std::string_view(name), subject_.chain);
    chain.registry = name;
    if (!chain.unread) chains_.push_back(std::move(chain));
  }
}

std::string View::source_of(std::string_view file) const {
  if (is_rendered(file)) return registries_file_;
  if (era().style != Style::registries_yaml && file == detection().config_file &&
      is_made_from_another(detection(), tree_))
    return era().config_file;
  return std::string(file);
}

bool View::is_rendered(std::string_view file) const {
  if (era().style != Style::registries_yaml) return false;
  const auto text = tree_.read(file);
  return file == detection().config_file || (text && text->starts_with(generated_header(era().rendered_by)));
}

Location View::place(std::string_view file, int line) const {
  if (!is_rendered(file) || registries_yaml_ == nullptr) return {std::string(file), line, 0};
  const auto registry = registry_of_directory(base_name(parent_path(file)));
  int at = yaml_key_line(registries_yaml(), {"mirrors", registry});
  if (at == 0) at = yaml_key_line(registries_yaml(), {"configs", registry});
  return {registries_file_, at, 0};
}

Location View::place(const Chain& chain, const ChainEndpoint& endpoint) const {
  if (!endpoint.source) return {chain.hosts_dir ? *chain.hosts_dir : config().config_file, 0, 0};
  if (const auto* item = written_endpoint(chain, endpoint)) return {registries_file_, item->line, 0};
  return place(endpoint.source->file, endpoint.source->line);
}

const YamlNode* View::written_endpoint(const Chain& chain, const ChainEndpoint& endpoint) const {
  if (!endpoint.source || !is_rendered(endpoint.source->file)) return nullptr;
  const auto endpoints = yaml_entry(registries_yaml(), {"mirrors", chain.registry, "endpoint"});
  if (!endpoints) return nullptr;
  for (const auto& item : endpoints->value->items)
    if (registries_yaml_url(item->text) == endpoint.url()) return item.get();
  return nullptr;
}

std::string View::restart() const {
  const auto& service = detection().service;
  if (era().restarts_itself)
    return fmt::format("{} notices the change and restarts containerd on its own", detection().profile.title);
  std::vector<std::string> commands;
  for (const auto& known : service ? std::vector<ProfileService>{*service} : detection().profile.services)
    if (known.restart_by == RestartBy::systemd || known.restart_by == RestartBy::snap)
      commands.push_back(restart_command(known));
  return commands.empty() ? "restart containerd" : join(commands, " or ");
}

std::string View::migrate() const {
  const auto& file = config().config_file;
  if (era().style == Style::registries_yaml)
    return fmt::format("declare them in {} and remove them from the template of config.toml; then {}", registries_file_,
                       restart());
  if (era().config_managed || source_of(file) != file)
    return fmt::format(
        "remove them from {}, and declare the endpoints in an intent file for regfallback apply; then {}",
        source_of(file), restart());
  return "regfallback migrate: it turns them into hosts.toml files with the same chains, and restarts containerd";
}

std::string View::registry_table(int file_version) const {
  return fmt::format("[plugins.{}.registry]", toml_key(cri_plugin_name(file_version, containerd())));
}

int host_key_line(std::string_view text, int entry_line, std::string_view key) {
  const auto statements = toml_statements(text);
  const auto is_table = [](const TomlStatement& s) { return s.kind != TomlStatement::Kind::key_value; };
  auto first = std::find_if(statements.begin(), statements.end(),
                            [&](const auto& s) { return s.line == entry_line && is_table(s); });
  first = first == statements.end() ? statements.begin() : first + 1;
  const auto last = std::find_if(first, statements.end(), is_table);
  for (; first != last; ++first)
    if (first->key.size() == 1 && lower(first->key.front()) == key) return first->line;
  return 0;
}

std::optional<YamlEntry> yaml_entry(const YamlNode* root, const std::vector<std::string>& path) {
  if (root == nullptr || path.empty()) return std::nullopt;
  const std::vector<std::string> rest(path.begin() + 1, path.end());
  for (auto entry = root->entries.rbegin(); entry != root->entries.rend(); ++entry) {
    const auto& [key, value] = *entry;
    if (key->text == path.front()) {
      if (rest.empty()) return YamlEntry{key.get(), value.get()};
      if (auto found = yaml_entry(value.get(), rest)) return found;
    } else if (key->text == "<<" && !key->quoted) {
      if (auto found = yaml_entry(value.get(), path)) return found;
      for (const auto& item : value->items)
        if (auto found = yaml_entry(item.get(), path)) return found;
    }
  }
  return std::nullopt;
}

int yaml_key_line(const YamlNode* root, const std::vector<std::string>& path) {
  const auto entry = yaml_entry(root, path);
  return entry ? entry->key->line : 0;
}

std::string at(const Location& location) { return to_string(Location{location.file, location.line, 0}); }

std::string listed(const std::vector<std::string>& items) {
  if (items.size() < 2) return items.empty() ? "" : items.front();
  return join({items.begin(), items.end() - 1}, ", ") + " and " + items.back();
}

}  // namespace rf
