#include "containerd/k3s/registries_yaml.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

#include "base/text.h"
#include "yaml/yaml_tree.h"

namespace rf {
namespace {

struct Reader {
  std::string file;
  std::vector<RegistriesYamlIgnored>& ignored;

  Error problem(const YamlNode& node, std::string message) const {
    return {.kind = ErrorKind::parse,
            .message = std::move(message),
            .hint = "the distribution does not start with such a file",
            .where = Location{file, node.line, node.column}};
  }
  void ignore(const YamlNode& key) const { ignored.push_back({key.is_scalar() ? key.text : "key", key.line}); }
};

// As yaml.v2 decodes: null is the zero value, also where an earlier one was written.
Result<void> read_text(const Reader& reader, const YamlNode& node, std::string& target) {
  if (!node.is_null() && !node.is_scalar()) return reader.problem(node, "a string is expected");
  target = node.text;
  return {};
}

Result<void> read_secret(const Reader& reader, const YamlNode& node, Secret& target) {
  std::string text;
  RF_CHECK(read_text(reader, node, text));
  target = Secret(std::move(text));
  return {};
}

// The plain words yaml.v2 takes for a truth; a quoted one is a text to it.
Result<bool> read_flag(const Reader& reader, const YamlNode& node) {
  if (node.is_null()) return false;
  const auto is_one_of = [&](std::initializer_list<std::string_view> words) {
    return !node.quoted && std::find(words.begin(), words.end(), node.text) != words.end();
  };
  if (is_one_of({"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"})) return true;
  if (is_one_of({"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N"})) return false;
  if (!node.is_scalar()) return reader.problem(node, "true or false is expected");
  if (!node.quoted)
    return reader.problem(node, fmt::format("cannot unmarshal `{}` into bool", node.text.substr(0, 40)));
  return reader.problem(
      node, fmt::format("cannot unmarshal !!str `{}` into bool: a quoted value is a string", node.text.substr(0, 40)));
}

bool is_merge(const YamlNode& key) { return key.is_scalar() && !key.quoted && key.text == "<<"; }

// Calls `read(key node, value)` for every entry of a map, in the order of the file; null counts as an empty one. What a
// merge key ("<<: *defaults") brings counts where that key is: entries below it win, and entries above it lose.
template <class Read>
Result<void> each(const Reader& reader, const YamlNode& map, Read read) {
  if (map.is_null()) return {};
  if (!map.is_map()) return reader.problem(map, "a mapping of keys and values is expected");
  for (const auto& [key, value] : map.entries) {
    if (is_merge(*key)) {
      if (!value->is_map() && !value->is_list())
        return reader.problem(*value, "map merge requires map or sequence of maps as the value");
      if (value->is_map()) RF_CHECK(each(reader, *value, read));
      for (auto item = value->items.rbegin(); item != value->items.rend(); ++item) RF_CHECK(each(reader, **item, read));
      continue;
    }
    if (!key->is_scalar()) return reader.problem(*key, "a key must be a string");
    RF_CHECK(read(*key, *value));
  }
  return {};
}

// The key written again joins its map to the one before; an empty one leaves nothing of it.
template <class Map, class Read>
Result<void> each_of(const Reader& reader, const YamlNode& node, Map& map, Read read) {
  if (node.is_null()) map.clear();
  return each(reader, node, [&](const YamlNode& key, const YamlNode& value) -> Result<void> {
    RF_TRY(map[key.text], read(reader, value));
    return {};
  });
}

Result<std::string> read_rewrite(const Reader& reader, const YamlNode& node) {
  std::string to;
  RF_CHECK(read_text(reader, node, to));
  return to;
}

Result<RegistriesYamlMirror> read_mirror(const Reader& reader, const YamlNode& node) {
  RegistriesYamlMirror mirror;
  RF_CHECK(each(reader, node, [&](const YamlNode& key, const YamlNode& value) -> Result<void> {
    if (key.text == "rewrite") return each_of(reader, value, mirror.rewrites, read_rewrite);
    if (key.text != "endpoint") {
      reader.ignore(key);
      return {};
    }
    mirror.endpoints.clear();
    if (!value.is_null() && !value.is_list()) return reader.problem(value, "`endpoint` must be a list");
    for (const auto& item : value.items) {
      if (!item->is_scalar() && !item->is_null()) return reader.problem(*item, "an endpoint must be a string");
      mirror.endpoints.push_back(item->text);
    }
    return {};
  }));
  return mirror;
}

// The block written again goes on with the one before; an empty one takes it away.
template <class Block, class Read>
Result<void> read_block(const Reader& reader, const YamlNode& node, std::optional<Block>& block, Read read) {
  if (node.is_null()) {
    block.reset();
    return {};
  }
  if (!block) block.emplace();
  return each(reader, node, read);
}

Result<RegistriesYamlConfig> read_config(const Reader& reader, const YamlNode& node) {
  RegistriesYamlConfig config;
  const auto auth = [&](const YamlNode& key, const YamlNode& value) -> Result<void> {
    if (key.text == "username") return read_text(reader, value, config.auth->username);
    if (key.text == "password") return read_secret(reader, value, config.auth->password);
    if (key.text == "auth") return read_secret(reader, value, config.auth->auth);
    if (key.text == "identity_token") return read_secret(reader, value, config.auth->identity_token);
    reader.ignore(key);
    return {};
  };
  const auto tls = [&](const YamlNode& key, const YamlNode& value) -> Result<void> {
    if (key.text == "ca_file") return read_text(reader, value, config.tls->ca_file);
    if (key.text == "cert_file") return read_text(reader, value, config.tls->cert_file);
    if (key.text == "key_file") return read_text(reader, value, config.tls->key_file);
    if (key.text != "insecure_skip_verify") {
      reader.ignore(key);
      return {};
    }
    RF_TRY(config.tls->insecure_skip_verify, read_flag(reader, value));
    return {};
  };
  RF_CHECK(each(reader, node, [&](const YamlNode& key, const YamlNode& value) -> Result<void> {
    if (key.text == "auth") return read_block(reader, value, config.auth, auth);
    if (key.text == "tls") return read_block(reader, value, config.tls, tls);
    reader.ignore(key);
    return {};
  }));
  return config;
}

Result<RegistriesYaml> read_document(std::string_view file, const YamlDocument& document) {
  RegistriesYaml registries{.repeated = repeated_keys(*document.root), .next_document = document.next_line};
  const Reader reader{std::string(file), registries.ignored};
  RF_CHECK(each(reader, *document.root, [&](const YamlNode& section, const YamlNode& value) -> Result<void> {
    if (section.text == "mirrors") return each_of(reader, value, registries.mirrors, read_mirror);
    if (section.text == "configs") return each_of(reader, value, registries.configs, read_config);
    if (section.text != "auths") reader.ignore(section);
    return {};
  }));
  return registries;
}

}  // namespace

std::string to_string(const RegistriesYamlIgnored& ignored) {
  return fmt::format("{} (line {})", ignored.key, ignored.line);
}

Result<RegistriesYaml> parse_registries_yaml(std::string_view text, std::string_view file) {
  auto document = read_yaml(text, std::string(file));
  if (document) return read_document(file, *document);
  if (document.error().kind == ErrorKind::parse)
    document.error().hint = "the distribution does not start with such a file";
  return std::move(document).error();
}

// yaml.v2 decodes a map into the map, and a struct into the struct, that it filled before; but each entry of a map is
// made new.
bool joins_the_first(const YamlRepeat& repeat) {
  const auto& path = repeat.path;
  if (repeat.again_is_null || (path[0] != "mirrors" && path[0] != "configs")) return false;
  return path.size() == 1 ||
         (path.size() == 3 && (path[0] == "mirrors" ? path[2] == "rewrite" : path[2] == "auth" || path[2] == "tls"));
}

Result<RegistriesYaml> registries_yaml_in(const FileTree& tree, const std::string& file) {
  if (auto unread = tree.why_unread(file)) return *std::move(unread);
  return parse_registries_yaml(tree.read(file).value_or(""), file);
}

}  // namespace rf
