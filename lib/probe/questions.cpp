#include <algorithm>
#include <array>

#include "base/names.h"
#include "base/text.h"
#include "containerd/chain/hosts_dir.h"
#include "probe/plan.h"

namespace rf {
namespace {

constexpr std::string_view manifest_types =
    "application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, */*";

bool starts_with(std::string_view text, std::string_view head) { return text.substr(0, head.size()) == head; }

std::string url_of(const Chain& chain, const ChainEndpoint& endpoint, const ImageReference* image) {
  const auto base = endpoint.scheme + "://" + endpoint.host;
  if (!image) return base + (starts_with(endpoint.path, "/v2") || endpoint.path.empty() ? "/v2/" : endpoint.path + "/");
  const auto& version = image->digest.empty() ? image->tag : image->digest;
  auto url = base + endpoint.path + "/" + rewritten(endpoint.rewrites, image->repository) + "/manifests/" + version;
  const bool own = endpoint.host == chain.registry || endpoint.host == api_host_of(chain.registry);
  return own ? url : url + "?ns=" + replace_all(image->registry, ":", "%3A");
}

}  // namespace

bool is_forbidden_host(std::string_view host) {
  const auto name = lower(host);
  constexpr std::array<std::string_view, 4> heads{"169.254.", "[fe80:", "[fd00:ec2:", "[::ffff:169.254."};
  constexpr std::array<std::string_view, 4> names{"metadata", "metadata.google.internal", "instance-data",
                                                  "metadata.azure.com"};
  const auto bare = starts_with(name, "[") ? name : name.substr(0, name.find(':'));
  return std::any_of(heads.begin(), heads.end(), [&](auto head) { return starts_with(name, head); }) ||
         std::find(names.begin(), names.end(), bare) != names.end();
}

std::vector<Question> ways_to_ask(const Chain& chain, const ChainEndpoint& endpoint, const ProbeOptions& options) {
  if (is_forbidden_host(endpoint.host) || endpoint.host == unnamed_registry) return {};
  const bool for_image = options.image && options.image->registry == chain.registry;
  Question question{.endpoint = endpoint,
                    .method = for_image ? "HEAD" : "GET",
                    .url = url_of(chain, endpoint, for_image ? &*options.image : nullptr),
                    .headers = {},
                    .for_image = for_image};
  if (for_image) question.headers.emplace_back("Accept", manifest_types);
  for (const auto& header : endpoint.headers) {
    for (const auto& value : header.values) question.headers.emplace_back(header.name, value);
  }
  std::vector<Question> ways{question};
  if (endpoint.http_fallback && endpoint.scheme == "https") {
    question.endpoint.scheme = "http";
    question.url = "http" + question.url.substr(5);
    ways.push_back(std::move(question));
  }
  return ways;
}

std::vector<Question> questions(std::span<const Chain> chains, const ProbeOptions& options) {
  std::vector<Question> all;
  for (const auto& chain : chains) {
    for (const auto& endpoint : chain.endpoints) {
      for (auto& way : ways_to_ask(chain, endpoint, options)) {
        const bool known = std::any_of(all.begin(), all.end(),
                                       [&](const Question& q) { return q.url == way.url && q.headers == way.headers; });
        if (!known) all.push_back(std::move(way));
      }
    }
  }
  return all;
}

}  // namespace rf
