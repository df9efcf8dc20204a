#include "report/rendered.h"

#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"
#include "node/mask.h"
#include "report/model.h"

namespace rf {

std::vector<RenderedFile> rendered_files(const FileTree& after_start, const RegistriesYamlNode& node) {
  std::vector<RenderedFile> files;
  const auto add = [&](const std::string& path) {
    if (const auto text = after_start.read(path)) files.push_back({path, mask_secrets(*text)});
  };
  for (const auto& name : after_start.list(node.hosts_dir)) {
    const auto path = fmt::format("{}/{}/hosts.toml", node.hosts_dir, name);
    if (const auto text = after_start.read(path); text && generator_of(*text) == node.program) add(path);
  }
  add(node.config_file);
  return files;
}

Value rendered_value(std::span<const RenderedRow> rows) {
  auto nodes = Value::array();
  for (const auto& row : rows) {
    auto files = Value::array();
    for (const auto& file : row.files) files.push(Value::object({{"path", file.path}, {"content", file.content}}));
    nodes.push(Value::object({{"node", row.node}, {"error", error_value(row.error)}, {"files", std::move(files)}}));
  }
  return Value::object({{"schema", "regfallback.rendered/v1"}, {"nodes", std::move(nodes)}});
}

std::string rendered_text(std::span<const RenderedRow> rows) {
  std::string out;
  for (const auto& row : rows)
    for (const auto& file : row.files) {
      if (!out.empty()) out += "\n";
      out += fmt::format("# {}: {}\n", terminal_safe(row.node), terminal_safe(file.path));
      for (const auto line : lines(file.content)) out += terminal_safe(line) + "\n";
    }
  return out;
}

}  // namespace rf
