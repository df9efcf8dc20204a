// The probe carried out on a node's shell.
#pragma once
#include <asio/awaitable.hpp>
#include <span>

#include "base/result.h"
#include "probe/probe.h"
#include "transport/shell/shell.h"

namespace rf {

asio::awaitable<Result<NodeProbe>> probe_node(Shell& shell, std::span<const Chain> chains, const ProbeOptions& options);

}  // namespace rf
