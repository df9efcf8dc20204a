#include "containerd/config/effective_config.h"

#include <fmt/format.h>
#include <algorithm>

#include "base/text.h"
#include "containerd/config/config_files.h"
#include "containerd/config/ignored_settings.h"
#include "containerd/go/go_url.h"

namespace rf {

namespace {

constexpr std::string_view two_directories = "/etc/containerd/certs.d:/etc/docker/certs.d";

bool newer_than_2_0(const Version& version) { return version.major > 2 || (version.major == 2 && version.minor >= 1); }
bool is_2_2_or_later(const Version& version) { return version.major > 2 || (version.major == 2 && version.minor >= 2); }
bool is_2_2_0_or_1(const Version& version) { return version.major == 2 && version.minor == 2 && version.patch <= 1; }

Error cri_failure(const Version& containerd, const std::string& message, std::optional<Location> where,
                  std::string hint) {
  return {.kind = ErrorKind::runtime,
          .message = (containerd.major < 2 ? "invalid plugin config: " : "invalid cri image config: ") + message,
          .hint = std::move(hint),
          .where = std::move(where)};
}

// Reads the registry table of the plugin that counts. The first wrong type is what stops containerd.
class RegistryReader {
 public:
  RegistryReader(EffectiveConfig& out, const Version& containerd) : out_(out), containerd_(containerd) {}

  void read(const TomlNode& registry) {
    if (!expect(registry, "registry", TomlNode::Kind::table)) return;
    if (const auto* path = registry.find("config_path");
        path != nullptr && expect(*path, "config_path", TomlNode::Kind::string)) {
      out_.config_path = path->text;
      out_.config_path_where = path->where;
      config_path_written_ = true;
    }
    each(registry, "mirrors", [&](const std::string& host, const TomlNode& node) { read_mirror(host, node); });
    each(registry, "configs", [&](const std::string& host, const TomlNode& node) { read_host(host, node); });
    each(registry, "auths", [&](const std::string& url, const TomlNode& node) { read_old_auth(url, node); });
    read_headers(registry);
  }

  bool config_path_written() const { return config_path_written_; }
  std::optional<Location> mirrors_where() const { return mirrors_where_; }
  std::optional<Location> configs_where() const { return configs_where_; }
  std::optional<Location> auths_where() const { return auths_where_; }
  const std::optional<Error>& bad_auths_url() const { return bad_auths_url_; }

 private:
  bool expect(const TomlNode& node, std::string_view key, TomlNode::Kind wanted) {
    if (node.kind == wanted) return true;
    if (!out_.load_error)
      out_.load_error =
          Error{.kind = ErrorKind::runtime,
                .message = fmt::format("cannot decode registry setting {}: a TOML {} where a {} is expected", key,
                                       kind_name(node.kind), kind_name(wanted)),
                .hint = "containerd does not start until this is repaired",
                .where = node.where};
    return false;
  }

  template <class Visit>
  void each(const TomlNode& registry, std::string_view key, Visit visit) {
    const auto* table = registry.find(key);
    if (table == nullptr || !expect(*table, key, TomlNode::Kind::table)) return;
    for (const auto& [name, node] : table->entries)
      if (expect(node, fmt::format("{}.{}", key, name), TomlNode::Kind::table)) visit(name, node);
  }

  void read_headers(const TomlNode& registry) {
    const auto* table = registry.find("headers");
    if (table == nullptr || !expect(*table, "headers", TomlNode::Kind::table)) return;
    for (const auto& [name, list] : table->entries) {
      if (!expect(list, "headers." + name, TomlNode::Kind::array)) continue;
      RegistryHeader header{.name = name, .values = {}, .where = list.where};
      for (const auto& item : list.items)
        if (expect(item, "headers." + name, TomlNode::Kind::string)) header.values.push_back(item.text);
      out_.headers.push_back(std::move(header));
    }
  }

  std::string string_of(const TomlNode& table, std::string_view key) {
    const auto* node = table.find(key);
    return node != nullptr && expect(*node, key, TomlNode::Kind::string) ? node->text : std::string();
  }

  void read_mirror(const std::string& host, const TomlNode& node) {
    LegacyMirror mirror{.endpoints = {}, .where = node.where};
    if (const auto* list = node.find("endpoint"); list != nullptr && expect(*list, "endpoint", TomlNode::Kind::array)) {
      for (const auto& item : list->items)
        if (expect(item, "endpoint", TomlNode::Kind::string)) mirror.endpoints.push_back(item.text);
      mirror.where = list->where;
    }
    if (const auto* rules = node.find("rewrite"); rules != nullptr && out_.fork.rewrites)
      for (const auto& [pattern, replacement] : rules->entries)
        if (replacement.is_string()) mirror.rewrites.emplace(pattern, replacement.text);
    if (!mirrors_where_) mirrors_where_ = node.where;
    out_.mirrors.emplace(host, std::move(mirror));
  }

