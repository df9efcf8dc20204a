#include "intent/intent.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/file_tree.h"
#include "intent/names.h"
#include "intent/rules.h"
#include "intent/shape.h"
#include "yaml/yaml_tree.h"

namespace rf {
namespace {

// Reads the model from a tree whose faults have been reported: what does not fit is left out here.
class Reader {
 public:
  Reader(const std::string& file, std::vector<Error>& problems) : file_(file), problems_(problems) {}

  Intent intent(const YamlNode& root) {
    Intent out{.file = file_, .nodes = {}, .registries = {}, .endpoints = {}};
    if (const auto* nodes = root.get("nodes"))
      for (const auto& node : nodes->items) this->nodes(*node, out.nodes);
    if (const auto* registries = root.get("registries"))
      for (const auto& [name, value] : registries->entries)
        if (name->is_scalar() && check_registry_name(name->text) && out.registry(name->text) == nullptr)
          out.registries.push_back(registry(*name, *value));
    if (const auto* endpoints = root.get("endpoints"))
      for (const auto& [host, value] : endpoints->entries) options(*host, *value, out);
    return out;
  }

 private:
  Location where(const YamlNode& node) const { return {file_, node.line, node.column}; }

  std::string text(const YamlNode* map, std::string_view key) const {
    const auto* value = map == nullptr ? nullptr : map->get(key);
    return value != nullptr && value->is_scalar() ? value->text : std::string();
  }
  // Relative to the file's directory; "~/" is left to the reader of the file.
  std::string path(const YamlNode* map, std::string_view key) const {
    auto written = text(map, key);
    const auto slash = file_.rfind('/');
    if (written.empty() || written[0] == '/' || written.starts_with("~/") || slash == std::string::npos) return written;
    return file_.substr(0, slash + 1) + written;
  }

  std::vector<Endpoint> endpoints(const YamlNode* node) const {
    std::vector<Endpoint> out;
    const auto add = [&](const YamlNode& item) {
      if (!item.is_scalar()) return;
      auto endpoint = parse_endpoint(item.text);
      if (!endpoint) return;
      endpoint->where = where(item);
      out.push_back(*std::move(endpoint));
    };
    if (node == nullptr) return out;
    if (node->is_scalar()) add(*node);
    for (const auto& item : node->items) add(*item);
    return out;
  }

  Registry registry(const YamlNode& name, const YamlNode& value) const {
    Registry out;
    out.name = name.text;
    out.where = where(name);
    out.mirrors = endpoints(value.get("mirrors"));
    out.fallback = endpoints(value.get("fallback"));
    if (out.name != "*")
      if (auto own = parse_endpoint(out.name)) out.upstream_endpoint = *std::move(own);
    if (out.name == "*") out.upstream_endpoint.host.clear();
    out.upstream_endpoint.where = out.where;
    const auto* upstream = value.get("upstream");
    if (upstream != nullptr && upstream->is_scalar() && upstream->text == "none") {
      out.upstream = Registry::Upstream::none;
    } else if (auto given = endpoints(upstream); !given.empty()) {
      out.upstream = Registry::Upstream::given;
      out.upstream_endpoint = std::move(given.front());
    }
    return out;
  }

  std::optional<SecretRef> secret(const YamlNode* node) const {
    if (node == nullptr) return std::nullopt;
    if (node->is_scalar()) return SecretRef{SecretRef::Kind::literal, node->text, where(*node)};
    if (node->entries.size() != 1) return std::nullopt;
    if (node->get("env") != nullptr) return SecretRef{SecretRef::Kind::env, text(node, "env"), where(*node)};
    if (node->get("file") != nullptr) return SecretRef{SecretRef::Kind::file, path(node, "file"), where(*node)};
    if (node->get("command") != nullptr)
      return SecretRef{SecretRef::Kind::command, text(node, "command"), where(*node)};
    if (node->get("docker-config") != nullptr)
      return SecretRef{SecretRef::Kind::docker_config, path(node, "docker-config"), where(*node)};
    return std::nullopt;
  }

  void options(const YamlNode& key, const YamlNode& value, Intent& intent) {
    auto host = key.is_scalar() ? endpoint_host(key.text) : Result<std::string>(Error{});
    if (!host) return;
    EndpointOptions out;
    out.host = *host;
    out.where = where(key);
    const auto* auth = value.get("auth");
    out.username = text(auth, "username");
    if (auth != nullptr) out.password = secret(auth->get("password"));
    const auto* tls = value.get("tls");
    out.ca_file = path(tls, "ca");
    out.insecure_skip_verify = text(tls, "insecure_skip_verify") == "true";
    const auto* client = tls == nullptr ? nullptr : tls->get("client");
    out.client_cert_file = path(client, "cert");
    out.client_key_file = path(client, "key");
    if (auto timeout = text(&value, "dial_timeout"); !timeout.empty()) out.dial_timeout = std::move(timeout);
    if (const auto* capabilities = value.get("capabilities")) {
      for (const auto& word : capabilities->items)
        if (std::find(out.capabilities.begin(), out.capabilities.end(), word->text) == out.capabilities.end())
          out.capabilities.push_back(word->text);
      if (capabilities->is_list() && capabilities->items.empty())
        problem(*capabilities, "an empty list, which containerd reads as every capability",
                "write [pull, resolve], or remove the key");
    }
    if (const auto* headers = value.get("headers"))
      for (const auto& [name, header] : headers->entries)
        if (name->is_scalar() && header->is_scalar()) out.headers.emplace_back(name->text, header->text);
    const auto [other, fresh] = intent.endpoints.emplace(out.host, out);
    if (!fresh && key.text != other->second.host)
      problem(key, fmt::format("{} is {}, which is already on line {}", key.text, out.host, other->second.where.line),
              "merge the two");
  }

  void nodes(const YamlNode& node, std::vector<NodeSpec>& out) const {
    const auto* name = node.is_map() ? node.get("name") : &node;
    if (name == nullptr || !name->is_scalar()) return;
    auto specs = parse_nodes(name->text);
    if (!specs) return;
    const auto* ssh = node.get("ssh");
    for (auto& spec : *specs) {
      spec.where = where(node);
      spec.identity = path(ssh, "identity");
      spec.jump = text(ssh, "jump");
      if (auto user = text(ssh, "user"); !user.empty()) spec.user = std::move(user);
      if (const auto port = parse_host_port("h:" + text(ssh, "port")); port) spec.port = port->port;
      out.push_back(std::move(spec));
    }
  }

  void problem(const YamlNode& node, std::string message, std::string hint) {
    problems_.push_back(
        {.kind = ErrorKind::intent, .message = std::move(message), .hint = std::move(hint), .where = where(node)});
  }

  const std::string& file_;
  std::vector<Error>& problems_;
};

}  // namespace

IntentOrProblems parse_intent(const IntentText& text) {
  IntentOrProblems out;
  out.intent.file = text.file;
  auto root = parse_yaml(text.text, text.file);
  if (!root) {
    out.problems.push_back(std::move(root.error()));
    out.problems.back().kind = ErrorKind::intent;
    return out;
  }
  if ((*root)->kind == YamlNode::Kind::null) {
    out.problems.push_back({.kind = ErrorKind::intent,
                            .message = "the file is empty",
                            .hint = "'regfallback init' writes a commented starter file",
                            .where = Location{text.file, 1, 1}});
    return out;
  }
  out.problems = check_shape(**root, intent_shape(), text.file);
  out.intent = Reader(text.file, out.problems).intent(**root);
  check_rules(out, text.mode_bits);
  return out;
}

}  // namespace rf
