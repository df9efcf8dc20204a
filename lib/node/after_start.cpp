#include "node/after_start.h"

namespace rf {

RegistriesYamlNode registries_yaml_node(const Facts& facts, const Detection& detection) {
  const auto argv = facts.processes.find(detection.profile.kubelet.process);
  const auto version = parse_version(detection.distribution_version);
  RegistriesYamlNode node{.program = detection.era.rendered_by,
                          .version = version ? std::optional<Version>(*version) : std::nullopt,
                          .registries_file = detection.era.registries_file,
                          .hosts_dir = detection.hosts_dir,
                          .config_file = detection.config_file,
                          .containerd = detection.containerd};
  node.settings = registries_yaml_settings(facts.tree, node.program,
                                           argv == facts.processes.end() ? std::vector<std::string>{} : argv->second,
                                           node.hosts_dir);
  if (!node.settings.registries_file.empty()) node.registries_file = node.settings.registries_file;
  return node;
}

Result<FileTree> tree_after_start(const FileTree& tree, const Facts& facts, const Detection& detection) {
  if (detection.era.style != Style::registries_yaml) return tree;
  return project_registries_yaml(tree, registries_yaml_node(facts, detection));
}

}  // namespace rf
