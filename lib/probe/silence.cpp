#include <fmt/format.h>

#include "containerd/chain/hosts_dir.h"
#include "containerd/config/features.h"
#include "probe/probe.h"

namespace rf {

Result<void> check_no_silence(const NodeProbe& probe, const Version& containerd) {
  if (probe.client.empty() && !probe.registries.empty())
    return Error{.kind = ErrorKind::refused,
                 .message = "this node has no program to ask an endpoint with",
                 .hint = "install curl, GNU wget or openssl there, or leave out --probe"};
  for (const auto& registry : probe.registries)
    for (const auto& each : registry.endpoints) {
      if (each.answer != Answer::timeout || each.endpoint.host == unnamed_registry) continue;
      const auto then =
          has_feature(containerd, Feature::response_timeout)
              ? fmt::format("containerd {} waits 30 s for it, once per object of an image", to_string(containerd))
              : fmt::format("containerd {} may wait forever and never try the next endpoint", to_string(containerd));
      return Error{.kind = ErrorKind::refused,
                   .message = fmt::format("{}: {} does not answer this node: {}", registry.chain.registry,
                                          each.endpoint.url(), then),
                   .hint = "repair it or remove it from the chain; without --probe endpoints are not asked"};
    }
  return {};
}

}  // namespace rf
