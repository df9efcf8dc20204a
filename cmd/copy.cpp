#include "copy.h"

#include <fmt/format.h>

#include "base/text.h"
#include "containerd/config/config_files.h"
#include "host/files.h"
#include "host/profiles.h"
#include "host/read_tree.h"

namespace rf::cmd {
namespace {

std::string absolute(const std::string& path) {
  if (path.empty() || path[0] == '/') return path;
  return environment("PWD").value_or("") + "/" + path;
}

// A unit that is started at boot has a link in the directory of a target: systemctl is-enabled without systemd.
void add_enabled_services(const Options& options, const std::vector<Profile>& profiles, Facts& facts) {
  TreeReader reader(options.root);
  for (const auto& unit : service_units(profiles)) reader.add_glob("/etc/systemd/system/*.wants/" + unit);
  for (const auto& [path, entry] : reader.tree().entries())
    if (parent_path(path).ends_with(".wants")) facts.services[base_name(path)].enabled = EnabledState::enabled;
}

// What the files are those of; plain containerd where nothing in them tells.
Result<Detection> detect_in(const Options& options, const std::vector<Profile>& profiles, Facts& facts) {
  if (options.containerd_version) facts.versions["containerd"] = to_string(*options.containerd_version);
  for (const auto& profile : profiles)
    if (profile.name == options.distribution && options.distribution_version)
      facts.versions[profile.version_of] = to_string(*options.distribution_version);
  auto detection = detect(facts, profiles, {.distribution = options.distribution});
  if (detection || !options.distribution.empty()) return detection;
  return detect(facts, profiles, {.distribution = "containerd"});
}

Result<FileTree> with_generated_files(const Options& options, const Detection& detection, FileTree tree) {
  if (detection.era.style != Style::registries_yaml || tree.exists(detection.config_file)) return tree;
  const auto node = registries_yaml_node_of(options, detection, tree);
  if (!tree.exists(node.registries_file)) return tree;
  return project_registries_yaml(tree, node)
      .doing(fmt::format("rendering {} as {} does at its start", node.registries_file, node.program));
}

// What registries.yaml names; a file that cannot be read is told of by those who use it.
void add_named_in_registries_yaml(const Detection& detection, TreeReader& reader) {
  const auto& file = detection.era.registries_file;
  const auto registries = parse_registries_yaml(reader.tree().read(file).value_or(""), file);
  if (!registries) return;
  for (const auto& [host, config] : registries->configs) {
    if (!config.tls) continue;
    for (const auto& path : {config.tls->ca_file, config.tls->cert_file, config.tls->key_file})
      if (!path.empty()) reader.add(path);
  }
}

void add_missing(const FileTree& from, FileTree& tree) {
  for (const auto& [path, entry] : from.entries())
    if (tree.lstat(path) == nullptr) tree.put(path, entry);
}

// What config.toml imports may stand anywhere, and import more.
void add_imports(TreeReader& reader, const ConfigSource& source, const Version& containerd, FileTree& tree) {
  constexpr int deepest = 4;
  for (int depth = 0; depth < deepest; ++depth) {
    const auto files = read_config_files(tree, source, containerd);
    for (std::size_t i = 0; i < files.roots.size(); ++i)
      if (const auto* imports = files.roots[i].find("imports"))
        for (const auto& import : imports->items)
          if (import.is_string()) reader.add_glob(join_path(parent_path(files.files[i]), import.text));
    const auto before = tree.entries().size();
    add_missing(reader.tree(), tree);
    if (tree.entries().size() == before) return;
  }
}

}  // namespace

Result<Version> wanted_version(const Options& options, std::string_view command) {
  if (!options.containerd_version)
    return Error{.kind = ErrorKind::usage,
                 .message = fmt::format("{}: the files do not show which version of containerd reads them", command),
                 .hint = "pass --containerd-version, for example 1.7.24 ('containerd --version' on the node shows it)"};
  return *options.containerd_version;
}

Result<std::optional<PullMode>> wanted_pull_mode(const Options& options, const Version& containerd) {
  if (!options.pull_mode) return std::optional<PullMode>();
  const bool selectable = containerd >= Version{2, 1, 0};
  if (options.pull_mode == PullMode::transfer && !selectable)
    return Error{.kind = ErrorKind::usage,
                 .message = "--pull-mode transfer: containerd pulls through a transfer service only from 2.1 on",
                 .hint = "leave it out for containerd " + to_string(containerd)};
  if (options.pull_mode == PullMode::transfer) return std::optional(PullMode::transfer);
  return std::optional(selectable ? PullMode::local : PullMode::client);
}

RegistriesYamlNode registries_yaml_node_of(const Options& options, const Detection& detection, const FileTree& tree) {
  const auto& era = detection.era;
  RegistriesYamlNode node{.program = era.rendered_by,
                          .version = {},
                          .registries_file = era.registries_file,
                          .hosts_dir = detection.hosts_dir,
                          .config_file = detection.config_file,
                          .containerd = detection.containerd,
                          .settings = registries_yaml_settings(tree, era.rendered_by, {}, detection.hosts_dir)};
  if (options.distribution_version) node.version = *options.distribution_version;
  if (!node.settings.registries_file.empty()) node.registries_file = node.settings.registries_file;
  return node;
}

Result<FileCopy> copy_of_config_path(const Options& options, std::string_view command) {
  RF_TRY(const auto containerd, wanted_version(options, command));
  RF_TRY(const auto mode, wanted_pull_mode(options, containerd));
  std::vector<std::string> parts;
  for (const auto part : split(options.config_path, ':')) parts.push_back(absolute(std::string(part)));
  FileCopy copy;
  TreeReader reader("/");
  copy.source = {.file = "--config-path", .config_path_only = join(parts, ":"), .pull_mode = mode};
  for (const auto& part : parts) reader.add(part);
  reader.add(*copy.source.config_path_only);  // the transfer service takes a list for one name
  copy.config = effective_config(reader.tree(), copy.source, containerd);
  for (const auto& file : certificate_files(reader.tree(), copy.config)) reader.add(file);
  copy.facts.tree = reader.tree();
  if (auto unread = reader.unread() ? reader.unread() : unread_by_us(copy.facts.tree, copy.config))
    return *std::move(unread);
  return copy;
}

Result<FileCopy> copy_below_root(const Options& options, std::string_view command, GeneratedFiles generated) {
  if (!local_file_exists(options.root))
    return Error{.kind = ErrorKind::usage,
                 .message = fmt::format("{}: --root: directory {} does not exist", command, options.root)};
  RF_TRY(const auto containerd, wanted_version(options, command));
  RF_TRY(const auto mode, wanted_pull_mode(options, containerd));
  RF_TRY(const auto profiles, read_profiles(options.profiles_dir));
  TreeReader reader(options.root);
  for (const auto& pattern : fact_globs(profiles)) reader.add_glob(pattern);
  reader.add("/etc/containerd");
  reader.add("/etc/docker/certs.d");
  FileCopy copy;
  auto& tree = copy.facts.tree;
  tree = reader.tree();
  add_enabled_services(options, profiles, copy.facts);
  RF_TRY(copy.detection, detect_in(options, profiles, copy.facts));
  if (generated != GeneratedFiles::found) {
    auto started = with_generated_files(options, *copy.detection, tree);
    const bool no_start = !started && started.error().kind == ErrorKind::parse;
    if (!started && !(no_start && generated == GeneratedFiles::rendered_if_it_starts))
      return std::move(started).error();
    if (started) tree = *std::move(started);
  }
  add_named_in_registries_yaml(*copy.detection, reader);
  copy.source = config_source(*copy.detection);
  copy.source.pull_mode = mode;
  add_imports(reader, copy.source, containerd, tree);
  copy.config = effective_config(tree, copy.source, containerd);
  for (const auto& root : copy.config.hosts_roots) reader.add(root);
  for (const auto& file : certificate_files(tree, copy.config)) reader.add(file);
  add_missing(reader.tree(), tree);
  copy.detection->config = copy.config;
  if (auto unread = reader.unread() ? reader.unread() : unread_by_us(tree, copy.config)) return *std::move(unread);
  return copy;
}

std::vector<Flag> copy_flags(Options& options) {
  const std::string group = "Files instead of nodes";
  return {
      {{"--root",
        "DIR",
        "a copy of a node's files: DIR/etc/containerd/config.toml and so on",
        group,
        {},
        FlagDoc::Completes::directory},
       &options.root},
      parsed({"--containerd-version", "V", "version of the containerd that reads the files", group},
             options.containerd_version, parse_version),
      choice({"--pull-mode", "MODE", "local or transfer (default: chosen by version and configuration)", group},
             options.pull_mode, {{"local", PullMode::local}, {"transfer", PullMode::transfer}}),
      parsed({"--distribution-version", "V", "the distribution's version, if it matters", group},
             options.distribution_version, parse_version),
  };
}

}  // namespace rf::cmd
