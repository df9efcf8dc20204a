#include "containerd/k3s/registries_yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "base/text.h"

namespace rf {
namespace {

constexpr std::size_t largest_file = 1024 * 1024;

struct Reader {
  std::string file;
  std::vector<RegistriesYamlIgnored>& ignored;

  Error problem(const YAML::Node& node, std::string message) const {
    return {.kind = ErrorKind::parse,
            .message = std::move(message),
            .hint = "the distribution does not start on such a file",
            .where = Location{file, node.Mark().line + 1, node.Mark().column + 1}};
  }
  void ignore(const YAML::Node& key) const {
    ignored.push_back({key.IsScalar() ? key.Scalar() : "key", key.Mark().line + 1});
  }
};

bool nothing(const YAML::Node& node) { return !node.IsDefined() || node.IsNull(); }

Result<> read_text(const Reader& reader, const YAML::Node& node, std::string& target) {
  if (nothing(node)) return {};
  if (!node.IsScalar()) return reader.problem(node, "a text is expected");
  target = node.Scalar();
  return {};
}

Result<> read_secret(const Reader& reader, const YAML::Node& node, Secret& target) {
  std::string text;
  RF_CHECK(read_text(reader, node, text));
  target = Secret(std::move(text));
  return {};
}

Result<bool> read_flag(const Reader& reader, const YAML::Node& node) {
  if (nothing(node)) return false;
  const auto text = node.IsScalar() ? lower(node.Scalar()) : "";
  if (text == "true" || text == "yes" || text == "on" || text == "y") return true;
  if (text == "false" || text == "no" || text == "off" || text == "n" || text.empty()) return false;
  return reader.problem(node, "true or false is expected");
}

// Calls `read(key, key node, value)` for every entry of a map; null counts as an empty one. A merge key ("<<:
// *defaults") is read first, so that the map's own entries win.
template <class Read>
Result<> each(const Reader& reader, const YAML::Node& map, Read read) {
  if (nothing(map)) return {};
  if (!map.IsMap()) return reader.problem(map, "keys and values are expected");
  const auto is_merge = [](const YAML::Node& key) { return key.IsScalar() && key.Scalar() == "<<"; };
  for (const auto& entry : map) {
    if (!is_merge(entry.first)) continue;
    if (!entry.second.IsSequence()) {
      RF_CHECK(each(reader, entry.second, read));
      continue;
    }
    for (std::size_t i = entry.second.size(); i > 0; --i) RF_CHECK(each(reader, entry.second[i - 1], read));
  }
  for (const auto& entry : map) {
    if (is_merge(entry.first)) continue;
    if (!entry.first.IsScalar()) return reader.problem(entry.first, "a key must be a text");
    RF_CHECK(read(entry.first.Scalar(), entry.first, entry.second));
  }
  return {};
}

Result<RegistriesYamlMirror> read_mirror(const Reader& reader, const YAML::Node& node) {
  RegistriesYamlMirror mirror;
  RF_CHECK(each(reader, node, [&](const std::string& key, const YAML::Node& at, const YAML::Node& value) -> Result<> {
    if (key == "endpoint") {
      mirror.endpoints.clear();
      if (nothing(value)) return {};
      if (!value.IsSequence()) return reader.problem(value, "`endpoint` must be a list");
      for (const auto& item : value) {
        if (!item.IsScalar()) return reader.problem(item, "an endpoint must be a text");
        mirror.endpoints.push_back(item.Scalar());
      }
    } else if (key == "rewrite") {
      return each(reader, value, [&](const std::string& from, const YAML::Node&, const YAML::Node& to) -> Result<> {
        return read_text(reader, to, mirror.rewrites[from]);
      });
    } else {
      reader.ignore(at);
    }
    return {};
  }));
  return mirror;
}

Result<RegistriesYamlConfig> read_config(const Reader& reader, const YAML::Node& node) {
  RegistriesYamlConfig config;
  const auto auth = [&](const std::string& key, const YAML::Node& at, const YAML::Node& value) -> Result<> {
    if (key == "username") return read_text(reader, value, config.auth->username);
    if (key == "password") return read_secret(reader, value, config.auth->password);
    if (key == "auth") return read_secret(reader, value, config.auth->auth);
    if (key == "identity_token") return read_secret(reader, value, config.auth->identity_token);
    reader.ignore(at);
    return {};
  };
  const auto tls = [&](const std::string& key, const YAML::Node& at, const YAML::Node& value) -> Result<> {
    if (key == "ca_file") return read_text(reader, value, config.tls->ca_file);
    if (key == "cert_file") return read_text(reader, value, config.tls->cert_file);
    if (key == "key_file") return read_text(reader, value, config.tls->key_file);
    if (key != "insecure_skip_verify") {
      reader.ignore(at);
      return {};
    }
    RF_TRY(config.tls->insecure_skip_verify, read_flag(reader, value));
    return {};
  };
  RF_CHECK(each(reader, node, [&](const std::string& key, const YAML::Node& at, const YAML::Node& value) -> Result<> {
    if (key == "auth" && !nothing(value)) {
      config.auth.emplace();
      return each(reader, value, auth);
    }
    if (key == "tls" && !nothing(value)) {
      config.tls.emplace();
      return each(reader, value, tls);
    }
    if (key != "auth" && key != "tls") reader.ignore(at);
    return {};
  }));
  return config;
}

Result<RegistriesYaml> read_document(std::string_view file, const YAML::Node& root) {
  RegistriesYaml registries;
  const Reader reader{std::string(file), registries.ignored};
  RF_CHECK(
      each(reader, root, [&](const std::string& section, const YAML::Node& at, const YAML::Node& value) -> Result<> {
        if (section != "mirrors" && section != "configs") {
          if (section != "auths") reader.ignore(at);
          return {};
        }
        return each(reader, value, [&](const std::string& host, const YAML::Node&, const YAML::Node& node) -> Result<> {
          if (section == "mirrors") {
            RF_TRY(registries.mirrors[host], read_mirror(reader, node));
          } else {
            RF_TRY(registries.configs[host], read_config(reader, node));
          }
          return {};
        });
      }));
  return registries;
}

}  // namespace

std::string to_string(const RegistriesYamlIgnored& ignored) {
  return fmt::format("{} (line {})", ignored.key, ignored.line);
}

Result<RegistriesYaml> parse_registries_yaml(std::string_view text, std::string_view file) {
  if (text.size() > largest_file)
    return Error{.kind = ErrorKind::parse,
                 .message = "a registries.yaml is at most 1 MiB",
                 .where = Location{std::string(file)}};
  try {
    return read_document(file, YAML::Load(std::string(text)));
  } catch (const YAML::Exception& failure) {
    return Error{.kind = ErrorKind::parse,
                 .message = failure.msg,
                 .hint = "the distribution does not start on such a file",
                 .where = Location{std::string(file), failure.mark.line + 1, failure.mark.column + 1}};
  }
}

}  // namespace rf
