#include <fmt/format.h>

#include "base/text.h"
#include "intent/intent.h"

namespace rf {
namespace {

// A scalar as people write it where that is safe, else quoted.
std::string scalar(std::string_view text) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/:@-~";
  const bool word = !text.empty() && text.find_first_not_of(plain) == text.npos && text.back() != ':' &&
                    text.front() != '-' && text.front() != '~' && text.front() != '@' && text.front() != ':' &&
                    text.find_first_not_of("0123456789.:_") != text.npos;
  return word && text != "true" && text != "false" && text != "null" ? std::string(text) : yaml_quote(text);
}

std::string written(const Endpoint& endpoint) {
  const auto url = endpoint.url();
  return scalar(endpoint.path == "/v2" ? url.substr(0, url.size() - 3) : url);
}

std::string written(const std::vector<Endpoint>& endpoints) {
  std::vector<std::string> out;
  out.reserve(endpoints.size());
  for (const auto& endpoint : endpoints) out.push_back(written(endpoint));
  return "[" + join(out, ", ") + "]";
}

std::string written(const Registry& registry) {
  auto out = fmt::format("  {}:\n", scalar(registry.name));
  if (!registry.mirrors.empty()) out += fmt::format("    mirrors: {}\n", written(registry.mirrors));
  if (registry.upstream == Registry::Upstream::none) out += "    upstream: none\n";
  const bool bare =
      registry.mirrors.empty() && registry.fallback.empty() && registry.upstream == Registry::Upstream::standard;
  if (registry.upstream == Registry::Upstream::given || bare)
    out += fmt::format("    upstream: {}\n", written(registry.upstream_endpoint));
  if (!registry.fallback.empty()) out += fmt::format("    fallback: {}\n", written(registry.fallback));
  return out;
}

constexpr std::string_view head =
    "# For every registry, the endpoints your nodes try, in order.\n"
    "# regfallback plan shows what this would change; regfallback apply does it.\n"
    "version: 1\n\n";

constexpr std::string_view example_registries =
    "registries:\n"
    "  docker.io:                                   # the part before the first / of an image; nginx is "
    "docker.io/library/nginx\n"
    "    mirrors: [https://mirror.example.com]      # tried before Docker Hub itself\n"
    "#  registry.example.com:5000:                  # a registry of your own\n"
    "#    upstream: http://registry.example.com:5000  # plain http must be written out\n"
    "#    fallback: [ghcr.io/your-org, docker.io]   # tried after it: app:1 is looked for as ghcr.io/your-org/app:1\n"
    "#  ghcr.io:\n"
    "#    mirrors: [https://harbor.example.com/v2/proxy]  # a project of Harbor: the path has /v2 in it\n"
    "#    upstream: none                            # never ask ghcr.io itself\n"
    "#  \"*\":                                        # every other registry\n"
    "#    mirrors: [https://mirror.example.com]\n";

constexpr std::string_view example_endpoints =
    "\n#endpoints:                                     # properties of a host, wherever it is used above\n"
    "#  harbor.example.com:\n"
    "#    auth: { username: robot, password: { env: HARBOR_TOKEN } }  # or file: PATH, command: LINE, docker-config: "
    "PATH\n"
    "#    tls: { ca: certs/ca.pem }                 # paths are relative to this file\n"
    "#    dial_timeout: 2s\n";

}  // namespace

std::string starter_intent(const std::vector<std::string>& nodes, const Intent* found) {
  std::string out(head);
  if (nodes.empty()) {
    out +=
        "#nodes:                                         # ssh names; also user@host:port, node[01-32], kind:CLUSTER, "
        "docker:NAME, local\n#  - anubis\n\n";
  } else {
    out += "nodes:\n";
    for (const auto& node : nodes) out += fmt::format("  - {}\n", scalar(node));
    out += "\n";
  }
  if (found == nullptr || found->registries.empty()) return out.append(example_registries).append(example_endpoints);
  out += "registries:\n";
  for (const auto& registry : found->registries) out += written(registry);
  return out.append(example_endpoints);
}

}  // namespace rf
