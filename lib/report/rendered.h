// What `render --from-node` says: the files that a node's distribution generates at its next start.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file_tree.h"
#include "base/result.h"
#include "containerd/k3s/registries_yaml.h"
#include "report/value.h"

namespace rf {

struct RenderedFile {
  std::string path;
  std::string content;  // secrets masked
};
struct RenderedRow {
  std::string node;
  std::optional<Error> error = {};
  std::vector<RenderedFile> files = {};
};
// `after_start` is tree_after_start() of the node.
std::vector<RenderedFile> rendered_files(const FileTree& after_start, const RegistriesYamlNode& node);

Value rendered_value(std::span<const RenderedRow> rows);  // regfallback.rendered/v1
std::string rendered_text(std::span<const RenderedRow> rows);

}  // namespace rf