  RegistryAuth auth_of(const TomlNode& node) {
    return {.username = string_of(node, "username"),
            .password = Secret(string_of(node, "password")),
            .auth = Secret(string_of(node, "auth")),
            .identity_token = Secret(string_of(node, "identitytoken")),
            .where = node.where};
  }

  void read_host(const std::string& host, const TomlNode& node) {
    if (!configs_where_) configs_where_ = node.where;
    if (const auto* auth = node.find("auth"); auth != nullptr && expect(*auth, "auth", TomlNode::Kind::table))
      out_.auths.insert_or_assign(host, auth_of(*auth));
    const auto* tls = node.find("tls");
    if (tls == nullptr || containerd_.major >= 2 || !expect(*tls, "tls", TomlNode::Kind::table)) return;
    RegistryTls entry{.insecure_skip_verify = false,
                      .ca_file = string_of(*tls, "ca_file"),
                      .cert_file = string_of(*tls, "cert_file"),
                      .key_file = string_of(*tls, "key_file"),
                      .where = tls->where};
    if (const auto* skip = tls->find("insecure_skip_verify");
        skip != nullptr && expect(*skip, "insecure_skip_verify", TomlNode::Kind::boolean))
      entry.insecure_skip_verify = skip->boolean;
    out_.tls.insert_or_assign(host, std::move(entry));
  }

  void read_old_auth(const std::string& url, const TomlNode& node) {
    if (!auths_where_) auths_where_ = node.where;
    const auto parsed = parse_go_url(url);
    if (!parsed && !bad_auths_url_)
      bad_auths_url_ = cri_failure(
          containerd_,
          fmt::format("failed to parse registry url \"{}\" from `registry.auths`: {}", url, parsed.error().message),
          node.where, "write the key as a URL: https://HOST");
    out_.auths.insert_or_assign(!parsed || parsed->scheme.empty() ? url : parsed->host, auth_of(node));
  }

