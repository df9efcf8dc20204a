// Any text as a configuration file, masked: where TOML or YAML say that a key holds a secret, its value as it was
// written is gone, and a mask is not masked again.
#include <algorithm>

#include "containerd/toml/toml_document.h"
#include "input.h"
#include "node/mask.h"
#include "yaml/yaml_tree.h"

using namespace rf;
using fuzz::require;

namespace {

constexpr std::string_view names[] = {"password", "auth",       "token",  "Authorization", "identitytoken",
                                      "pwd",      "passphrase", "X-Auth", "X-Session"};

bool is_secret_name(std::string_view name) {
  for (const auto known : names)
    if (name == known) return true;
  return false;
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++found;
  return found;
}

struct Sides {
  std::string_view text;
  std::string_view masked;
};

// `raw` is a value as it stands in the text.
void require_gone(const Sides& sides, std::string_view raw) {
  if (raw.size() < 8 || raw.find("secret") != raw.npos) return;
  require(count(sides.masked, raw) < count(sides.text, raw));
}

void check_toml(const Sides& sides, const TomlNode& node) {
  for (const auto& [key, value] : node.entries) {
    const bool on_one_line =
        value.is_string() && value.end > value.begin + 2 && sides.text[value.begin + 1] != sides.text[value.begin];
    if (is_secret_name(key) && on_one_line)
      require_gone(sides, sides.text.substr(value.begin + 1, value.end - value.begin - 2));
    check_toml(sides, value);
  }
}

// The text at a place, from its line and column.
std::string_view at(std::string_view text, int line, int column) {
  for (; line > 1; --line) text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  return text.substr(std::min<std::size_t>(static_cast<std::size_t>(column) - 1, text.size()));
}

void check_yaml(const Sides& sides, const YamlNode& node) {
  for (const auto& [key, value] : node.entries) {
    const bool placed = value->line == key->line ||
                        value->column > key->column;  // yaml-cpp takes values to the left of their keys, Go does not
    if (key->is_scalar() && is_secret_name(key->text) && value->is_scalar() && placed) {
      const auto raw = at(sides.text, value->line, value->column);
      if (raw.starts_with(value->text) || raw.substr(std::min<std::size_t>(1, raw.size())).starts_with(value->text))
        require_gone(sides, value->text);
    }
    check_yaml(sides, *value);
  }
  for (const auto& item : node.items) check_yaml(sides, *item);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 8192) return 0;
  const auto text = fuzz::text_of(data, size);
  const auto masked = mask_secrets(text);
  require(masked.size() <= 20 * text.size() + 20);
  const Sides sides{text, masked};
  if (const auto root = parse_toml(text, "t")) {
    check_toml(sides, *root);
    require(mask_secrets(masked) == masked);
  }
  if (const auto root = parse_yaml(text, "y")) check_yaml(sides, **root);
  std::vector<std::string> argv;
  for (const auto line : lines(text)) argv.emplace_back(line);
  const auto arguments = mask_arguments(argv);
  require(arguments.size() == argv.size());
  return 0;
}
