// How a node's K3s or RKE2 was started, and its files as they will be after the next start.
#include <fmt/format.h>

#include <set>

#include "base/names.h"
#include "base/text.h"
#include "containerd/k3s/config_template.h"
#include "containerd/k3s/registries_yaml.h"
#include "containerd/toml/toml_document.h"
#include "containerd/toml/toml_write.h"
#include "yaml/yaml_tree.h"

namespace rf {
namespace {

constexpr std::string_view default_endpoint_key = "disable-default-registry-endpoint";
constexpr std::string_view embedded_key = "embedded-registry";
constexpr std::string_view registries_key = "private-registry";
constexpr std::string_view embedded_address = "127.0.0.1:6443";

bool is_true(std::string_view text) { return lower(text) == "true" || text == "1"; }

struct Flags {
  std::string no_default;
  std::string embedded;
  std::string registries;

  void set(std::string_view key, const std::string& value) {
    if (key == default_endpoint_key) no_default = value;
    if (key == embedded_key) embedded = value;
    if (key == registries_key) registries = value;
  }
};

// A configuration file that is broken stops the program at its next start; here it says nothing.
void read_config_file(const FileTree& tree, const std::string& path, Flags& flags, std::optional<Error>& unread) {
  if (auto why = tree.why_unread(path)) {
    unread = std::move(why);
    return;
  }
  const auto document = read_yaml(tree.read(path).value_or(""), path);
  if (!document) {
    if (document.error().kind == ErrorKind::unreadable) unread = document.error();
    return;
  }
  for (const auto& [key, value] : document->root->entries)
    if (key->is_scalar() && value->is_scalar()) flags.set(key->text, value->text);
}

void read_argv(const std::vector<std::string>& argv, Flags& flags) {
  for (std::size_t i = 0; i < argv.size(); ++i) {
    std::string_view word = argv[i];
    if (!word.starts_with("--")) continue;
    word.remove_prefix(2);
    const auto equals = word.find('=');
    const auto key = word.substr(0, equals);
    if (equals != word.npos)
      flags.set(key, std::string(word.substr(equals + 1)));
    else if (key == registries_key)
      flags.set(key, i + 1 < argv.size() ? argv[i + 1] : "");
    else
      flags.set(key, "true");
  }
}

// The value of --config or -c, "" where it is not given.
std::string config_argument(const std::vector<std::string>& argv) {
  constexpr std::string_view long_form = "--config=", short_form = "-c=";
  for (std::size_t i = 0; i < argv.size(); ++i) {
    const std::string_view word = argv[i];
    if ((word == "--config" || word == "-c") && i + 1 < argv.size()) return argv[i + 1];
    for (const auto form : {long_form, short_form})
      if (word.starts_with(form)) return std::string(word.substr(form.size()));
  }
  return "";
}

// What was rendered for the embedded registry tells its address and certificates.
bool embedded_from_rendered(const FileTree& tree, std::string_view program, std::string_view hosts_dir,
                            RegistriesYamlSettings& settings) {
  for (const auto& name : tree.list(hosts_dir)) {
    const auto file = fmt::format("{}/{}/hosts.toml", hosts_dir, name);
    const auto text = tree.read(file);
    if (!name.starts_with("127.0.0.1:") || !text || !text->starts_with(generated_header(program))) continue;
    const auto root = parse_toml(*text, file);
    const auto* client = root ? root->find("client") : nullptr;
    if (!client || client->items.empty() || client->items.front().items.size() != 2) continue;
    settings.embedded_registry = name;
    settings.embedded_tls.cert_file = client->items.front().items[0].text;
    settings.embedded_tls.key_file = client->items.front().items[1].text;
    if (const auto* ca = root->find("ca"); ca && !ca->items.empty())
      settings.embedded_tls.ca_file = ca->items.front().text;
    return true;
  }
  return false;
}

}  // namespace

RegistriesYamlSettings registries_yaml_settings(const FileTree& tree, std::string_view program,
                                                const std::vector<std::string>& argv, std::string_view hosts_dir) {
  Flags flags;
  std::optional<Error> unread;
  const auto given = config_argument(argv);
  const auto config = given.empty() ? fmt::format("/etc/rancher/{}/config.yaml", program) : given;
  if (!given.empty() && !tree.exists(given) && !tree.why_unread(given))
    unread = unread_error(fmt::format("{} was started with it, and it is not among what was read", program),
                          Location{given, 0, 0});
  read_config_file(tree, config, flags, unread);
  // As K3s reads the directory beside it: by name, whatever of the two endings.
  std::set<std::string> drop_ins;
  for (const auto* ending : {"yaml", "yml"})
    for (auto& file : tree.glob(fmt::format("{}.d/*.{}", config, ending))) drop_ins.insert(std::move(file));
  for (const auto& file : drop_ins) read_config_file(tree, file, flags, unread);
  read_argv(argv, flags);
  RegistriesYamlSettings settings{.disable_default_endpoint = is_true(flags.no_default),
                                  .registries_file = flags.registries,
                                  .unread = std::move(unread)};
  if (!embedded_from_rendered(tree, program, hosts_dir, settings) && is_true(flags.embedded))
    settings.embedded_registry = embedded_address;
  return settings;
}

namespace {

bool is_header(std::string_view line) { return trim(line).starts_with('['); }

bool is_registry_entry(std::string_view line) {
  return is_header(line) &&
         (line.find(".registry.configs") != line.npos || line.find(".registry.mirrors") != line.npos);
}

// The generated file without what came from registries.yaml.
std::string without_registry_entries(std::string_view text) {
  std::string out;
  bool dropping = false;
  for (const auto line : lines(text)) {
    if (is_header(line)) dropping = is_registry_entry(line);
    if (!dropping) out.append(line).append("\n");
  }
  while (out.ends_with("\n\n")) out.pop_back();
  return out;
}

std::string key_value(std::string_view key, std::string_view value) {
  return value.empty() ? "" : fmt::format("  {} = {}\n", key, toml_quote(value));
}

// The first form: everything in config.toml. Endpoints stand there as the user wrote them.
std::string mirror_entries(const RegistriesYaml& registries, std::string_view plugin) {
  std::string out;
  for (const auto& [host, mirror] : registries.mirrors) {
    out += fmt::format("\n[plugins.{}.registry.mirrors.{}]\n  endpoint = {}\n", plugin, toml_quote(host),
                       toml_list(mirror.endpoints));
    if (!mirror.rewrites.empty())
      out += fmt::format("  [plugins.{}.registry.mirrors.{}.rewrite]\n", plugin, toml_quote(host));
    for (const auto& [from, to] : mirror.rewrites)
      out += fmt::format("    {} = {}\n", toml_quote(from), toml_quote(to));
  }
  for (const auto& [host, config] : registries.configs) {
    if (!config.tls) continue;
    out += fmt::format("\n[plugins.{}.registry.configs.{}.tls]\n", plugin, toml_quote(host));
    out += key_value("ca_file", config.tls->ca_file) + key_value("cert_file", config.tls->cert_file) +
           key_value("key_file", config.tls->key_file);
    if (config.tls->insecure_skip_verify) out += "  insecure_skip_verify = true\n";
  }
  return out;
}

// The built-in config.toml with what these registries put into it, made from the one that was generated before.
std::string built_in_config(std::string_view before, const RegistriesYaml& registries, const RegistriesYamlNode& node) {
  const auto era = registries_yaml_era(node.version);
  std::string text = without_registry_entries(before);
  const bool version3 = text.find("io.containerd.cri.v1.images") != text.npos;
  const auto plugin = version3 ? "'io.containerd.cri.v1.images'" : "\"io.containerd.grpc.v1.cri\"";
  if (before.empty()) text = generated_header(node.program) + "\nversion = 2\n";
  if (era != RegistriesYamlEra::config_toml && text.find("config_path") == text.npos)
    text += fmt::format("\n[plugins.{}.registry]\n  config_path = {}\n", plugin, toml_quote(node.hosts_dir));
  if (era == RegistriesYamlEra::config_toml) text += mirror_entries(registries, plugin);
  return text + rendered_auth(registries, plugin);
}

void project_config(FileTree& tree, const RegistriesYaml& registries, const RegistriesYamlNode& node) {
  auto text = config_at_next_start(tree, node, registries).text;
  const auto* entry = tree.stat(node.config_file);
  FileEntry changed = entry ? *entry : FileEntry{.mode = 0600};
  changed.content = std::move(text);
  changed.sha256.clear();
  tree.put(tree.real_path(node.config_file), std::move(changed));
}

}  // namespace

ConfigAtNextStart config_at_next_start(const FileTree& tree, const RegistriesYamlNode& node,
                                       const RegistriesYaml& registries) {
  const auto before = tree.read(node.config_file).value_or("");
  const auto own = config_template(tree, node.config_file, node.containerd);
  if (!own) return {.text = built_in_config(before, registries, node)};
  const auto parts = parts_of_template(own->text);
  if (!parts) return {.text = built_in_config(before, registries, node), .exact = false};
  // What the template added to the file that was generated before is no part of the built-in one.
  const auto built_in = built_in_part(before, *parts);
  return fill_template(*own, *parts, parts->includes_built_in ? built_in_config(built_in, registries, node) : "");
}

std::string rendered_auth(const RegistriesYaml& registries, std::string_view plugin) {
  std::string out;
  for (const auto& [host, config] : registries.configs) {
    if (!config.auth) continue;
    out += fmt::format("\n[plugins.{}.registry.configs.{}.auth]\n", plugin, toml_quote(host));
    out += key_value("username", config.auth->username);
    out += key_value("password", config.auth->password.expose());
    out += key_value("auth", config.auth->auth.expose());
    out += key_value("identitytoken", config.auth->identity_token.expose());
  }
  return out;
}

Result<FileTree> project_registries_yaml(const FileTree& tree, const RegistriesYamlNode& node) {
  if (node.settings.unread) return *node.settings.unread;
  RF_TRY(const auto registries, registries_yaml_in(tree, node.registries_file));
  return project_registries_yaml(tree, node, registries);
}

FileTree project_registries_yaml(const FileTree& tree, const RegistriesYamlNode& node,
                                 const RegistriesYaml& registries) {
  FileTree projected = tree;
  const auto era = registries_yaml_era(node.version);
  auto hosts = era == RegistriesYamlEra::config_toml ? RegistriesYamlHosts{} : render_hosts(registries, node.settings);
  if (era == RegistriesYamlEra::first_hosts) hosts.erase(std::string(default_directory));
  for (const auto& name : tree.list(node.hosts_dir)) {
    const auto directory = fmt::format("{}/{}", node.hosts_dir, name);
    const auto file = tree.read(directory + "/hosts.toml");
    if (hosts.contains(name) || (file && file->starts_with(generated_header(node.program))))
      projected.remove(directory);
  }
  for (const auto& [name, host] : hosts)
    projected.put_file(fmt::format("{}/{}/hosts.toml", node.hosts_dir, name),
                       rendered_hosts_toml(host, node.program, era), 0600);
  project_config(projected, registries, node);
  return projected;
}

}  // namespace rf
