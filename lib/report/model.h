// Models as values, shared by the reports: what every schema says the same way.
#pragma once
#include <optional>
#include <string>
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
std::string chain_text(const Chain& chain);
// The registries a node has configuration of its own for, with the chains its containerd makes of it; sorted, "*" last.
std::vector<Chain> configured_chains(const Facts& facts, const Detection& detection);

}  // namespace rf
