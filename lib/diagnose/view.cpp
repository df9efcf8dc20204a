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

// The profile's own directory is named as people know it: through links such as /var/snap/microk8s/current.
void View::find_roots() {
  const auto& own = detection().hosts_dir;
  const auto add = [&](const std::string& root) {
    if (!root.starts_with('/')) return;
    const auto same = [&](const std::string& known) { return tree_.real_path(known) == tree_.real_path(root); };
    if (std::none_of(roots_.begin(), roots_.end(), same))
      roots_.push_back(!own.empty() && same(own) ? own : normal_path(root));
  };
  for (const auto part : split(looked_.config_path, ':')) add(std::string(part));
  add(own);
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
  if (!is_rendered(endpoint.source->file) || registries_yaml_ == nullptr)
    return {endpoint.source->file, endpoint.source->line, 0};
  const auto* mirrors = registries_yaml()->get("mirrors");
  const auto* mirror = mirrors != nullptr ? mirrors->get(chain.registry) : nullptr;
  const auto* endpoints = mirror != nullptr ? mirror->get("endpoint") : nullptr;
  if (endpoints != nullptr)
    for (const auto& item : endpoints->items)
      if (registries_yaml_url(item->text) == endpoint.url()) return {registries_file_, item->line, 0};
  return place(endpoint.source->file, endpoint.source->line);
}

std::string View::restart() const {
  const auto& service = detection().service;
  if (era().restarts_itself)
    return fmt::format("{} notices the change and restarts containerd on its own", detection().profile.title);
  if (!service || service->restart_by == RestartBy::none) return "restart containerd";
  const auto name = service->restart_name.empty() ? service->unit : service->restart_name;
  return service->restart_by == RestartBy::snap ? "snap restart " + name
                                                : "systemctl restart " + without(name, ".service");
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

int yaml_key_line(const YamlNode* root, const std::vector<std::string>& path) {
  int line = 0;
  for (const auto& key : path) {
    if (root == nullptr) return 0;
    const YamlNode* next = nullptr;
    line = 0;
    for (const auto& [name, value] : root->entries)
      if (line == 0 && name->text == key) line = name->line, next = value.get();
    if (line == 0) return 0;
    root = next;
  }
  return line;
}

std::string at(const Location& location) { return to_string(Location{location.file, location.line, 0}); }

std::string listed(const std::vector<std::string>& items) {
  if (items.size() < 2) return items.empty() ? "" : items.front();
  return join({items.begin(), items.end() - 1}, ", ") + " and " + items.back();
}

}  // namespace rf
