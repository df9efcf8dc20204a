// Models as values, shared by the reports: what every schema says the same way.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "containerd/chain/chain.h"
#include "node/facts.h"
#include "node/profile.h"
#include "report/value.h"

namespace rf {

Value error_value(const std::optional<Error>& error);  // null when there is none
Value chain_value(const Chain& chain);                 // registry, endpoints (URLs), error
Value receipt_value(const ReceiptSummary& receipt);

// "https://a/v2 -> https://b/v2"; paths are left out where they are the usual /v2.
std::string short_url(const ChainEndpoint& endpoint);  // without the /v2 that all have
std::string chain_text(const Chain& chain);
// What to say of a node that has no registry configuration at all, and what to try.
inline constexpr std::string_view nothing_configured =
    "no registry is configured here: containerd asks each registry itself. 'regfallback apply -m "
    "docker.io=http://HOST:PORT --dry-run' shows what a mirror would change; 'regfallback init' writes an intent file";
// The registries a node has configuration of its own for, with the chains its containerd makes of it; sorted, "*" last.
std::vector<Chain> configured_chains(const Facts& facts, const Detection& detection);

}  // namespace rf