  EffectiveConfig& out_;
  const Version& containerd_;
  bool config_path_written_ = false;
  std::optional<Location> mirrors_where_, configs_where_, auths_where_;
  std::optional<Error> bad_auths_url_;
};

void apply_default_config_path(EffectiveConfig& out, const ConfigFiles& files, const RegistryReader& reader) {
  if (is_2_2_0_or_1(out.containerd)) {
    // What is moved from version 2 keeps the default where it says "".
    const bool moved = files.registry_was_migrated && out.config_path.empty();
    if (reader.config_path_written() && !moved) return;
    out.config_path = two_directories;
    out.config_path_where.reset();
  } else if (is_2_2_or_later(out.containerd) && out.config_path.empty() && out.mirrors.empty()) {
    out.config_path = two_directories;
    out.config_path_where.reset();
  }
}

void validate_registry(EffectiveConfig& out, const RegistryReader& reader) {
  if (out.cri_error) return;
  const auto hint = "move them to hosts.toml: regfallback migrate";
  if (!out.config_path.empty() && !out.mirrors.empty())
    out.cri_error = cri_failure(out.containerd, "`mirrors` cannot be set when `config_path` is provided",
                                reader.mirrors_where(), hint);
  else if (!out.config_path.empty() && !out.tls.empty())
    out.cri_error = cri_failure(out.containerd, "`configs.tls` cannot be set when `config_path` is provided",
                                out.tls.begin()->second.where, hint);
  else if (reader.bad_auths_url())
    out.cri_error = reader.bad_auths_url();
}

std::string because(std::string_view setting, const std::optional<Location>& where) {
  return where ? fmt::format("{} ({}:{})", setting, where->file, where->line) : std::string(setting);
}

bool is_boolean(const TomlNode& plugin, std::string_view key, bool wanted, std::string& reason) {
  const auto* node = plugin.find(key);
  if (node == nullptr || node->kind != TomlNode::Kind::boolean || node->boolean != wanted) return false;
  reason = because(fmt::format("{} = {}", key, wanted), node->where);
  return true;
}

// 2.1 and later pull by the transfer service unless told otherwise or a setting does not fit it.
void choose_pull_mode(EffectiveConfig& out, const TomlNode& plugin, const RegistryReader& reader) {
  const auto line = fmt::format("{}.{}", out.containerd.major, out.containerd.minor);
  out.pull_mode_reason = "default of " + line;
  if (!newer_than_2_0(out.containerd)) return;
  auto& reason = out.pull_mode_reason;
  out.pull_mode = PullMode::local;
  if (is_boolean(plugin, "use_local_image_pull", true, reason)) return;
  if (is_boolean(plugin, "disable_snapshot_annotations", false, reason)) return;
  if (is_boolean(plugin, "discard_unpacked_layers", true, reason)) return;
  if (reader.mirrors_where()) {
    reason = because("registry.mirrors", reader.mirrors_where());
    return;
  }
  if (reader.configs_where()) {
    reason = because("registry.configs", reader.configs_where());
    return;
  }
  if (reader.auths_where()) {
    reason = because("registry.auths", reader.auths_where());
    return;
  }
  if (const auto* limit = plugin.find("max_concurrent_downloads");
      limit != nullptr && limit->kind == TomlNode::Kind::integer && limit->integer != 3) {
    reason = because(fmt::format("max_concurrent_downloads = {}", limit->integer), limit->where);
    return;
  }
  if (is_boolean(plugin, "image_pull_with_sync_fs", true, reason)) return;
  out.pull_mode = PullMode::transfer;
}

void note_disabled(EffectiveConfig& out, const ConfigFiles& files) {
  for (const auto& plugin : files.disabled) {
    const bool cri =
        plugin.name == cri_plugin_v2 || (plugin.name == cri_plugin_v1 && files.cri_plugin == cri_plugin_v1);
    const bool part = out.containerd.major >= 2 && (plugin.name == cri_plugin_v3 || plugin.name == cri_runtime_plugin);
    if (!(cri && files.cri_plugin == cri_plugin_v1 ? plugin.name == cri_plugin_v1 : cri || part)) continue;
    out.cri_disabled = true;
    out.cri_error =
        Error{.kind = ErrorKind::runtime,
              .message = fmt::format("the CRI plugin is disabled: disabled_plugins = [\"{}\"]", plugin.name),
              .hint = "remove it from disabled_plugins and restart containerd",
              .where = plugin.where};
    return;
  }
}

void apply_required(EffectiveConfig& out, const ConfigFiles& files) {
  if (!out.cri_error || out.load_error) return;
  for (const auto& plugin : files.required)
    if (plugin.name == cri_plugin_v2 || (plugin.name == cri_plugin_v3 && out.containerd.major >= 2) ||
        (plugin.name == cri_plugin_v1 && files.cri_plugin == cri_plugin_v1)) {
      out.load_error = Error{.kind = ErrorKind::runtime,
                             .message = fmt::format("load required plugin {}: {}", plugin.name, out.cri_error->message),
                             .hint = "containerd does not start until this is repaired",
                             .where = plugin.where};
      return;
    }
}

std::vector<std::string> roots_of(const EffectiveConfig& config) {
  if (config.config_path.empty()) return {};
  if (config.pull_mode == PullMode::transfer) return {config.config_path};
  std::vector<std::string> roots;
  for (const auto part : split(config.config_path, ':'))
    if (!part.empty()) roots.emplace_back(part);
  return roots;
}

}  // namespace

std::string_view to_string(PullMode mode) {
  switch (mode) {
    case PullMode::client:
    case PullMode::local: return "local";
    case PullMode::transfer: return "transfer";
  }
  return "";
}

EffectiveConfig effective_config(const FileTree& tree, const ConfigSource& source, const Version& containerd) {
  EffectiveConfig out;
  out.containerd = containerd;
  out.fork = source.fork;
  out.config_file = source.file;
  if (source.config_path_only) {
    RegistryReader reader(out, containerd);
    choose_pull_mode(out, {}, reader);
    out.config_path = *source.config_path_only;
  } else {
    const auto files = read_config_files(tree, source, containerd);
    out.files = files.files;
    out.config_version = files.root_version;
    out.load_error = files.error;
    out.unread = files.unread;
    if (out.unread) return out;
    const TomlNode* plugin = files.plugins.find(files.cri_plugin);
    const TomlNode none{};
    RegistryReader reader(out, containerd);
    if (plugin != nullptr)
      if (const auto* registry = plugin->find("registry")) reader.read(*registry);
    note_disabled(out, files);
    apply_default_config_path(out, files, reader);
    validate_registry(out, reader);
    choose_pull_mode(out, plugin != nullptr ? *plugin : none, reader);
    apply_required(out, files);
    out.ignored = ignored_settings(tree, files, containerd);
    if (out.fork.rewrites)
      std::erase_if(out.ignored, [](const IgnoredSetting& ignored) {
        return ignored.kind == IgnoredKind::unknown_registry_key && ignored.subject.key == "rewrite";
      });
  }
  if (source.pull_mode) {
    out.pull_mode = *source.pull_mode;
    out.pull_mode_reason = "as given";
  }
  out.hosts_roots = roots_of(out);
  return out;
}

}  // namespace rf
