#include <fmt/format.h>

#include "containerd/chain/hosts_dir.h"
#include "containerd/config/features.h"
#include "probe/probe.h"

namespace rf {

Result<void> check_no_silence(const NodeProbe& probe, const Version& containerd) {
  if (probe.client.empty() && !probe.registries.empty())
    return Error{.kind = ErrorKind::refused,
                 .message = "this node has no program that can ask an endpoint",
                 .hint = "it needs curl, GNU wget or openssl; without --probe it is not asked"};
  for (const auto& registry : probe.registries)
    for (const auto& each : registry.endpoints) {
      if (each.answer != Answer::timeout || each.endpoint.host == unnamed_registry) continue;
      const auto then =
          has_feature(containerd, Feature::response_timeout)
              ? fmt::format("containerd {} waits 30 s for it, for every object of an image anew", to_string(containerd))
              : fmt::format("containerd {} may wait for it without end, and falls back to nobody",
                            to_string(containerd));
      return Error{.kind = ErrorKind::refused,
                   .message = fmt::format("{}: {} gives no answer to this node: {}", registry.chain.registry,
                                          each.endpoint.url(), then),
                   .hint = "repair it or take it out of the chain; without --probe it is not asked"};
    }
  return {};
}

}  // namespace rf
