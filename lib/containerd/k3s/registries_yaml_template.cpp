// The user's template of config.toml on K3s and RKE2: what it does to credentials and to hosts.toml files.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "containerd/config/config_files.h"
#include "containerd/k3s/config_template.h"
#include "containerd/k3s/registries_yaml.h"

namespace rf {
namespace {

bool mentions(std::string_view text, std::initializer_list<std::string_view> marks) {
  return std::any_of(marks.begin(), marks.end(), [&](std::string_view mark) { return text.find(mark) != text.npos; });
}

// The registry table of a CRI plugin as one line of a template writes it: a header, or a dotted key below the header
// before it.
const TomlNode* registry_of(const TomlNode& root) {
  const auto* plugins = root.find("plugins");
  if (plugins == nullptr) return nullptr;
  for (const auto name : {cri_plugin_v1, cri_plugin_v2, cri_plugin_v3})
    if (const auto* plugin = plugins->find(name))
      if (const auto* registry = plugin->find("registry")) return registry;
  return nullptr;
}

}  // namespace

std::optional<ConfigTemplate> config_template(const FileTree& tree, std::string_view config_file,
                                              const Version& containerd) {
  // The one of version 3 goes first where containerd takes version 3.
  for (const std::string_view name : {"config-v3.toml.tmpl", "config.toml.tmpl"}) {
    if (containerd.major == 1 && name.starts_with("config-v3")) continue;
    auto file = fmt::format("{}/{}", parent_path(config_file), name);
    if (const auto text = tree.read(file)) return ConfigTemplate{std::move(file), std::string(*text)};
  }
  return std::nullopt;
}

std::vector<std::string> auth_lost_in_template(const std::vector<std::string>& auth_hosts, std::string_view text) {
  // A template that extends the built-in one, or walks the credentials itself, keeps them.
  if (includes_built_in(text) || mentions(text, {".PrivateRegistryConfig"})) return {};
  std::vector<std::string> lost;
  for (const auto& host : auth_hosts)
    if (!mentions(text,
                  {fmt::format("registry.configs.\"{}\".auth", host), fmt::format("registry.configs.'{}'.auth", host)}))
      lost.push_back(host);
  return lost;
}

// A template is no TOML as a whole: each line is looked at below the header before it, and those with actions of the
// template are passed over.
std::optional<TemplateFault> registry_fault(const ConfigTemplate& own, const RegistriesYamlNode& node) {
  if (registries_yaml_era(node.version) == RegistriesYamlEra::config_toml) return std::nullopt;
  const auto& hosts_dir = node.hosts_dir;
  const bool extends = includes_built_in(own.text);
  bool path_written = false;
  std::string header;
  int number = 0;
  for (const auto line : lines(own.text)) {
    ++number;
    if (mentions(line, {"{{"})) {
      path_written = path_written || mentions(line, {"config_path"});
      if (trim(line).starts_with('[')) header.clear();
      continue;
    }
    const bool is_header = trim(line).starts_with('[');
    if (is_header) header = line;
    const auto root = parse_toml(is_header ? header : fmt::format("{}\n{}", header, line), own.file);
    const auto* registry = root ? registry_of(*root) : nullptr;
    if (registry == nullptr) continue;
    const Location where{own.file, number, 0};
    const auto* path = registry->find("config_path");
    path_written = path_written || path != nullptr;
    const bool written = is_header && registry->form == TomlNode::Form::header;
    if (extends && (written || path != nullptr || registry->form == TomlNode::Form::inline_table))
      return TemplateFault{
          where, "the registry table is in the built-in template too, which this one includes",
          fmt::format("the next start fails (table registry already exists), or nothing reads {}", hosts_dir)};
    if (registry->find("mirrors") != nullptr && extends)
      return TemplateFault{where, "registry.mirrors is added to the built-in template, which sets config_path",
                           "after the next start the CRI plugin does not load: it accepts only one of the two"};
    if (path != nullptr && path->text != hosts_dir)
      return TemplateFault{where, fmt::format("config_path is {}", path->text),
                           fmt::format("after the next start nothing reads {}", hosts_dir),
                           fmt::format("write config_path = {} there", toml_quote(hosts_dir)), path->text};
  }
  if (!extends && !path_written)
    return TemplateFault{Location{own.file, 0, 0}, "it replaces the built-in template and sets no config_path",
                         fmt::format("after the next start nothing reads {}", hosts_dir),
                         fmt::format("begin it with {{{{ template \"base\" . }}}}, or set config_path = {} in its "
                                     "registry table",
                                     toml_quote(hosts_dir))};
  return std::nullopt;
}

}  // namespace rf
