// Any accepted intent in the native form of every distribution: refused in words, or files that are valid in their own
// language.
#include "plan/render/patch.h"
#include "base/embedded.h"
#include "containerd/chain/hosts_toml.h"
#include "containerd/toml/toml_document.h"
#include "input.h"
#include "yaml/yaml_tree.h"

using namespace rf;
using fuzz::require;

namespace {

const std::vector<Profile>& profiles() {
  static const auto loaded = *load_profiles(embedded::profiles());
  return loaded;
}

void check_file(const PatchFile& file) {
  const auto content = file.content.text().expose();
  require(!file.name.empty() && file.name.front() != '/' && file.name.find("..") == std::string::npos);
  if (file.name.ends_with(".toml")) require(parse_toml(content, file.name).ok());
  if (file.name.ends_with("hosts.toml")) require(parse_hosts_toml(content, "/x", Version{2, 1, 9}).ok());
  if (!file.name.ends_with(".yaml") && !file.name.ends_with(".yml")) return;
  std::string document;  // of several in one file
  const auto text = std::string(content) + "---\n";
  for (const auto line : lines(text)) {
    if (line == "---")
      require(parse_yaml(std::exchange(document, {}), file.name).ok());
    else
      document.append(line).append("\n");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const auto parsed = parse_intent({.file = "f", .text = std::string(fuzz::text_of(data, size)), .mode_bits = 0600});
  if (!parsed.ok()) return 0;
  static const auto targets = patch_targets(profiles());
  for (const auto& target : targets) {
    const auto patch = render_patch(parsed.intent, {}, {.name = target}, profiles());
    if (!patch) {
      require(!patch.error().message.empty());
      continue;
    }
    for (const auto& file : patch->files) check_file(file);
  }
  return 0;
}
