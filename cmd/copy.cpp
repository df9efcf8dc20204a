#include "copy.h"

#include <fmt/format.h>

#include "base/text.h"
#include "containerd/chain.h"
#include "host/files.h"
#include "host/profiles.h"
#include "host/read_tree.h"

namespace rf::cmd {
namespace {

std::string absolute(const std::string& path) {
  if (path.empty() || path[0] == '/') return path;
  return environment("PWD").value_or("") + "/" + path;
}

Result<Detection> detect_in(const Options& options, const std::vector<Profile>& profiles, const FileTree& tree) {
  Facts facts;
  facts.tree = tree;
  for (const auto& profile : profiles)
    if (profile.name == options.distribution && !options.distribution_version.empty())
      facts.versions[profile.version_of] = options.distribution_version;
  return detect(facts, profiles, {.distribution = options.distribution});
}

Result<FileTree> with_generated_files(const Options& options, const Detection& detection, FileTree tree) {
  if (detection.era.style != Style::registries_yaml || tree.exists(detection.config_file)) return tree;
  const auto node = registries_yaml_node_of(options, detection, tree);
  if (!tree.exists(node.registries_file)) return tree;
  return project_registries_yaml(tree, node).doing(fmt::format("rendering {} as {} does when it starts", node.registries_file, node.program));
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

}  // namespace

Result<Version> wanted_version(const Options& options, std::string_view command) {
  if (options.containerd_version.empty())
    return Error{.kind = ErrorKind::usage, .message = fmt::format("{}: files alone do not tell which containerd reads them", command),
                 .hint = "--containerd-version 1.7.24; 'containerd --version' tells it on the node"};
  return parse_version(options.containerd_version).doing("reading --containerd-version");
}

Result<std::optional<PullMode>> wanted_pull_mode(const Options& options, const Version& containerd) {
  if (options.pull_mode.empty()) return std::optional<PullMode>();
  const bool choice = containerd >= Version{2, 1, 0};
  if (options.pull_mode == "transfer" && !choice)
    return Error{.kind = ErrorKind::usage, .message = "--pull-mode transfer: containerd has a transfer service for pulls from 2.1 on",
                 .hint = "leave it out for containerd " + to_string(containerd)};
  if (options.pull_mode == "transfer") return std::optional(PullMode::transfer);
  return std::optional(choice ? PullMode::local : PullMode::client);
}

RegistriesYamlNode registries_yaml_node_of(const Options& options, const Detection& detection, const FileTree& tree) {
  const auto& era = detection.era;
  RegistriesYamlNode node{.program = era.rendered_by,
                          .version = {},
                          .registries_file = era.registries_file,
                          .hosts_dir = detection.hosts_dir,
                          .config_file = detection.config_file,
                          .settings = registries_yaml_settings(tree, era.rendered_by, {}, detection.hosts_dir)};
  if (const auto version = parse_version(options.distribution_version)) node.version = *version;
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
  copy.tree = reader.tree();
  return copy;
}

Result<FileCopy> copy_below_root(const Options& options, std::string_view command, GeneratedFiles generated) {
  RF_TRY(const auto containerd, wanted_version(options, command));
  RF_TRY(const auto mode, wanted_pull_mode(options, containerd));
  RF_TRY(const auto profiles, read_profiles(options.profiles_dir));
  TreeReader reader(options.root);
  for (const auto& pattern : fact_globs(profiles)) reader.add_glob(pattern);
  reader.add("/etc/containerd");
  reader.add("/etc/docker/certs.d");
  FileCopy copy;
  copy.tree = reader.tree();
  const auto detection = detect_in(options, profiles, copy.tree);
  if (!detection && !options.distribution.empty()) return detection.error();
  if (detection) {
    copy.detection = *detection;
    copy.source.file = detection->config_file;
    if (generated == GeneratedFiles::rendered) {
      RF_TRY(copy.tree, with_generated_files(options, *detection, copy.tree));
    }
    add_named_in_registries_yaml(*detection, reader);
  }
  copy.source.pull_mode = mode;
  copy.config = effective_config(copy.tree, copy.source, containerd);
  for (const auto& file : copy.config.files) reader.add(file);
  for (const auto& root : copy.config.hosts_roots) reader.add(root);
  for (const auto& file : certificate_files(copy.tree, copy.config)) reader.add(file);
  for (const auto& [path, entry] : reader.tree().entries())
    if (copy.tree.lstat(path) == nullptr) copy.tree.put(path, entry);
  return copy;
}

}  // namespace rf::cmd
